// What the reactor itself does, besides its parts: bans that the book keeps are in force.
#include "pex/pex_reactor.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "p2p/base/peer_reason.h"
#include "tests/support/files.h"
#include "tests/support/pex_visitor.h"
#include "tests/support/pex_world.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;
using conn::Reason;
using test::PexNode;
using test::PexVisitor;

class KeptBans : public test::PexWorld {
 protected:
  test::TemporaryDirectory directory;
  std::vector<std::unique_ptr<PexVisitor>> visitors;
  // The node's events: bans, refusals and the ends of peers.
  std::size_t told_of_bans = 0;
  std::vector<Reason> refusals;
  std::vector<Reason> endings;

  PexVisitor& somebody() {
    const auto number = static_cast<std::uint32_t>(3000 + visitors.size());
    sim::SimHost& host = world.add_host({ip_of(number)}, 1);
    visitors.push_back(std::make_unique<PexVisitor>(host, number));
    return *visitors.back();
  }
  PexNode::Plan plan() {
    PexNode::Plan plan;
    plan.pex.outbound.dials_per_second = 0;
    plan.book = directory / "book.db";
    return plan;
  }
  void watch(PexNode& node) {
    node.on_event = [this](const p2p::SwitchEvent& event) {
      if (std::holds_alternative<p2p::Banned>(event)) ++told_of_bans;
      if (const auto* refused = std::get_if<p2p::Refused>(&event)) {
        refusals.push_back(refused->failure.reason);
      } else if (const auto* gone = std::get_if<p2p::Gone>(&event)) {
        endings.push_back(gone->why.reason);
      }
    };
  }
  void end(PexNode& node) {
    node.stop();
    ASSERT_TRUE(until([&] { return node.stopped; }, 30s));
  }
  std::vector<p2p::Ban> bans_of(PexNode& node) {
    std::vector<p2p::Ban> bans;
    bool has = false;
    node.net().list_bans([&](std::vector<p2p::Ban> now) {
      bans = std::move(now);
      has = true;
    });
    EXPECT_TRUE(until([&] { return has; }, 1s));
    return bans;
  }
  void TearDown() override {
    for (const auto& visitor : visitors) visitor->stop();
    PexWorld::TearDown();
    world.run_for(5s);  // the visitors end, too
  }
};

TEST_F(KeptBans, AreInForceOnceTheBooksAreOpenedAfterARestartAndCauseNoEvent) {
  PexNode& node = add(plan());
  PexVisitor& liar = somebody();
  const conn::TimePoint begun = world.now();
  node.net().ban(liar.node().id(), 1h, "it lies");
  world.run_for(1s);
  end(node);

  node.make_anew();
  watch(node);
  node.start();
  ASSERT_TRUE(until([&] { return node.started; }, 10s));
  EXPECT_EQ(node.net().snapshot()->peers.size(), 0u);
  const auto bans = bans_of(node);
  ASSERT_EQ(bans.size(), 1u);
  EXPECT_EQ(bans[0].target, p2p::BanTarget(liar.node().id()));
  EXPECT_EQ(bans[0].reason, "it lies");
  EXPECT_LE(bans[0].until, begun + 1h + 2s);
  EXPECT_GE(bans[0].until, begun + 1h - 2s);
  liar.dial(node.address());
  EXPECT_TRUE(until([&] { return !refusals.empty(); }, 10s));
  EXPECT_EQ(refusals, std::vector<conn::Reason>{p2p::PeerReason::banned});
  EXPECT_EQ(told_of_bans, 0u);
}

TEST_F(KeptBans, AreInForceBeforeTheFirstPeerIsAdmitted) {
  PexNode& node = add(plan());
  PexVisitor& liar = somebody();
  node.net().ban(liar.node().id(), 1h, "it lies");
  world.run_for(1s);
  end(node);

  node.make_anew();
  watch(node);
  // When the start is announced, the bans are there.
  std::optional<std::size_t> bans;
  node.whole->start([&](const conn::Result<void>& started) {
    ASSERT_TRUE(started);
    EXPECT_EQ(node.whole->opened().bans, 1u);
    node.net().list_bans([&](const std::vector<p2p::Ban>& now) { bans = now.size(); });
  });
  liar.node().add_persistent_peer(node.address());  // it tries again and again
  ASSERT_TRUE(until([&] { return bans.has_value(); }, 10s));
  EXPECT_EQ(bans, 1u);
  EXPECT_TRUE(until([&] { return refusals.size() >= 2; }, 5min));
  EXPECT_EQ(node.peers(), 0u);
  EXPECT_TRUE(endings.empty()) << "it was never a peer";
}

