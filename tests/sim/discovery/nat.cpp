#include "tests/sim/discovery/stage.h"

namespace peerage::sim::discovery {
namespace {

constexpr std::size_t kOneHiddenOf = 4;  // nodes
constexpr Duration kNatForgets = 30s;
// On the average: a hidden node has a place from when it comes until it is seen to be out of reach,
// which with discv4 is late (DiscoveryLimits::v4_revalidation).
constexpr double kPlaces = 0.9;

}  // namespace

Report nat(const Options& options) {
  Stage stage("A quarter of " + std::to_string(options.nodes) + " nodes behind NATs", options);
  stage.add_boot_node();
  const std::size_t hidden = options.nodes / kOneHiddenOf;
  stage.add_nodes(options.nodes - 1 - hidden);
  for (std::size_t i = 0; i < hidden; ++i) stage.add_hidden_node(stage.plan(), kNatForgets);
  stage.go_on(stage.span());
  const Stage::State state = stage.state();
  stage.report.at_least("live places of open nodes, on the average", state.mean, kPlaces);
  stage.report.figure("the same in the worst table", state.lowest);
  stage.report.at_least("lookups that find their node", stage.look_up(2 * options.nodes).share(),
                        kPromisedFound);
  stage.report.figure("live in a table and not to be reached",
                      static_cast<double>(state.dead) / static_cast<double>(state.entries));
  return stage.finish();
}

}  // namespace peerage::sim::discovery
