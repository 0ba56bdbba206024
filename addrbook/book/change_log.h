// What passes from the book to the file that keeps it: rows to write, and rows that are gone.
//
// Threads: plain values.
#pragma once

#include <string>
#include <vector>

#include "addrbook/record/known_address.h"

namespace peerage::addrbook {

// Changes to the addresses of one network since the last were taken.
struct Changes {
  std::string network;
  // Every row of the network that is not among `written` is gone: sent instead of a list of the
  // erased that has become too long.
  bool rewrite = false;
  std::vector<KnownAddress> written;
  std::vector<conn::NetAddress> erased;

  bool empty() const noexcept { return !rewrite && written.empty() && erased.empty(); }
};

}  // namespace peerage::addrbook
