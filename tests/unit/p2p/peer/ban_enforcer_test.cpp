#include "p2p/peer/ban_enforcer.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "p2p/base/peer_reason.h"
#include "p2p/peer/peer.h"
#include "tests/sim/sim_world.h"
#include "tests/support/addresses.h"

namespace peerage::p2p {
namespace {

using conn::BanOrigin;
using conn::IpAddress;
using conn::Reason;
using test::network;
using namespace std::chrono_literals;

conn::PublicKey key_of(std::uint32_t number) {
  conn::PublicKey key{};
  for (std::size_t i = 0; i < 4; ++i) key.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return key;
}
conn::NodeId id_of(std::uint32_t number) {
  return conn::NodeId::of(key_of(number));
}

// Peers that are nothing but an ID and an address, and notes of what happens to them.
class FakePeers final : public BanEnforcer::Peers {
 public:
  explicit FakePeers(conn::Runtime& runtime) : runtime_(runtime) {}

  void add(std::uint32_t number, const IpAddress& ip) {
    Peer::Description description;
    description.key = key_of(number);
    description.socket = {ip, 26656};
    peers_.push_back(std::make_shared<Peer>(std::move(description), runtime_, runtime_.shard(0),
                                            nullptr, nullptr));
  }
  void stop_if(const Condition& condition, const conn::Failure& why) override {
    for (const PeerPtr& peer : peers_) {
      if (!condition(*peer)) continue;
      stopped.push_back(peer->id());
      last_reason = why;
    }
  }
  bool has_long_lived(const Condition& condition) const override {
    return std::any_of(peers_.begin(), peers_.end(),
                       [&condition](const PeerPtr& peer) { return condition(*peer); });
  }

  std::vector<conn::NodeId> stopped;
  conn::Failure last_reason;

 private:
  conn::Runtime& runtime_;
  std::vector<PeerPtr> peers_;  // all of long standing
};

// What is reported, as lines.
class Reports final : public BanEnforcer::Observer {
 public:
  void on_banned(const Ban& ban, const std::optional<conn::NodeId>& culprit) override {
    note("banned", ban.target);
    last_ban = ban;
    last_culprit = culprit;
  }
  void on_bans_joined(const Ban& ban) override { note("joined", ban.target); }
  void on_bans_dropped(const std::vector<BanTarget>& targets) override {
    lines.push_back("dropped " + std::to_string(targets.size()));
  }
  void on_ban_refused(const BanTarget& target, const conn::Failure&) override {
    note("refused", target);
  }
  void on_unbanned(const BanTarget& target) override { note("unbanned", target); }

  std::vector<std::string> lines;
  std::optional<Ban> last_ban;
  std::optional<conn::NodeId> last_culprit;

 private:
  void note(const std::string& what, const BanTarget& target) {
    lines.push_back(what + " " + to_string(target));
  }
};

using Lines = std::vector<std::string>;

IpAddress host(int last) {
  return IpAddress::v4(30, 1, 1, static_cast<std::uint8_t>(last));
}

struct BanEnforcerTest : testing::Test {
  sim::SimWorld world{3};
  sim::SimHost& here = world.add_host({IpAddress::v4(10, 0, 0, 1)});
  BanList list{{network("10.9.0.0/16")}};
  FakePeers peers{here};
  Reports reports;
  BanEnforcer bans{here.shard(0), list, peers, reports};

