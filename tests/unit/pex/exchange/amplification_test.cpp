// What a seed sends for what it receives, and which of many inbound peers stay.
#include <gtest/gtest.h>

#include "pex/exchange/messages.h"
#include "tests/support/pex_visitor.h"
#include "tests/support/pex_world.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;
using conn::IpAddress;
using conn::NetAddress;
using test::PexNode;
using test::PexVisitor;

class Crowd : public test::PexWorld {
 protected:
  std::vector<std::unique_ptr<PexVisitor>> visitors;
  std::uint32_t next_key = 9000;

  PexVisitor& visitor_at(IpAddress ip) {
    sim::SimHost& host = world.add_host({ip}, 1);
    visitors.push_back(std::make_unique<PexVisitor>(host, next_key++));
    return *visitors.back();
  }
  void TearDown() override {
    for (const auto& visitor : visitors) visitor->stop();
    PexWorld::TearDown();
    world.run_for(10s);
  }
};

TEST_F(Crowd, ThatAsksASeedEverySecondGetsFewBytesForItsOwn) {
  PexNode::Plan plan = seed_plan();
  PexNode& seed = add(plan);
  // A book of 2 000 verified addresses, some of them in crowded neighbourhoods.
  const auto now = seed.books().now();
  for (std::uint32_t i = 0; i < 2000; ++i) {
    const NetAddress address = {
        test::numbered_key(100'000 + i).id(),
        {IpAddress::v4(static_cast<std::uint8_t>(100 + i % 50), static_cast<std::uint8_t>(i / 50),
                       1, static_cast<std::uint8_t>(1 + i % 200)),
         26656}};
    seed.book().add(address, {ip_of(3000 + i % 500), {}, addrbook::Origin::configuration}, now);
    seed.book().mark_connected(address, 5ms, now);
    seed.book().mark_verified(address, {}, now);
  }
  std::uint64_t sent = 0, received = 0;
  seed.on_event = [&](const p2p::SwitchEvent& event) {
    const auto* gone = std::get_if<p2p::Gone>(&event);
    if (gone == nullptr || gone->peer->direction() != p2p::Direction::inbound) return;
    const auto status = gone->peer->status().connection;
    // Both have sent a key and two frames before there was a peer.
    static constexpr std::uint64_t kHandshake = 35 + 2 * 1044;
    sent += status.sent_bytes + kHandshake;
    received += status.received_bytes + kHandshake;
  };
  for (std::uint32_t i = 0; i < 100; ++i) {
    PexVisitor& visitor = visitor_at(IpAddress::v4(60, static_cast<std::uint8_t>(i), 1, 1));
    visitor.reactor().on_add = [](const p2p::PeerPtr& peer) {
      for (int k = 0; k < 3; ++k) peer->try_send(conn::kPexChannel, encode_request());
    };
  }
  for (int second = 0; second < 300; ++second) {
    for (const auto& visitor : visitors) visitor->dial(seed.address());
    world.run_for(1s);
  }
  const auto report = seed.report(world);
  // Two at once, then one a minute, for each of them.
  EXPECT_LE(report.counts.answers, 100u * (2 + 5));
  EXPECT_GE(report.counts.answers, 100u * 2);
  ASSERT_GT(received, 0u);
  EXPECT_LE(static_cast<double>(sent) / static_cast<double>(received), 10.0);
  for (const auto& visitor : visitors) {
    for (const auto& list : visitor->lists()) {
      std::map<IpAddress, int> of_neighbourhood;
      EXPECT_LE(list.size(), 250u);
      for (const NetAddress& each : list) {
        EXPECT_LE(++of_neighbourhood[conn::neighbourhood_of(each.endpoint.ip)], 10);
      }
    }
  }
}

TEST_F(Crowd, ThatHoldsAllInboundSlotsMakesRoomForNewcomersAndCutsNoPeerOfLongStanding) {
  PexNode::Plan plan;
  plan.pex.outbound.dials_per_second = 0;
  const conn::NodeId unconditional = test::numbered_key(9001).id();
  plan.node.p2p.unconditional_peer_ids = {unconditional};
  PexNode& node = add(plan);
  // A peer of long standing, and one that is always admitted.
  PexVisitor& old = visitor_at(IpAddress::v4(50, 1, 1, 1));
  PexVisitor& trusted = visitor_at(IpAddress::v4(50, 2, 1, 1));
  ASSERT_EQ(trusted.node().id(), unconditional);
  old.dial(node.address());
  trusted.dial(node.address());
  world.run_for(12min);
  // Three /16s fill the rest.
  for (std::uint32_t i = 0; i < 60; ++i) {
    PexVisitor& attacker = visitor_at(
        IpAddress::v4(80, static_cast<std::uint8_t>(i % 3), static_cast<std::uint8_t>(1 + i), 1));
    attacker.dial(node.address());
    world.run_for(200ms);
  }
  EXPECT_EQ(node.inbound(), 40u);
  for (std::uint8_t i = 0; i < 10; ++i) {
    PexVisitor& newcomer = visitor_at(IpAddress::v4(90, i, 1, 1));
    newcomer.dial(node.address());
    EXPECT_TRUE(until([&] { return newcomer.is_connected(); }, 5s)) << int{i};
  }
  EXPECT_EQ(old.ends(), 0u);
  EXPECT_EQ(trusted.ends(), 0u);
  EXPECT_LE(node.inbound(), 40u);
}

}  // namespace
}  // namespace peerage::pex
