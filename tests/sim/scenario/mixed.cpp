#include "tests/sim/scenario/stage.h"

namespace peerage::sim {

Report mixed(const ScenarioOptions& options) {
  Stage stage(std::to_string(options.nodes) + " nodes, half with the Go node's policy", options);
  stage.add_seeds(2);
  for (std::size_t i = 0; i < options.nodes; ++i) {
    if (i % 2 == 0) {
      stage.population.add_node(stage.node_plan());
    } else {
      stage.population.add_go_node();
    }
  }
  const auto ours_full = [&stage](const Population::State&) {
    for (const auto& each : stage.population.nodes()) {
      const bool ours = dynamic_cast<Node*>(each.get()) != nullptr && !each->is_seed();
      if (ours && each->outbound() < Population::kFullOutbound) return false;
    }
    return true;
  };
  const auto took = stage.go_on_until(ours_full, 30min, 1s);
  stage.report.at_most("until all of ours have full outbound sets",
                       std::chrono::duration<double>(took.value_or(30min)).count(), 300, "s");
  stage.forget_lows();
  if (stage.world.now() < stage.end()) stage.go_on(stage.end() - stage.world.now(), 1min);
  stage.report.at_least("in one component from then on", stage.lowest_connected(), 1);
  return stage.finish();
}

}  // namespace peerage::sim