TEST_F(KeptBans, OfTheFileYieldToTheNodesOwnBanOfTheSameNode) {
  PexNode& node = add(plan());
  const conn::NodeId liar = test::numbered_key(3000).id();
  node.net().ban(liar, 1h, "it lied");
  world.run_for(1s);
  end(node);

  node.make_anew();
  node.net().ban(liar, 24h, "it lies again");
  node.start();
  ASSERT_TRUE(until([&] { return node.started; }, 10s));
  const auto bans = bans_of(node);
  ASSERT_EQ(bans.size(), 1u);
  EXPECT_EQ(bans[0].reason, "it lies again");
}

std::uint32_t slots_of(PexConfig pex, std::uint32_t max_num_inbound_peers) {
  p2p::SwitchConfig config;
  config.p2p.max_num_inbound_peers = max_num_inbound_peers;
  prepare(config, pex);
  return config.p2p.max_num_inbound_peers;
}

TEST(SeedSlots, Are512WhereANodesDefaultStands) {
  EXPECT_EQ(slots_of(PexConfig::seed(), p2p::P2pConfig{}.max_num_inbound_peers), 512u);
  EXPECT_EQ(slots_of(PexConfig{}, 40), 40u) << "of a node";
}

TEST(SeedSlots, AreWhatIsSetForASeedOrElseAnyOtherNumberThatIsSetForANode) {
  for (const std::uint32_t set : {0u, 39u, 300u, 1'000u}) {
    EXPECT_EQ(slots_of(PexConfig::seed(), set), set);
  }
  PexConfig pex = PexConfig::seed();
  pex.seed_inbound_peers = 40;
  EXPECT_EQ(slots_of(pex, 40), 40u);
  EXPECT_EQ(slots_of(pex, 1'000), 40u);
}

class ASeed : public KeptBans {};

TEST_F(ASeed, LetsInMoreClientsAtOnceThanANodeHasPeers) {
  PexNode& seed = add(seed_plan());
  for (int i = 0; i < 60; ++i) somebody().dial(seed.address());
  const auto in = [this] {
    return std::count_if(visitors.begin(), visitors.end(),
                         [](const auto& visitor) { return visitor->is_connected(); });
  };
  EXPECT_TRUE(until([&] { return in() == 60; }, 5s)) << in();
  world.run_for(2s);
  EXPECT_EQ(in(), 60);
}

// The strangers' bans end before the operator's, and there are ten times as many as have room.
class Washing : public KeptBans, public testing::WithParamInterface<std::uint32_t> {
 protected:
  // In the running node, beside the books, in the file.
  void expect_kept(PexNode& node) {
    const auto is_it = [](const auto& ban) {
      return ban.reason == "by hand" && ban.origin == p2p::BanOrigin::operator_;
    };
    const auto running = bans_of(node);
    EXPECT_EQ(std::count_if(running.begin(), running.end(), is_it), 1);
    const auto beside = node.books().bans_in_force();
    EXPECT_EQ(std::count_if(beside.begin(), beside.end(), is_it), 1);
    addrbook::Report report;
    const auto file = addrbook::BookFile::read(directory / "book.db", node.books().now(), report);
    ASSERT_TRUE(file);
    EXPECT_EQ(std::count_if(file->bans.begin(), file->bans.end(), is_it), 1);
    EXPECT_LE(running.size(), conn::kMaxBans + 1);
    EXPECT_EQ(beside.size(), running.size());
    EXPECT_EQ(file->bans.size(), running.size());
  }
  void flood(PexNode& node) {
    for (std::uint32_t i = 0; i < GetParam(); ++i) {
      const conn::IpAddress host =
          conn::IpAddress::v4(static_cast<std::uint8_t>(20 + (i >> 16)),
                              static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i), 9);
      node.net().ban(conn::Cidr(host), 24h * 60, "floods", p2p::BanOrigin::misbehaviour);
    }
    world.run_for(1s);
  }
  void flush(PexNode& node) {
    bool flushed = false;
    node.books().flush([&](const conn::Result<void>& done) { flushed = done.has_value(); });
    EXPECT_TRUE(until([&] { return flushed; }, 1min));
  }
};

TEST_P(Washing, NoNumberOfStrangersTakesAnOperatorsBanOutOfTheNodeTheBooksOrTheFile) {
  PexNode& node = add(plan());
  node.net().ban(conn::NodeId(test::numbered_key(99).id()), 24h * 30, "by hand");
  flood(node);
  flush(node);
  expect_kept(node);
  end(node);

  node.make_anew();
  node.start();
  ASSERT_TRUE(until([&] { return node.started; }, 10s));
  expect_kept(node);
  flood(node);
  flush(node);
  expect_kept(node);
}

INSTANTIATE_TEST_SUITE_P(Strangers, Washing, testing::Values(10'100u, 100'000u));

}  // namespace
}  // namespace peerage::pex
