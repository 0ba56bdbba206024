// The real world's executor: a thread of its own. Private to the runtime.
#pragma once

#include <memory>

#include "conn/runtime.h"

namespace peerage::conn::asio_runtime {

std::unique_ptr<Executor> make_executor();

}  // namespace peerage::conn::asio_runtime
