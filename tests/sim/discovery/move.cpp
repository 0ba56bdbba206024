#include "tests/sim/discovery/stage.h"

namespace peerage::sim::discovery {
namespace {

constexpr Duration kBefore = 15min;
constexpr Duration kFoundWithin = 10min;

}  // namespace

Report move(const Options& options) {
  Stage stage("A node among " + std::to_string(options.nodes) + " has another address", options);
  stage.add_boot_node();
  stage.add_nodes(options.nodes - 1);
  stage.go_on(kBefore);
  Member& mover = *stage.members().at(options.nodes / 2);
  const std::size_t knew_it = stage.tables_with(mover);
  mover.host().set_addresses({stage.internet.draw()});
  const auto is_found = [&stage, &mover] { return stage.look_up(mover).share() >= kPromisedFound; };
  const TimePoint from = stage.world.now();
  bool found = false;
  while (!found && stage.world.now() - from < kFoundWithin - 1min) {
    stage.go_on(30s);
    found = is_found();
  }
  stage.report.at_least("of all nodes, those that find it at its new address",
                        stage.look_up(mover).share(), kPromisedFound);
  stage.report.at_most("minutes until they do",
                       std::chrono::duration<double>(stage.world.now() - from).count() / 60,
                       std::chrono::duration<double>(kFoundWithin).count() / 60, "min");
  stage.report.figure("tables that had it live before", static_cast<double>(knew_it));
  stage.report.figure("tables that have it live at its new address",
                      static_cast<double>(stage.tables_with(mover)));
  stage.report.at_least("live places of its own table", stage.share(mover), kPromisedPlaces);
  return stage.finish();
}

}  // namespace peerage::sim::discovery
