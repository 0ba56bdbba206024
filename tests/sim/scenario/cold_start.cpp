#include <algorithm>

#include "tests/sim/scenario/stage.h"

namespace peerage::sim {

Report cold_start(const ScenarioOptions& options) {
  Stage stage("Cold start of " + std::to_string(options.nodes) + " nodes", options);
  const std::size_t before = resident_bytes();
  stage.add_seeds();
  stage.add_nodes(options.nodes);
  const Duration span = stage.span();
  const auto took = stage.go_on_until(
      [&](const Population::State& state) {
        return stage.population.have_all_been_full() && state.running == options.nodes;
      },
      std::min<Duration>(span, 30min), stage.look_pause());
  stage.report.at_most("until all have had full outbound sets",
                       std::chrono::duration<double>(took.value_or(span)).count(), 300, "s");
  stage.forget_lows();
  if (stage.world.now() < stage.end()) stage.go_on(stage.end() - stage.world.now(), 1min);
  stage.report.at_least("in one component from then on", stage.lowest_connected(), 1);
  stage.report.at_most(
      "memory for a node",
      static_cast<double>(resident_bytes() - before) / 1024 / static_cast<double>(options.nodes),
      1024, "KiB");
  return stage.finish();
}

}  // namespace peerage::sim
