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
  stage.expect_whole_within(kHealsWithin, "ten minutes later");
  return stage.finish();
}

}  // namespace peerage::sim::discovery
