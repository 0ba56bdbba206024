#include "tests/sim/discovery/stage.h"

namespace peerage::sim::discovery {
namespace {

// Rows are stored once a node was live for ten minutes.
constexpr Duration kBefore = 25min;
constexpr Duration kDown = 20s;
constexpr Duration kHealsWithin = 5min;

}  // namespace

Report restart(const Options& options) {
  Stage stage("Half of " + std::to_string(options.nodes) + " nodes restart", options);
  stage.add_boot_node();
  stage.add_nodes(options.nodes - 1);
  stage.go_on(kBefore, 30s);
  stage.boot_node().crash();
  for (std::size_t i = 1; i < stage.members().size(); i += 2) {
    Member& member = *stage.members()[i];
    if (options.fault == Fault::no_rows) member.plan().rows = Member::Plan::Rows::lost;
    member.crash();
    stage.world.after(kDown, [&member] { member.start(); });
  }
  stage.go_on(kDown + 1s);
  stage.report.figure("live places when they are back, on the average", stage.state().mean);
  stage.expect_whole_within(kHealsWithin, "five minutes later");
  return stage.finish();
}

}  // namespace peerage::sim::discovery
