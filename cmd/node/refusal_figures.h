// How many inbound connections were refused since the last summary, and for what: for the line that
// a node writes of itself. Probes are no refusals, and are counted apart.
//
// Threads: none of its own.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "conn/base/log.h"
#include "p2p/base/counters.h"

namespace peerage::cmd {

class RefusalFigures {
 public:
  // Since the last call, or the beginning: `refused` and the reason of most of them, `mostly`, and
  // `probes`; each only if there were any. Of reasons with as many, the first by name.
  std::vector<conn::LogField> since_last(const p2p::Counters& counters);

 private:
  std::map<conn::Reason, std::uint64_t> refused_;
  std::uint64_t probes_ = 0;
};

}  // namespace peerage::cmd
