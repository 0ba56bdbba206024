// Whole nodes with peer exchange, in virtual time.
#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "tests/support/addresses.h"
#include "tests/support/log_lines.h"
#include "tests/support/pex_world.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;
using test::PexNode;
using PexNetwork = test::PexWorld;

TEST_F(PexNetwork, NodesThatKnowOnlyASeedFindEachOtherWithinAMinute) {
  PexNode& seed = add(seed_plan());
  for (int i = 0; i < 20; ++i) add(plan_with_seeds({seed.address()}));
  EXPECT_TRUE(until(
      [&] {
        for (std::size_t i = 1; i < nodes.size(); ++i) {
          if (nodes[i]->outbound() < 10 && nodes[i]->peers() < 19) return false;
        }
        return true;
      },
      60s));
}

TEST_F(PexNetwork, NodesThatStartTogetherWithTheirSeedFindEachOtherWithinSeconds) {
  PexNode& seed = add(seed_plan());
  for (int i = 0; i < 5; ++i) add(plan_with_seeds({seed.address()}));
  EXPECT_TRUE(until(
      [&] {
        return std::all_of(nodes.begin() + 1, nodes.end(),
                           [](const auto& node) { return node->peers() >= 4; });
      },
      8s));
}

TEST_F(PexNetwork, ANodeThatKnowsNoPeerAsksThreeSeedsAtOnce) {
  std::vector<conn::HostAddress> seeds;
  for (int i = 0; i < 5; ++i) seeds.push_back(add(seed_plan()).address());
  world.run_for(1s);
  PexNode& node = add(plan_with_seeds(seeds));
  std::set<conn::NodeId> asked;
  node.on_event = [&](const p2p::SwitchEvent& event) {
    if (const auto* dialled = std::get_if<p2p::Dialled>(&event)) asked.insert(dialled->target.id);
  };
  world.run_for(2s);
  EXPECT_EQ(asked.size(), 3u);
}

// An answer of peer exchange in packets as long as the network's setting allows.
struct LargePackets : PexNetwork {
  // A node that has heard of many, of a network whose packets have 10240 bytes.
  PexNode& add_knowing() {
    PexNode::Plan plan;
    plan.node.p2p.max_packet_msg_payload_size = 10'240;
    PexNode& node = add(plan);
    for (std::uint32_t i = 1; i <= 200; ++i) {
      const auto ip = conn::IpAddress::v4(20, static_cast<std::uint8_t>(i), 0, 1);
      node.book().add({test::numbered_id(i), {ip, 26656}},
                      {conn::IpAddress::v4(30, static_cast<std::uint8_t>(i), 0, 1),
                       {},
                       addrbook::Origin::configuration},
                      node.books().now());
    }
    EXPECT_EQ(node.book().size(), 200u);
    return node;
  }
  // A seed with that setting, which asks it.
  PexNode& add_seed(const PexNode& asked, std::optional<std::uint32_t> setting,
                    std::shared_ptr<conn::LogSink> log = nullptr) {
    PexNode::Plan plan = seed_plan();
    plan.node.p2p.max_packet_msg_payload_size = setting;
    plan.node.log = std::move(log);
    plan.pex.seeds = {asked.address()};
    return add(plan);
  }
};

TEST_F(LargePackets, AreLearntFromByASeedWithTheSettingOrWithoutAny) {
  const PexNode& knowing = add_knowing();
  PexNode& set = add_seed(knowing, 10'240);
  PexNode& unset = add_seed(knowing, std::nullopt);
  EXPECT_TRUE(until([&] { return set.book().size() > 30 && unset.book().size() > 30; }, 60s));
}

TEST_F(LargePackets, AreRefusedByASeedWithASmallerSettingWhichSaysSo) {
  const PexNode& knowing = add_knowing();
  const auto log = std::make_shared<test::LogLines>();
  log->least = conn::LogLevel::info;
  PexNode& small = add_seed(knowing, 1024, log);
  world.run_for(60s);
  EXPECT_LE(small.book().size(), 1u);
  EXPECT_TRUE(std::any_of(log->lines.begin(), log->lines.end(), [&](const std::string& line) {
    return line.find("packet too long") != std::string::npos &&
           line.find(knowing.address().id.to_string()) != std::string::npos &&
           line.find("max_packet_msg_payload_size") != std::string::npos;
  }));
}

}  // namespace
}  // namespace peerage::pex
