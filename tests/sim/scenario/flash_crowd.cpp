#include "tests/sim/scenario/stage.h"

namespace peerage::sim {

Report flash_crowd(const ScenarioOptions& options) {
  Stage stage("A flash crowd of " + std::to_string(options.nodes) + " at one seed", options);
  // A weak machine, so that most of the crowd are turned away at first.
  Node::Plan seed = Node::seed_plan();
  seed.node.half_open.total = 16;
  stage.population.add_seed(seed);
  stage.add_nodes(options.nodes / 10);
  stage.go_on(10min, 1min);
  stage.add_nodes(options.nodes - options.nodes / 10);
  const auto took =
      stage.go_on_until([](const Population::State& state) { return state.full == state.running; },
                        30min, stage.look_pause());
  stage.report.at_most("until all have full outbound sets",
                       std::chrono::duration<double>(took.value_or(30min)).count(), 120, "s");
  stage.report.figure("turned away by the seed",
                      static_cast<double>(stage.population.at(0).tally().refused));
  if (stage.world.now() < stage.end()) stage.go_on(stage.end() - stage.world.now(), 1min);
  return stage.finish();
}

}  // namespace peerage::sim
