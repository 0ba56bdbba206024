// A Pending for what keeps itself in shared ownership, and is over when nobody holds it any more.
#pragma once

#include <memory>
#include <utility>

#include "conn/runtime/runtime.h"

namespace peerage::conn {

// Destroying it lets go of `running`, on the thread where that is done.
template <typename T>
std::unique_ptr<Pending> pending_share(std::shared_ptr<T> running) {
  struct Share final : Pending {
    explicit Share(std::shared_ptr<T> what) : held(std::move(what)) {}
    std::shared_ptr<T> held;
  };
  return std::make_unique<Share>(std::move(running));
}

}  // namespace peerage::conn
