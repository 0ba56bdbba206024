#include <ctime>

#include "tests/sim/discovery/stage.h"
#include "tests/sim/scenario/stage.h"

namespace peerage::sim::discovery {
namespace {

double processor_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

}  // namespace

// First everything is found, which is what most of the datagrams are for; then a node that has
// found everything should be quiet.
Report steady(const Options& options) {
  const std::size_t bytes_before = resident_bytes();
  Stage stage("Discovery among " + std::to_string(options.nodes) + " nodes", options);
  stage.add_boot_node();
  stage.add_nodes(options.nodes - 1);
  stage.count_datagrams();
  stage.go_on(stage.span());
  const Stage::State settled = stage.state();
  stage.report.at_least("live places of those possible, in the worst table", settled.lowest,
                        kPromisedPlaces);
  stage.report.figure("the same on the average", settled.mean);
  // The boot node has to answer everybody now: with ten times the nodes, ten times as often.
  stage.report.figure("datagrams a second until then, of the busiest node", stage.busiest());
  stage.report.figure("datagrams a second until then, on the average", stage.average());

  const Stage::Found found = stage.look_up(2 * options.nodes);
  stage.report.at_least("lookups that find their node", found.share(), kPromisedFound);
  stage.report.at_most("rounds of a lookup", static_cast<double>(found.most_rounds),
                       kPromisedRounds);

  constexpr Duration idle = 5min;
  const double before = processor_seconds();
  stage.count_datagrams();
  stage.world.run_for(idle);
  const double used = (processor_seconds() - before) / std::chrono::duration<double>(idle).count() /
                      static_cast<double>(options.nodes);
  stage.report.at_most("datagrams a second afterwards, of the busiest node", stage.busiest(),
                       kPromisedDatagrams);
  stage.report.figure("datagrams a second afterwards, on the average", stage.average());
  stage.report.figure("processor of a node that is idle, with its part of the simulation",
                      100 * used, "%");
  stage.report.figure("memory of a node",
                      static_cast<double>(resident_bytes() - bytes_before) / 1024 /
                          static_cast<double>(options.nodes),
                      "KiB");
  return stage.finish();
}

}  // namespace peerage::sim::discovery
