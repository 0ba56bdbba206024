#include "tests/sim/scenario/stage.h"

namespace peerage::sim {
namespace {

constexpr Duration kBefore = 1h;
constexpr Duration kSplit = 6h;

}  // namespace

Report partition(const ScenarioOptions& options) {
  Stage stage("A partition of " + std::to_string(options.nodes) + " nodes", options);
  stage.add_seeds(2);
  stage.add_nodes(options.nodes);
  stage.go_on(kBefore, 1min);
  // By address, as when a cable breaks; one seed is on either side, at random.
  stage.internet.split([](const IpAddress& ip) { return ip.bytes()[13] % 2 == 0; });
  stage.go_on(kSplit, 1min);
  stage.report.at_most("in one component while split", stage.lowest_connected(), 0.75);
  stage.internet.heal();
  const auto healed = stage.go_on_until(
      [](const Population::State& state) { return state.largest == state.running; }, 1h, 5s);
  stage.report.at_most("until all were one component again",
                       std::chrono::duration<double>(healed.value_or(1h)).count(), 300, "s");
  stage.forget_lows();
  if (stage.world.now() < stage.end()) stage.go_on(stage.end() - stage.world.now(), 1min);
  stage.report.at_least("in one component from then on", stage.lowest_connected(), 1);
  return stage.finish();
}

}  // namespace peerage::sim
