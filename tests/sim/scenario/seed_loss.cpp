#include "tests/sim/scenario/stage.h"

namespace peerage::sim {
namespace {

constexpr Duration kBefore = 1h;
constexpr Duration kGone = 2h;

}  // namespace

Report seed_loss(const ScenarioOptions& options) {
  Stage stage("The seeds of " + std::to_string(options.nodes) + " nodes are lost", options);
  stage.add_seeds(2);
  stage.add_nodes(options.nodes);
  stage.go_on(kBefore, 1min);
  stage.forget_lows();
  for (std::size_t i = 0; i < 2; ++i) stage.population.at(i).crash(Member::Disk::lost);
  stage.go_on(kGone, 1min);
  stage.report.at_least("in one component without seeds", stage.lowest_connected(), 1);
  // They come meanwhile, and have no seed to ask.
  std::vector<Member*> newcomers;
  for (std::size_t i = 0; i < options.nodes / 10; ++i) {
    newcomers.push_back(&stage.population.add_node(stage.node_plan()));
  }
  stage.go_on(10min, 1min);
  for (std::size_t i = 0; i < 2; ++i) stage.population.at(i).start();
  // A seed with an empty book learns from the newcomers alone, which know no peer either; and from
  // nodes that dial it because they have lost peers. One old node restarts.
  stage.population.at(2).crash(Member::Disk::lost);
  stage.go_on(10s, 10s);
  stage.population.at(2).start();
  const auto joined = stage.go_on_until(
      [](const Population::State& state) { return state.full == state.running; }, 1h, 5s);
  stage.report.at_most("until newcomers were full after the seeds' return",
                       std::chrono::duration<double>(joined.value_or(1h)).count(), 1200, "s");
  stage.go_on(5min, 1min);
  return stage.finish();
}

}  // namespace peerage::sim
