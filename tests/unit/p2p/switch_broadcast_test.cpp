// One message for all peers: its bytes exist once, and a peer that is slow delays no other.
#include <algorithm>
#include <memory>
#include <vector>

#include "tests/support/switch_fixture.h"

namespace peerage::p2p {
namespace {

using conn::Bytes;
using test::kEcho;
using test::node_config;
using test::SimNode;
using namespace std::chrono_literals;

constexpr std::size_t kPeers = 100;
constexpr std::size_t kSlow = 7;  // which of them
constexpr std::size_t kSize = 1024;

struct SwitchBroadcast : test::SwitchFixture {
  void SetUp() override {
    SwitchConfig config = node_config();
    config.p2p.max_num_inbound_peers = kPeers;
    hub = &add(config);
    for (std::size_t i = 0; i < kPeers; ++i) {
      others.push_back(&add());
      if (i == kSlow) {
        // A message a second, and little between the two.
        sim::LinkPlan slow;
        slow.bandwidth = 4 * kSize;
        slow.window = 8 * kSize;
        world.set_link(ip_of(*hub), ip_of(*others[i]), slow);
      }
      ASSERT_TRUE(connect(*others[i], *hub)) << i;
    }
    ASSERT_EQ(hub->peers(), kPeers);
  }
  std::size_t who_have(std::size_t messages) const {
    return static_cast<std::size_t>(
        std::count_if(others.begin(), others.end(),
                      [&](const SimNode* each) { return each->reactor->received() >= messages; }));
  }
  SimNode* hub = nullptr;
  std::vector<SimNode*> others;
};

TEST_F(SwitchBroadcast, SharesTheBytesAmongAllPeersUntilTheLastHasSentThem) {
  const auto bytes = std::make_shared<const Bytes>(kSize, 5);
  const BroadcastResult result = hub->node->broadcast(kEcho, bytes);
  EXPECT_EQ(result.queued, kPeers);
  EXPECT_EQ(bytes.use_count(), 1 + static_cast<long>(kPeers)) << "each queue holds the same bytes";
  ASSERT_TRUE(until([&] { return who_have(1) == kPeers; }));
  EXPECT_EQ(bytes.use_count(), 1) << "a peer that has formed its packets releases them";
}

TEST_F(SwitchBroadcast, OneSlowPeerDelaysNoneAndWhatIsTooMuchForItIsRefusedForItAlone) {
  static constexpr std::size_t kMessages = 400;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < kMessages; ++i) {
    refused += hub->node->broadcast(kEcho, Bytes(kSize, 5)).refused;
    world.run_for(5ms);
  }
  // All that was sent 5 ms ago is there, on a way of 1 ms.
  EXPECT_EQ(who_have(kMessages), kPeers - 1);
  const std::size_t had = others[kSlow]->reactor->received();
  EXPECT_LT(had, 20u);
  EXPECT_GT(refused, kMessages / 2);
  // What was taken for it comes in its time, and no more.
  world.run_for(10min);
  EXPECT_EQ(others[kSlow]->reactor->received(), kMessages - refused);
}

}  // namespace
}  // namespace peerage::p2p
