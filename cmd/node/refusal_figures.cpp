#include "cmd/node/refusal_figures.h"

#include <utility>

namespace peerage::cmd {

std::vector<conn::LogField> RefusalFigures::since_last(const p2p::Counters& counters) {
  std::map<conn::Reason, std::uint64_t> now;
  counters.for_each_refusal(
      [&now](conn::Reason reason, std::uint64_t count) { now[reason] = count; });
  std::uint64_t refused = 0, most = 0;
  std::string mostly;
  for (const auto& [reason, count] : now) {
    const std::uint64_t gained = count - refused_[reason];
    refused += gained;
    if (gained <= most) continue;
    most = gained;
    mostly = name(reason);
  }
  refused_ = std::move(now);
  const std::uint64_t all_probes = counters.get(p2p::Counter::probes);
  const std::uint64_t probes = all_probes - std::exchange(probes_, all_probes);

  std::vector<conn::LogField> fields;
  if (refused > 0) {
    fields.push_back({"refused", refused});
    fields.push_back({"mostly", mostly});
  }
  if (probes > 0) fields.push_back({"probes", probes});
  return fields;
}

}  // namespace peerage::cmd
