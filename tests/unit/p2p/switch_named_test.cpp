// Nodes that an engine or an operator names come first.
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/support/addresses.h"
#include "tests/support/switch_fixture.h"

namespace peerage::p2p {
namespace {

using conn::Bytes;
using conn::NodeId;
using namespace std::chrono_literals;
using test::kEcho;
using test::node_config;
using test::numbered_key;
using test::RecordingReactor;
using test::SimNode;

using SwitchNamed = test::SwitchFixture;

std::set<NodeId> many(std::uint32_t count) {
  std::set<NodeId> ids;
  for (std::uint32_t i = 0; i < count; ++i) ids.insert(test::numbered_id(i));
  return ids;
}

TEST_F(SwitchNamed, ANamedNodeHasASlotOfItsOwnAndNoneIsEvictedForIt) {
  SwitchConfig tight = node_config();
  tight.p2p.max_num_inbound_peers = 1;
  tight.named_nodes = {numbered_key(3).id()};
  SimNode& hub = add(tight);
  SimNode& stranger = add();
  SimNode& validator = add();
  ASSERT_EQ(validator.id(), numbered_key(3).id());
  ASSERT_TRUE(connect(stranger, hub));
  ASSERT_TRUE(connect(validator, hub));
  EXPECT_TRUE(connected(stranger, hub));
  EXPECT_TRUE(hub.peer(validator)->named());
  EXPECT_FALSE(hub.peer(stranger)->named());
  const auto snapshot = hub.node->snapshot();
  EXPECT_EQ(snapshot->inbound, 1u);
  EXPECT_EQ(snapshot->named, 1u);
  // Others evict one another, and not it.
  SimNode& another = add();
  ASSERT_TRUE(connect(another, hub));
  EXPECT_TRUE(connected(validator, hub));
}

TEST_F(SwitchNamed, TheClassIsReplacedWhileTheSwitchRuns) {
  SwitchConfig tight = node_config();
  tight.p2p.max_num_inbound_peers = 1;
  SimNode& hub = add(tight);
  SimNode& first = add();
  SimNode& second = add();
  hub.node->set_named_nodes({first.id()});
  ASSERT_TRUE(connect(first, hub));
  EXPECT_EQ(hub.node->snapshot()->inbound, 0u);
  hub.node->set_named_nodes({second.id()});
  world.run_for(1s);
  EXPECT_FALSE(hub.peer(first)->named());
  EXPECT_EQ(hub.node->snapshot()->inbound, 1u) << "it stays, as an ordinary peer";
  EXPECT_EQ(hub.node->snapshot()->named, 0u);
  ASSERT_TRUE(connect(second, hub));
  EXPECT_TRUE(connected(first, hub));
  EXPECT_EQ(hub.node->snapshot()->named, 1u);
}

TEST_F(SwitchNamed, PersistentAndUnconditionalPeersAreNamed) {
  SimNode& hub = add();
  SimNode& persistent = add();
  SimNode& unconditional = add();
  hub.node->add_unconditional_peer(unconditional.id());
  hub.node->add_persistent_peer(persistent.address());
  ASSERT_TRUE(connect(unconditional, hub));
  ASSERT_TRUE(until([&] { return connected(hub, persistent); }));
  EXPECT_TRUE(hub.peer(persistent)->named());
  EXPECT_TRUE(hub.peer(unconditional)->named());
  // Emptying the class does not touch them.
  hub.node->set_named_nodes({});
  world.run_for(1s);
  EXPECT_EQ(hub.node->snapshot()->named, 2u);
}

TEST_F(SwitchNamed, DialsToThemTakeNoSlotOfTheOthers) {
  SwitchConfig tight = node_config();
  tight.p2p.max_num_outbound_peers = 1;
  SimNode& hub = add(tight);
  SimNode& stranger = add();
  SimNode& validator = add();
  hub.node->set_named_nodes({validator.id()});
  ASSERT_TRUE(connect(hub, stranger));
  ASSERT_TRUE(connect(hub, validator));
  EXPECT_EQ(hub.node->snapshot()->outbound, 1u);
}

TEST_F(SwitchNamed, HalfReceivedMessagesOfStrangersLeaveRoomForTheirs) {
  SwitchConfig config = node_config();
  config.reassembly_total_bytes = 1;  // as if strangers had used it all up
  SimNode& hub = add(config);
  SimNode& stranger = add();
  SimNode& validator = add();
  hub.node->set_named_nodes({validator.id()});
  ASSERT_TRUE(connect(stranger, hub));
  ASSERT_TRUE(connect(validator, hub));
  const Bytes large(200'000, 7);
  (void)stranger.peer(hub)->try_send(kEcho, Bytes(large));
  ASSERT_TRUE(until([&] { return !connected(stranger, hub); })) << "its message had no room";
  (void)validator.peer(hub)->try_send(kEcho, Bytes(large));
  ASSERT_TRUE(until([&] { return hub.reactor->received_bytes() >= large.size(); }));
  EXPECT_TRUE(connected(validator, hub));
  // And the reverse: their budget is bounded, too.
  SwitchConfig none = node_config();
  none.named_reassembly_bytes = 1;
  SimNode& other = add(none);
  other.node->set_named_nodes({validator.id()});
  ASSERT_TRUE(connect(validator, other));
  (void)validator.peer(other)->try_send(kEcho, Bytes(large));
  EXPECT_TRUE(until([&] { return !connected(validator, other); }));
}

TEST_F(SwitchNamed, AThousandAndTwentyFourAtMostCanBeNamed) {
  SimNode& hub = add();
  EXPECT_NO_THROW(hub.node->set_named_nodes(many(kMaxNamedNodes)));
  EXPECT_THROW(hub.node->set_named_nodes(many(kMaxNamedNodes + 1)), std::invalid_argument);
  SwitchConfig config = node_config();
  config.named_nodes = many(kMaxNamedNodes + 1);
  EXPECT_THROW(add(config), std::invalid_argument);
}

}  // namespace
}  // namespace peerage::p2p
