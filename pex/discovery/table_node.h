// What the table knows of one node. Threads: plain values.
#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include "conn/base/time.h"
#include "pex/discovery/contact.h"

namespace peerage::pex {

struct TableNode {
  template <typename T>
  using ByProtocol = std::array<T, kProtocolCount>;

  Contact contact;
  HeardBy heard_by = HeardBy::told;
  conn::TimePoint first_seen{};
  ByProtocol<bool> speaks{};
  // When it last answered a ping at its present endpoint, and when we last asked.
  ByProtocol<std::optional<conn::TimePoint>> last_live{};
  ByProtocol<std::optional<conn::TimePoint>> last_ping{};
  ByProtocol<unsigned> missed{};  // pings not answered, in a row
  unsigned checks = 0;            // pings and FindNode answered, in a row
  unsigned find_failures = 0;     // FindNode not answered, in a row

  // The latest of the protocols; none: it has never answered where it is now.
  std::optional<conn::TimePoint> live_at() const noexcept {
    return *std::max_element(last_live.begin(), last_live.end());
  }
  bool live() const noexcept { return live_at().has_value(); }
};

}  // namespace peerage::pex
