#include "cmd/ctl/discovery_verbs.h"

#include <string>

#include <gtest/gtest.h>

#include "pex/discovery/record/enr.h"
#include "pex/discovery/server.h"
#include "tests/support/controlled_node.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using test::PexNode;
using Json = nlohmann::json;

class DiscoveryVerbTest : public test::ControlledNodeTest {
 protected:
  static PexNode::Plan discovers(std::vector<std::string> bootnodes = {},
                                 const std::string& external_ip = "vote") {
    PexNode::Plan plan;
    plan.discovery.emplace();
    plan.discovery->bootnodes = std::move(bootnodes);
    plan.discovery->external_ip = external_ip;
    return plan;
  }
};

TEST_F(DiscoveryVerbTest, ANodeSaysWhoItIsAndWhatItsRecordIs) {
  start(discovers({}, "fixed:30.1.1.1"));
  world.run_for(2s);
  const Json is = result("discovery");
  const auto record = pex::Enr::parse(is["record"].get<std::string>());
  ASSERT_TRUE(record);
  EXPECT_EQ((*record)->text(), node().whole->discovery()->core().record()->text());
  EXPECT_EQ(is["id"], (*record)->id().to_string());
  EXPECT_EQ(is["seq"], (*record)->seq());
  EXPECT_EQ(is["protocols"], (Json{"discv4"}));
  EXPECT_EQ(is["listen"], node().whole->discovery()->snapshot()->local.to_string());
  EXPECT_EQ(is["external_v4"], (*record)->udp4()->to_string());
  EXPECT_EQ(is["external_v4"].get<std::string>().substr(0, 9), "30.1.1.1:");
  EXPECT_EQ(is["external_v6"], nullptr);
  EXPECT_NE(is["enode"].get<std::string>().find("@30.1.1.1:"), std::string::npos);
  EXPECT_EQ(is["table"],
            (Json{{"live", 0}, {"unproven", 0}, {"replacements", 0}, {"buckets_used", 0}}));
  EXPECT_EQ(is["clock_suspect"], false);
}

TEST_F(DiscoveryVerbTest, WhomItKnowsIsCounted) {
  start(discovers({}, "fixed:" + ip_of(1).to_string()));
  world.run_for(2s);
  add(discovers({result("discovery")["record"]}));
  EXPECT_TRUE(until([this] { return result("discovery")["table"]["live"] == 1; }, 30s));
  EXPECT_EQ(result("discovery")["table"]["buckets_used"], 1);
}

TEST_F(DiscoveryVerbTest, WhereItIsOffThatIsSaid) {
  start();
  EXPECT_EQ(refusal("discovery"), "discovery_off");
}

}  // namespace
}  // namespace peerage::cmd
