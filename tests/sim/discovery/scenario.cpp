#include "tests/sim/discovery/scenario.h"

#include <array>

namespace peerage::sim::discovery {
namespace {

constexpr std::array<Scenario, 6> kScenarios = {{
    {"steady", "all begin within ten seconds with one boot node, and go on", 200, 10, 0.2, steady},
    {"partition", "two halves do not reach each other for an hour", 200, 80, 0.2, partition},
    {"restart", "half of the nodes restart at once, and the boot node is gone", 200, 35, 0.2,
     restart},
    {"move", "a node has another address", 200, 30, 0.2, move},
    {"nat", "a quarter of the nodes are behind NATs that forget within two minutes", 200, 40, 0.2,
     nat},
    {"cold-start", "a newcomer knows the boot node alone", 200, 11, 0, cold_start},
}};

constexpr std::array kFaults = {Fault::own_lookups_only, Fault::forgetful, Fault::no_rows,
                                Fault::deaf, Fault::no_records};

}  // namespace

std::span<const Fault> faults() {
  return kFaults;
}

std::string_view name(Fault fault) noexcept {
  switch (fault) {
    case Fault::none:
      return "none";
    case Fault::own_lookups_only:
      return "own-lookups-only";
    case Fault::forgetful:
      return "forgetful";
    case Fault::no_rows:
      return "no-rows";
    case Fault::deaf:
      return "deaf";
    case Fault::no_records:
      return "no-records";
  }
  return "";
}

std::span<const Scenario> scenarios() {
  return kScenarios;
}

Report run(const Scenario& scenario, Options options) {
  if (options.nodes == 0) options.nodes = scenario.nodes;
  if (options.minutes <= 0) options.minutes = scenario.minutes;
  if (options.loss < 0) options.loss = scenario.loss;
  const Cryptography before = cryptography();
  use_cryptography(options.cryptography);
  Report report = scenario.run(options);
  use_cryptography(before);
  return report;
}

}  // namespace peerage::sim::discovery
