#include "tests/sim/slots/trial.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/sim/slots/attacker.h"
#include "tests/sim/slots/honest.h"
#include "tests/sim/slots/node.h"
#include "tests/sim/slots/timeline.h"

namespace peerage::sim::slots {
namespace {

using namespace std::chrono_literals;

constexpr conn::Duration kBefore = 1h;
constexpr conn::Duration kLook = 10min;

double seconds(conn::Duration span) {
  return std::chrono::duration<double>(span).count();
}

// The value that this share of them does not exceed.
double percentile(std::vector<conn::Duration> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  return seconds(values[std::max<std::size_t>(rank, 1) - 1]);
}

p2p::AdmissionConfig config_of(const NodePlan& plan) {
  p2p::AdmissionConfig config;
  config.max_inbound = plan.slots;
  config.full_inbound = plan.full_inbound;
  return config;
}

}  // namespace

Outcome play(const NodePlan& plan, const AttackPlan& attack, std::uint64_t seed) {
  Timeline timeline(conn::TimePoint(100 * 24h));
  const conn::TimePoint born = timeline.now() - 40 * 24h;
  Node node(config_of(plan), plan.useful, born);
  Attacker attacker(attack, node, timeline, 2 * seed + 1);
  if (attack.begins == AttackPlan::Begins::first) attacker.come_first(born);
  Honest honest(plan, node, timeline, 2 * seed);
  honest.start();
  timeline.run_for(kBefore);
  honest.forget();
  attacker.start();
  const conn::Duration span(std::lround(plan.hours * 3.6e12));
  double looks = 0, day_old = 0, held = 0, networks = 0;
  for (conn::Duration done{0}; done < span; done += kLook) {
    timeline.run_for(std::min(kLook, span - done));
    looks += 1;
    day_old += static_cast<double>(honest.day_old());
    held += static_cast<double>(node.held_by(Side::attacker));
    networks += static_cast<double>(honest.active_networks());
  }

  honest.close();
  timeline.run_for(Honest::kPatience);

  const Honest::Record& record = honest.record();
  const auto own = static_cast<double>(attack.networks);
  Outcome outcome;
  outcome.share = own / (own + networks / looks);
  outcome.wait_p50 = percentile(record.waits, 0.5);
  outcome.wait_p95 = percentile(record.waits, 0.95);
  outcome.stay_p50 = percentile(record.stays, 0.5);
  outcome.newcomers = record.waits.size();
  outcome.day_old = day_old / looks;
  const double days = seconds(span) / 86'400;
  const double old_days = outcome.day_old * days;
  outcome.lost = old_days > 0 ? 100 * static_cast<double>(record.lost) / old_days : 0;
  outcome.held = 100 * held / looks / static_cast<double>(plan.slots);
  return outcome;
}

}  // namespace peerage::sim::slots
