#include "tests/sim/scenario/scenario.h"

#include <algorithm>
#include <array>

namespace peerage::sim {
namespace {

constexpr std::array<Scenario, 8> kScenarios = {{
    {"cold-start", "all nodes begin at once, with two seeds and nothing else", 1000, 1, cold_start},
    {"churn", "a tenth of the nodes leave in an hour, as many come; others restart", 1000, 6,
     churn},
    {"partition", "two halves cannot reach each other for six hours", 1000, 8, partition},
    {"seed-loss", "the seeds go for two hours, and come back with empty books", 500, 4, seed_loss},
    {"flash-crowd", "nine newcomers for each node, all at once, at one seed", 1000, 0.5,
     flash_crowd},
    {"false-claims", "one company's addresses claim to be nodes in a thousand networks", 200, 2,
     false_claims},
    {"mixed", "half of the nodes follow the Go node's policy", 400, 6, mixed},
    {"soak", "links, hosts, clocks, names and disks fail for a day, but for its last hour", 50, 24,
     soak},
}};

}  // namespace

std::string_view name(Fault fault) noexcept {
  switch (fault) {
    case Fault::none:
      return "none";
    case Fault::no_jitter:
      return "no-jitter";
    case Fault::no_sticky_redial:
      return "no-sticky-redial";
    case Fault::source_from_claim:
      return "source-from-claim";
  }
  return "";
}

std::span<const Scenario> scenarios() {
  return kScenarios;
}

const Scenario* find_scenario(std::string_view name) {
  const auto found = std::find_if(kScenarios.begin(), kScenarios.end(),
                                  [&](const Scenario& each) { return each.name == name; });
  return found == kScenarios.end() ? nullptr : &*found;
}

Report run(const Scenario& scenario, ScenarioOptions options) {
  if (options.nodes == 0) options.nodes = scenario.nodes;
  if (options.hours <= 0) options.hours = scenario.hours;
  if (!options.cryptography) {
    const double node_hours = static_cast<double>(options.nodes) * options.hours;
    options.cryptography =
        node_hours > kRealCryptographyUpTo ? Cryptography::cheap : Cryptography::real;
  }
  const Cryptography before = cryptography();
  use_cryptography(*options.cryptography);
  Report report = scenario.run(options);
  use_cryptography(before);
  return report;
}

}  // namespace peerage::sim