  // Of 16 hosts in one /24, for misbehaviour.
  void ban_neighbourhood() {
    for (int i = 1; i <= 16; ++i) {
      EXPECT_TRUE(bans.ban(conn::Cidr(host(i)), 10min, "floods", BanOrigin::misbehaviour));
    }
  }
};

TEST_F(BanEnforcerTest, ABanEndsThePeersThatFallUnderItAndNoOthers) {
  peers.add(1, host(1));
  peers.add(2, host(2));
  peers.add(3, IpAddress::v4(30, 2, 1, 1));
  ASSERT_TRUE(bans.ban(id_of(3), 10min, "lies", BanOrigin::operator_));
  EXPECT_EQ(peers.stopped, std::vector{id_of(3)});
  ASSERT_TRUE(bans.ban(network("30.1.1.0/24"), 10min, "a bad place", BanOrigin::operator_));
  EXPECT_EQ(peers.stopped, (std::vector{id_of(3), id_of(1), id_of(2)}));
  EXPECT_EQ(peers.last_reason.reason, PeerReason::banned);
  EXPECT_EQ(peers.last_reason.detail, "a bad place");
}

TEST_F(BanEnforcerTest, ABanIsReportedWithItsEndAndWhoBroughtItAbout) {
  ASSERT_TRUE(bans.ban(id_of(1), 10min, "line\nbreak", BanOrigin::operator_));
  EXPECT_EQ(reports.last_ban->until, world.now() + 10min);
  EXPECT_EQ(reports.last_ban->reason, "line\\x0abreak");
  EXPECT_EQ(reports.last_culprit, std::nullopt);
  bans.ban_peer(id_of(2), host(2), 10min, "lies");
  EXPECT_EQ(reports.last_culprit, id_of(2));
  EXPECT_EQ(reports.last_ban->origin, BanOrigin::misbehaviour);
  EXPECT_EQ(reports.last_ban->target, BanTarget(conn::Cidr(host(2)))) << "its host";
  bans.ban_peer(id_of(3), IpAddress::v4(10, 9, 0, 1), 10min, "lies");
  EXPECT_EQ(reports.last_ban->target, BanTarget(id_of(3))) << "its host is exempt";
}

TEST_F(BanEnforcerTest, ABanForEverDoesNotOverflow) {
  ASSERT_TRUE(bans.ban(id_of(1), conn::Duration::max(), "for ever", BanOrigin::operator_));
  EXPECT_EQ(reports.last_ban->until, conn::TimePoint::max());
  EXPECT_EQ(bans.all().size(), 1u);
}

TEST_F(BanEnforcerTest, WhatIsRefusedIsReportedOfAnOperatorAlone) {
  const auto refused = bans.ban(network("10.9.1.0/24"), 10min, "floods", BanOrigin::misbehaviour);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::invalid_argument);
  EXPECT_EQ(reports.lines, Lines{});
  for (std::uint32_t i = 0; i < conn::kMaxBans; ++i) {
    ASSERT_TRUE(bans.ban(id_of(i), 10min, "many", BanOrigin::operator_));
  }
  const auto full = bans.ban(id_of(99'999), 10min, "one more", BanOrigin::operator_);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().reason, PeerReason::ban_list_full);
  EXPECT_EQ(reports.lines.back(), "refused " + to_string(BanTarget(id_of(99'999))));
}

TEST_F(BanEnforcerTest, SixteenHostsBecomeOneBanOfTheirNeighbourhood) {
  peers.add(1, IpAddress::v4(30, 1, 2, 200));
  ban_neighbourhood();
  ASSERT_EQ(reports.lines.size(), 17u);
  EXPECT_EQ(reports.lines[15], "dropped 15");
  EXPECT_EQ(reports.lines[16], "banned 30.1.1.0/24");
  EXPECT_EQ(peers.stopped.size(), 0u) << "the peer is in another";
}

TEST_F(BanEnforcerTest, ALongLivedPeerThatIsUnderNoBanSparesItsNeighbourhood) {
  peers.add(1, host(200));
  ban_neighbourhood();
  EXPECT_EQ(bans.all().size(), 16u);
  EXPECT_EQ(peers.stopped.size(), 0u);
}

TEST_F(BanEnforcerTest, OneThatIsBannedItselfDoesNot) {
  peers.add(1, host(16));
  peers.add(2, host(200));
  ASSERT_TRUE(bans.ban(id_of(2), 10min, "lies", BanOrigin::misbehaviour));
  ban_neighbourhood();
  EXPECT_EQ(bans.all().size(), 2u) << "the ID and the neighbourhood";
}

TEST_F(BanEnforcerTest, LiftingABanIsReportedIfThereWasOne) {
  ASSERT_TRUE(bans.ban(id_of(1), 10min, "lies", BanOrigin::operator_));
  reports.lines.clear();
  bans.unban(id_of(2));
  EXPECT_EQ(reports.lines, Lines{});
  bans.unban(id_of(1));
  EXPECT_EQ(reports.lines, Lines{"unbanned " + to_string(BanTarget(id_of(1)))});
  EXPECT_EQ(bans.all().size(), 0u);
}

TEST_F(BanEnforcerTest, RestoredBansEndPeersWithoutAReport) {
  peers.add(1, host(1));
  bans.restore({{conn::Cidr(host(1)), world.now() + 10min, "floods", BanOrigin::misbehaviour},
                {id_of(7), world.now() - 1s, "over", BanOrigin::operator_}});
  EXPECT_EQ(peers.stopped, std::vector{id_of(1)});
  EXPECT_EQ(reports.lines, Lines{});
  EXPECT_EQ(bans.all().size(), 1u);
}

TEST_F(BanEnforcerTest, RestoredBansThatBecomeOneAreReportedAsThat) {
  std::vector<Ban> kept;
  for (int i = 1; i <= 16; ++i) {
    kept.push_back({conn::Cidr(host(i)), world.now() + 10min, "floods", BanOrigin::misbehaviour});
  }
  bans.restore(kept);
  EXPECT_EQ(reports.lines, (Lines{"joined 30.1.1.0/24", "dropped 16"}));
}

}  // namespace
}  // namespace peerage::p2p
