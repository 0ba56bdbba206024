#include "p2p/peer/peer_registry.h"

#include <optional>

#include <gtest/gtest.h>

#include "conn/base/reassembly_budget.h"
#include "p2p/base/peer_reason.h"
#include "p2p/peer/inbox.h"
#include "tests/support/connecting_node.h"

namespace peerage::p2p {
namespace {

using conn::IpAddress;
using test::ConnectingNode;
using namespace std::chrono_literals;

using Lines = std::vector<std::string>;
constexpr auto kNoOther = DuplicateConnections::Another::none;

AdmissionConfig without_slots() {
  AdmissionConfig rules;
  rules.max_inbound = 0;
  return rules;
}

struct Peers final : PeerRegistry::Observer {
  void on_connected(const Connected& event) override {
    lines.emplace_back("connected");
    connected = event;
  }
  void on_gone(const Gone& event) override {
    lines.push_back("gone: " + std::string(name(event.why.reason)));
    gone = event;
  }
  void on_not_admitted(const Proven::Summary& node, DialPurpose, const AttemptReport&,
                       const conn::Failure& why) override {
    lines.push_back("not admitted: " + std::string(name(why.reason)));
    not_admitted = node;
  }
  void on_settled() override { lines.emplace_back("settled"); }

  Lines lines;
  std::optional<Connected> connected;
  std::optional<Gone> gone;
  std::optional<Proven::Summary> not_admitted;
};

// Proven nodes come from a real handshake; those on the other side are left to themselves.
struct PeerRegistryTest : testing::Test {
  sim::SimWorld world{5};
  std::optional<ConnectingNode> here;
  ConnectingNode there{world.add_host({IpAddress::v4(10, 1, 0, 1)}), 2};
  Peers peers;
  std::optional<PeerRegistry> registry;

  void make(const AdmissionConfig& rules = {}) {
    sim::SimHost& host = world.add_host({IpAddress::v4(10, 0, 0, 1)});
    here.emplace(host, 1, rules);
    ASSERT_TRUE(here->listen());
    const Link::Common common = {host, std::make_shared<ReactorTable>(),
                                 std::make_shared<conn::ReassemblyBudget>(),
                                 std::make_shared<InboxBudget>(1u << 20)};
    registry.emplace(here->id(), common, common, here->admission,
                     PeerRegistry::Settings{{}, 1u << 20}, peers);
  }
  // A node that has dialled us, proven.
  Proven next() {
    there.runner.open();
    EXPECT_TRUE(there.dialer.request(here->address(), DialPurpose::requested, world.now()));
    there.runner.wake();
    EXPECT_TRUE(world.run_until([&] { return !here->arrivals.nodes.empty(); }, 10s));
    Proven node = std::move(here->arrivals.nodes.back());
    here->arrivals.nodes.clear();
    return node;
  }
  void TearDown() override {
    if (registry) registry->disconnect_all(0s);
    there.dials.nodes.clear();
    world.run_for(1s);
    here->acceptor.close();
    there.runner.close();
  }
};

TEST_F(PeerRegistryTest, ANodeIsShownThenItsEndIsReportedAndThenAllIsSettled) {
  make();
  registry->on_proven(next(), DialPurpose::requested, {}, {.is_private = true}, kNoOther);
  ASSERT_EQ(peers.lines, Lines{"connected"});
  const PeerPtr peer = peers.connected->peer;
  EXPECT_EQ(peer->id(), there.id());
  EXPECT_TRUE(peer->is_private());
  EXPECT_FALSE(peer->named());
  EXPECT_EQ(registry->find(there.id()), peer);
  world.run_for(10s);
  registry->stop(there.id(), {conn::Stage::established, PeerReason::misbehaved, {}});
  world.run_for(1s);
  EXPECT_EQ(peers.lines, (Lines{"connected", "gone: misbehaved", "settled"}));
  EXPECT_EQ(peers.gone->lasted, 10s);
  EXPECT_EQ(peers.gone->ended_by, conn::EndedBy::us);
  EXPECT_TRUE(registry->empty());
  EXPECT_EQ(registry->find(there.id()), nullptr);
}

TEST_F(PeerRegistryTest, OneForWhichThereIsNoSlotIsNeverShown) {
  make(without_slots());
  registry->on_proven(next(), DialPurpose::requested, {}, {}, kNoOther);
  EXPECT_EQ(peers.lines, Lines{"not admitted: no_free_slot"});
  EXPECT_EQ(peers.not_admitted->id, there.id());
  EXPECT_TRUE(registry->empty());
}

TEST_F(PeerRegistryTest, OneThatComesFirstNeedsNone) {
  make(without_slots());
  registry->on_proven(next(), DialPurpose::requested, {}, {.named = true}, kNoOther);
  EXPECT_EQ(peers.lines, Lines{"connected"});
  EXPECT_TRUE(peers.connected->peer->named());
}

TEST_F(PeerRegistryTest, MarksOfAConnectedNodeChangeItsPeerAndItsSlot) {
  make();
  registry->on_proven(next(), DialPurpose::requested, {}, {}, kNoOther);
  EXPECT_EQ(here->admission.slots_taken(Direction::inbound), 1u);
  registry->mark(there.id(), {.persistent = true});
  EXPECT_TRUE(peers.connected->peer->persistent());
  EXPECT_TRUE(peers.connected->peer->named());
  EXPECT_EQ(here->admission.slots_taken(Direction::inbound), 0u);
  registry->mark(there.id(), {});
  EXPECT_FALSE(peers.connected->peer->named());
  EXPECT_EQ(here->admission.slots_taken(Direction::inbound), 1u);
}

}  // namespace
}  // namespace peerage::p2p
