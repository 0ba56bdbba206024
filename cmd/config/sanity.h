// Values that are possible, and that nobody means: a node that starts with one does nothing, or far
// too much. By one rule for a start, which logs them, and for check-config.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "cmd/config/config.h"
#include "pex/pex_reactor.h"

namespace peerage::cmd {

struct Oddity {
  std::string key;  // "p2p.dial_timeout"
  std::string what;
};
// For a node of this role; of settings that such a node reads.
std::vector<Oddity> oddities(const Config& config, pex::Role role);

// The pause between two summaries that is in force: never less than this, else they were all that
// is in the log. 0: there are none.
inline constexpr conn::Duration kLeastSummaryInterval = std::chrono::milliseconds(100);
conn::Duration summary_interval(const Config& config);

}  // namespace peerage::cmd
