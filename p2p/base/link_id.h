// Which connection: an ID of our own for each there ever was.
#pragma once

#include <cstdint>

namespace peerage::p2p {

using LinkId = std::uint64_t;  // one connection; never used again

}  // namespace peerage::p2p
