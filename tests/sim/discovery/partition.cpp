#include "tests/sim/discovery/stage.h"

namespace peerage::sim::discovery {
namespace {

constexpr Duration kBefore = 10min;
constexpr Duration kCut = 60min;
constexpr Duration kHealsWithin = 10min;

}  // namespace

Report partition(const Options& options) {
  Stage stage("A partition among " + std::to_string(options.nodes) + " nodes", options);
  stage.add_boot_node();
  stage.add_nodes(options.nodes - 1);
  stage.go_on(kBefore);
  stage.internet.split([](const IpAddress& ip) { return (ip.bytes()[15] & 1) != 0; });
  stage.go_on(kCut, 1min);
  stage.report.figure("live places when it ends, on the average", stage.state().mean);
  stage.internet.heal();
  const auto healed = stage.go_on_until(
      [](const Stage::State& state) { return state.lowest >= kPromisedPlaces; }, kHealsWithin);
  stage.report.at_least("live places ten minutes later, in the worst table",
                        healed ? kPromisedPlaces : stage.state().lowest, kPromisedPlaces);
  if (healed) {
    stage.report.figure("all tables are whole again after",
                        std::chrono::duration<double>(*healed).count(), "s");
  }
  stage.report.at_least("lookups that find their node", stage.look_up(2 * options.nodes).share(),
                        kPromisedFound);
  return stage.finish();
}

}  // namespace peerage::sim::discovery
