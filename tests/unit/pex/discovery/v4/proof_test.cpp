// Who has proven where it is, and what is sent to whom without that.
#include "tests/unit/pex/discovery/core_fixture.h"

namespace peerage::pex {
namespace {

using conn::Endpoint;

class Discv4Proof : public CoreTest {
 protected:
  Discv4Proof() { start(); }
  const ScriptedPeer peer{1, "20.1.1.1:30303"};
  const ScriptedPeer other{2, "20.2.2.2:30303"};

  v4::FindNode find() const { return {{5}, soon()}; }
};

TEST_F(Discv4Proof, APingIsAnsweredWithOurPingAndThenAPong) {
  v4::Ping ping = ping_of(peer);
  ping.from.tcp = 1234;
  const auto hash = send(peer, ping);
  const auto came = take(peer);
  ASSERT_EQ(came.size(), 2u);
  const auto& ours = std::get<v4::Ping>(came[0].message);
  EXPECT_EQ(ours.to.ip, peer.at.ip);
  EXPECT_EQ(ours.to.udp, peer.at.port);
  EXPECT_EQ(ours.expires, soon());
  EXPECT_EQ(ours.seq, core->record()->seq());
  const auto& pong = std::get<v4::Pong>(came[1].message);
  EXPECT_EQ(pong.ping, hash);
  EXPECT_EQ(pong.to, (v4::WireEndpoint{peer.at.ip, peer.at.port, 1234}));
  EXPECT_EQ(pong.expires, soon());
  EXPECT_EQ(pong.seq, core->record()->seq());
}

TEST_F(Discv4Proof, APingOfAProvenNodeIsAnsweredWithAPongAlone) {
  bond(peer);
  take(peer);
  pass(1s);
  send(peer, ping_of(peer));
  const auto came = take(peer);
  ASSERT_EQ(came.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<v4::Pong>(came[0].message));
}

TEST_F(Discv4Proof, WhatAPingSaysOfAddressesIsNotBelieved) {
  v4::Ping ping = ping_of(peer);
  ping.from = {other.at.ip, 1, 0};
  ping.to = {};
  send(peer, ping);
  EXPECT_EQ(take(peer).size(), 2u);
  EXPECT_TRUE(take(other).empty());
  EXPECT_TRUE(take(Endpoint{other.at.ip, 1}).empty());
}

TEST_F(Discv4Proof, WithoutProofNoQuestionIsAnswered) {
  send(peer, find());
  send(peer, v4::EnrRequest{soon()});
  EXPECT_EQ(sent_in_all(), 0u);
  EXPECT_EQ(dropped(Drop::unproven), 2u);
}

TEST_F(Discv4Proof, WithProofTheNextPacketIsTheAnswer) {
  bond(peer);
  take(peer);
  send(peer, find());
  const auto came = take(peer);
  ASSERT_EQ(came.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<v4::Neighbors>(came[0].message));
}

TEST_F(Discv4Proof, APongWithAnotherHashProvesNothing) {
  send(peer, ping_of(peer));
  take(peer);
  send(peer, pong_of({}));
  send(peer, find());
  EXPECT_TRUE(take(peer).empty());
}

TEST_F(Discv4Proof, ThePongOfAnotherKeyProvesNothing) {
  send(peer, ping_of(peer));
  const auto asked = take<v4::Ping>(peer);
  ASSERT_EQ(asked.size(), 1u);
  send_from(other, peer.at, pong_of(asked[0].first));
  EXPECT_FALSE(is_live(peer));
  EXPECT_EQ(core->table().find_any(other.id()), nullptr);
}

// The owner of a key knows the hash, and could name a victim's address as proven.
TEST_F(Discv4Proof, ThePongFromAnotherAddressProvesNeither) {
  const Endpoint victim = Endpoint::parse("20.9.9.9:30303").value();
  send(peer, ping_of(peer));
  const auto asked = take<v4::Ping>(peer);
  ASSERT_EQ(asked.size(), 1u);
  send_from(peer, victim, pong_of(asked[0].first));
  EXPECT_EQ(dropped(Drop::wrong_source), 1u);
  send_from(peer, victim, find());
  EXPECT_TRUE(take(victim).empty());
  send(peer, find());
  EXPECT_TRUE(take(peer).empty());
}

TEST_F(Discv4Proof, ALatePongProvesNothing) {
  send(peer, ping_of(peer));
  const auto asked = take<v4::Ping>(peer);
  ASSERT_EQ(asked.size(), 1u);
  pass(20s + 1ms);
  send(peer, pong_of(asked[0].first));
  send(peer, find());
  EXPECT_TRUE(take(peer).empty());
}

TEST_F(Discv4Proof, ThePongOfAnEarlierPingProvesNothing) {
  const ScriptedPeer near(3, "10.0.0.3:30303");
  send(near, ping_of(near));
  const auto first = take<v4::Ping>(near);
  pass(21s);
  send(near, ping_of(near));
  ASSERT_EQ(take<v4::Ping>(near).size(), 1u);
  send(near, pong_of(first.at(0).first));
  EXPECT_FALSE(is_live(near));
}

TEST_F(Discv4Proof, AProofIsOfOneAddress) {
  bond(peer);
  const Endpoint elsewhere = Endpoint::parse("20.3.3.3:30303").value();
  send_from(peer, elsewhere, find());
  send_from(peer, elsewhere, v4::EnrRequest{soon()});
  EXPECT_TRUE(take(elsewhere).empty());
}

TEST_F(Discv4Proof, ItHoldsForEveryPortOfTheAddress) {
  bond(peer);
  const Endpoint port{peer.at.ip, 40000};
  send_from(peer, port, find());
  EXPECT_EQ(take(port).size(), 1u);
}

TEST_F(Discv4Proof, ItLastsTwelveHours) {
  settings.limits.v4_revalidation = 100h;
  start();
  bond(peer);
  pass(12h - 1s);
  send(peer, find());
  EXPECT_EQ(take<v4::Neighbors>(peer).size(), 1u);
  pass(2s);
  send(peer, find());
  EXPECT_TRUE(take<v4::Neighbors>(peer).empty());
}

TEST_F(Discv4Proof, OnlyOnePingIsUnderWayToAnEndpoint) {
  send(peer, ping_of(peer));
  pass(1s);
  send(peer, ping_of(peer));
  EXPECT_EQ(take<v4::Ping>(peer).size(), 1u);
}

TEST_F(Discv4Proof, AStrangersPingsDrawNoMoreThanTheyBring) {
  std::size_t in = 0;
  for (int i = 0; i < 300; ++i) {
    v4::Ping ping = ping_of(peer);
    ping.seq = static_cast<std::uint64_t>(i + 1);
    conn::Bytes packet = v4::encode(ping);
    v4::sign(peer.key, packet);
    in += packet.size();
    send_bytes(peer.at, packet);
    pass(20ms);
  }
  std::size_t out = 0;
  for (const Seen& each : take(peer)) out += each.bytes;
  EXPECT_GT(out, 0u);
  EXPECT_LE(out, in);
}

// Its Pong brings the proof, and then there are no limits; ours would bring none.
TEST_F(Discv4Proof, AStrangerThatMayBeSentOnePacketOnlyIsSentOurPing) {
  send(peer, ping_of(peer));
  take(peer);
  std::vector<Seen> came;
  for (int i = 0; i < 10 && came.empty(); ++i) {
    pass(25s);
    send(peer, ping_of(peer));
    came = take(peer);
  }
  ASSERT_EQ(came.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<v4::Ping>(came[0].message));
}

// While we wait for its Pong its Pings are no Pongs: they bring what our answers may take.
TEST_F(Discv4Proof, ANodeThatWePingInVainIsAnsweredAllTheSame) {
  settings.boot = {peer.contact()};
  start();
  std::size_t pongs = 0;
  for (int i = 0; i < 30; ++i) {
    send(peer, ping_of(peer));
    pass(2s);
    for (const Seen& each : take(peer)) {
      pongs += std::holds_alternative<v4::Pong>(each.message) ? 1 : 0;
    }
  }
  EXPECT_GE(pongs, 10u);
}

// --- who becomes known ---

TEST_F(Discv4Proof, WithoutBootNodesAStrangerIsTakenInAsSoonAsItHasProvenItself) {
  send(peer, ping_of(peer));
  EXPECT_EQ(core->table().find_any(peer.id()), nullptr) << "not before";
  const auto asked = take<v4::Ping>(peer);
  send(peer, pong_of(asked.at(0).first));
  const TableNode* const node = core->table().find(peer.id());
  ASSERT_NE(node, nullptr);
  EXPECT_TRUE(node->live());
  EXPECT_EQ(node->contact.tcp, 26656);
  EXPECT_EQ(node->heard_by, HeardBy::inbound);
  const auto added = take_updates<update::Added>();
  ASSERT_EQ(added.size(), 1u);
  EXPECT_EQ(added[0].node.id, peer.id());
}

TEST_F(Discv4Proof, WithBootNodesAStrangerWaitsForTheFirstFill) {
  settings.boot = {other.contact()};
  start();
  send(peer, ping_of(peer));
  const auto asked = take<v4::Ping>(peer);
  send(peer, pong_of(asked.at(0).first));
  EXPECT_EQ(core->table().find_any(peer.id()), nullptr);
  send(peer, find());
  EXPECT_EQ(take<v4::Neighbors>(peer).size(), 1u) << "it has proven itself all the same";
  pass(settings.limits.inbound_closed);
  send(peer, ping_of(peer));
  EXPECT_NE(core->table().find_any(peer.id()), nullptr);
}

TEST_F(Discv4Proof, ANodeThatMovesIsThereOnceItHasAnsweredThere) {
  bond(peer);
  const Endpoint moved{peer.at.ip, 40404};
  send_from(peer, moved, ping_of(peer));
  EXPECT_TRUE(is_live(peer)) << "nothing has changed yet";
  const auto came = take(moved);
  ASSERT_EQ(came.size(), 2u);
  const auto ours = std::find_if(came.begin(), came.end(), [](const Seen& each) {
    return std::holds_alternative<v4::Ping>(each.message);
  });
  ASSERT_NE(ours, came.end());
  send_from(peer, moved, pong_of(ours->hash));
  EXPECT_EQ(core->table().find(peer.id())->contact.udp, moved);
  EXPECT_TRUE(core->table().find(peer.id())->live());
}

// --- pings of ours ---

TEST_F(Discv4Proof, PingsInFlightAndWaitingAreBounded) {
  for (std::uint32_t i = 0; i < 400; ++i) {
    const ScriptedPeer each(100 + i, "10.0.0.1:" + std::to_string(2000 + i));
    core->add_node(each.contact(), HeardBy::command, now());
  }
  send_bytes(peer.at, {});
  EXPECT_EQ(sent_in_all(), settings.limits.v4_pings_in_flight);
  EXPECT_EQ(core->counters().of(Limited::pings_queued), core->table().counts().entries -
                                                            settings.limits.v4_pings_in_flight -
                                                            settings.limits.v4_pings_queued);
}

TEST_F(Discv4Proof, StrangersPingsTakeNoPlaceOfOurOwn) {
  for (std::uint32_t i = 0; i < 200; ++i) {
    const ScriptedPeer each(100 + i, "20.7." + std::to_string(i) + ".1:30303");
    send(each, ping_of(each));
    pass(10ms);
  }
  core->add_node(other.contact(), HeardBy::command, now());
  send_bytes(peer.at, {});
  EXPECT_EQ(take<v4::Ping>(other).size(), 1u);
}

TEST_F(Discv4Proof, ALiveNodeIsAskedTwiceMoreBeforeItIsGivenUp) {
  settings.limits.v4_revalidation = 1h;
  start();
  bond(peer);
  take(peer);
  pass(1h + 5s);
  EXPECT_EQ(take<v4::Ping>(peer).size(), 1u);
  pass(25s);
  EXPECT_TRUE(is_live(peer));
  EXPECT_EQ(take<v4::Ping>(peer).size(), 1u);
  pass(100s);
  EXPECT_EQ(take<v4::Ping>(peer).size(), 1u);
  EXPECT_EQ(core->table().find_any(peer.id()), nullptr);
  const auto removed = take_updates<update::Removed>();
  ASSERT_EQ(removed.size(), 1u);
  EXPECT_EQ(removed[0].id, peer.id());
}

TEST_F(Discv4Proof, ANodeThatNeverAnsweredGoesAtOnce) {
  core->add_node(peer.contact(), HeardBy::command, now());
  pass(20s + 1s);
  EXPECT_EQ(core->table().find_any(peer.id()), nullptr);
  EXPECT_EQ(take<v4::Ping>(peer).size(), 1u);
}

}  // namespace
}  // namespace peerage::pex
