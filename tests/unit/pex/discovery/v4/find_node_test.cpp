// Who is told to whom, and what is believed of what we are told.
#include "tests/unit/pex/discovery/core_fixture.h"

namespace peerage::pex {
namespace {

class Discv4FindNode : public CoreTest {
 protected:
  Discv4FindNode() { start(); }
  const ScriptedPeer peer{1, "20.1.1.1:30303"};

  static ScriptedPeer public_peer(std::uint32_t number) {
    return {number,
            "21." + std::to_string(number / 256) + "." + std::to_string(number % 256) + ".1:30303"};
  }
  std::vector<v4::WireNode> ask(const ScriptedPeer& asker, const v4::WireKey& target) {
    take(asker);
    pass(1s);
    send(asker, v4::FindNode{target, soon()});
    std::vector<v4::WireNode> told;
    for (const auto& [hash, neighbors] : take<v4::Neighbors>(asker)) {
      told.insert(told.end(), neighbors.nodes.begin(), neighbors.nodes.end());
    }
    return told;
  }
  // A lookup of ours that asks `peer`, and the FindNode that came of it.
  void look_up(const v4::WireKey& target = {7}) {
    core->lookup(LookupTarget::of(target), Protocol::v4, now(),
                 [this](auto found) { found_ = found.value(); });
    send_bytes(peer.at, {});
  }
  bool is_known(const ScriptedPeer& node) const {
    return core->table().find_any(node.id()) != nullptr;
  }
  std::optional<std::vector<Contact>> found_;
};

TEST_F(Discv4FindNode, WithNobodyToTellAnEmptyAnswerIsGiven) {
  bond(peer);
  take(peer);
  send(peer, v4::FindNode{{1}, soon()});
  const auto answers = take<v4::Neighbors>(peer);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_TRUE(answers[0].second.nodes.empty());
}

TEST_F(Discv4FindNode, TheSixteenClosestAreToldInPacketsOfTwelveAtMost) {
  settings.limits.bucket_entries = settings.limits.bucket_inbound = 32;
  start();
  for (std::uint32_t i = 10; i < 40; ++i) bond(public_peer(i));
  bond(peer);
  take(peer);
  const v4::WireKey target{42};
  send(peer, v4::FindNode{target, soon()});
  const auto answers = take<v4::Neighbors>(peer);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].second.nodes.size(), 12u);
  EXPECT_EQ(answers[1].second.nodes.size(), 4u);
  const EnodeId id = LookupTarget::of(target).id;
  std::vector<EnodeId> told;
  for (const auto& answer : answers) {
    for (const v4::WireNode& node : answer.second.nodes) {
      told.push_back(LookupTarget::of(node.key).id);
    }
  }
  std::vector<EnodeId> all;
  for (std::uint32_t i = 10; i < 40; ++i) all.push_back(public_peer(i).id());
  std::sort(all.begin(), all.end(),
            [&](const EnodeId& a, const EnodeId& b) { return compare_distance(id, a, b) < 0; });
  all.resize(16);
  EXPECT_EQ(told, all);
}

TEST_F(Discv4FindNode, ATargetThatIsNoPointIsAnswered) {
  bond(peer);
  take(peer);
  v4::WireKey no_point;
  no_point.fill(0xff);
  send(peer, v4::FindNode{no_point, soon()});
  EXPECT_EQ(take<v4::Neighbors>(peer).size(), 1u);
}

TEST_F(Discv4FindNode, TheAskerIsNotToldOfItself) {
  bond(peer);
  bond(public_peer(10));
  const auto told = ask(peer, peer.key.public_key().xy());
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0], public_peer(10).node());
}

TEST_F(Discv4FindNode, WhoHasNotAnsweredIsNotTold) {
  bond(peer);
  core->add_node(public_peer(10).contact(), HeardBy::command, now());
  EXPECT_TRUE(ask(peer, {1}).empty());
}

TEST_F(Discv4FindNode, PrivateAddressesAreToldToPrivateAddressesAlone) {
  const ScriptedPeer near(2, "10.0.0.1:30303");
  const ScriptedPeer nearer(3, "127.0.0.1:30303");
  for (const ScriptedPeer* each : {&peer, &near, &nearer}) bond(*each);
  EXPECT_TRUE(ask(peer, {1}).empty());
  EXPECT_EQ(ask(near, {1}), std::vector{peer.node()}) << "loopback is for loopback";
  EXPECT_EQ(ask(nearer, {1}).size(), 2u);
}

TEST_F(Discv4FindNode, OnlyNodesOfOurNetworkAreToldWhereThatIsWanted) {
  settings.only_confirmed_neighbors = Switched::on;
  settings.p2p = P2pIdentity{conn::NodeId{}, {"ours"}, 26656};
  start();
  bond(peer);
  bond(public_peer(10));
  EXPECT_TRUE(ask(peer, {1}).empty());
}

// --- what we are told ---

TEST_F(Discv4FindNode, NeighborsThatNobodyAskedForTeachNothing) {
  bond(peer);
  const ScriptedPeer injected(5, "1.2.3.4:30303");
  send(peer, v4::Neighbors{{injected.node()}, soon()});
  EXPECT_EQ(dropped(Drop::unsolicited), 1u);
  EXPECT_FALSE(is_known(injected));
  EXPECT_TRUE(ask(peer, injected.key.public_key().xy()).empty());
}

TEST_F(Discv4FindNode, ALookupAsksWhoHasPingedUsAtOnce) {
  bond(peer);
  take(peer);
  look_up();
  const auto asked = take<v4::FindNode>(peer);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].second.target, v4::WireKey{7});
}

TEST_F(Discv4FindNode, WhomWeAreToldOfIsPingedAndTaken) {
  bond(peer);
  look_up();
  const ScriptedPeer told(5, "22.1.1.1:30303");
  send(peer, v4::Neighbors{{told.node()}, soon()});
  EXPECT_TRUE(is_known(told));
  EXPECT_FALSE(is_live(told));
  EXPECT_EQ(take<v4::Ping>(told).size(), 1u);
}

TEST_F(Discv4FindNode, AnAnswerFromAnotherAddressIsIgnored) {
  bond(peer);
  look_up();
  const ScriptedPeer told(5, "22.1.1.1:30303");
  send_from(peer, conn::Endpoint::parse("20.1.1.2:30303").value(),
            v4::Neighbors{{told.node()}, soon()});
  EXPECT_EQ(dropped(Drop::wrong_source), 1u);
  EXPECT_FALSE(is_known(told));
}

TEST_F(Discv4FindNode, APacketThatBringsMoreThanSixteenIsIgnoredWhole) {
  bond(peer);
  look_up();
  v4::Neighbors twelve{{}, soon()};
  v4::Neighbors five{{}, soon()};
  for (std::uint32_t i = 10; i < 22; ++i) twelve.nodes.push_back(public_peer(i).node());
  for (std::uint32_t i = 30; i < 35; ++i) five.nodes.push_back(public_peer(i).node());
  send(peer, twelve);
  send(peer, five);
  EXPECT_EQ(dropped(Drop::too_many), 1u);
  for (std::uint32_t i = 30; i < 35; ++i) EXPECT_FALSE(is_known(public_peer(i)));
  five.nodes.pop_back();
  send(peer, five);
  EXPECT_TRUE(is_known(public_peer(30))) << "sixteen in all are an answer";
  five.nodes = {public_peer(50).node()};
  send(peer, five);
  EXPECT_FALSE(is_known(public_peer(50))) << "after the sixteenth nothing is waited for";
}

TEST_F(Discv4FindNode, ABadNodeIsSkippedAndTheOthersAreTaken) {
  const ScriptedPeer banned(6, "22.6.6.6:30303");
  core->ban(banned.id(), {}, conn::BanOrigin::operator_, now());
  bond(peer);
  look_up();
  const ScriptedPeer good(5, "22.1.1.1:30303");
  v4::Neighbors answer{{}, soon()};
  std::uint32_t number = 20;
  for (const char* at :
       {"0.0.0.0:30303", "127.0.0.1:30303", "10.0.0.1:30303", "169.254.169.254:30303",
        "192.0.2.1:30303", "22.2.2.2:0", "22.2.2.2:80", "255.255.255.255:30303"}) {
    answer.nodes.push_back(ScriptedPeer(number++, at).node());
  }
  v4::WireNode no_point = good.node();
  no_point.key.fill(0xff);
  v4::WireNode no_ip = ScriptedPeer(number, "22.3.3.3:30303").node();
  no_ip.endpoint.ip.reset();
  v4::WireNode ourselves = good.node();
  ourselves.key = test::secp256k1_key(9000).public_key().xy();
  for (const v4::WireNode& each : {no_point, ourselves, banned.node(), good.node(), good.node()}) {
    answer.nodes.push_back(each);
  }
  const std::uint64_t before = sent_in_all();
  send(peer, answer);
  EXPECT_TRUE(is_known(good));
  EXPECT_EQ(core->table().counts().entries, 2u);
  EXPECT_EQ(dropped(Drop::bad_node), answer.nodes.size() - 1);
  EXPECT_EQ(take<v4::Ping>(good).size(), 1u);
  EXPECT_EQ(sent_in_all() - before, 1u) << "and nobody else is sent anything";
}

TEST_F(Discv4FindNode, ManyNodesAtOneAddressAreSentThreePingsAMinuteAtMost) {
  settings.limits.network_in_bucket = settings.limits.network_in_table = 1000;
  start();
  bond(peer);
  std::vector<conn::Endpoint> victims;
  for (std::uint32_t round = 0; round < 40; ++round) {
    look_up({static_cast<std::uint8_t>(round + 1)});
    v4::Neighbors answer{{}, soon() + round};
    for (std::uint32_t i = 0; i < 16; ++i) {
      const ScriptedPeer each(1000 + 16 * round + i,
                              "22.1.1.1:" + std::to_string(2000 + 16 * round + i));
      answer.nodes.push_back(each.node());
      victims.push_back(each.at);
    }
    v4::Neighbors rest{{answer.nodes.begin() + 12, answer.nodes.end()}, answer.expires};
    answer.nodes.resize(12);
    send(peer, answer);
    send(peer, rest);
    pass(1s);
  }
  std::size_t pings = 0;
  for (const conn::Endpoint& each : victims) pings += take(each).size();
  EXPECT_GE(pings, 1u);
  EXPECT_LE(pings, 3u);
}

// --- how a question goes ---

TEST_F(Discv4FindNode, WhoDoesNotKnowUsIsPingedAndAskedWhenItHasPingedBack) {
  core->add_node(peer.contact(), HeardBy::command, now());
  send_bytes(peer.at, {});
  const auto ours = take<v4::Ping>(peer);
  send(peer, pong_of(ours.at(0).first));
  look_up();
  const auto again = take(peer);
  ASSERT_EQ(again.size(), 1u);
  ASSERT_TRUE(std::holds_alternative<v4::Ping>(again[0].message));
  send(peer, pong_of(again[0].hash));
  EXPECT_TRUE(take(peer).empty()) << "its own ping is waited for";
  pass(100ms);
  send(peer, ping_of(peer));
  const auto came = take(peer);
  ASSERT_EQ(came.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<v4::Pong>(came[0].message));
  EXPECT_TRUE(std::holds_alternative<v4::FindNode>(came[1].message));
}

TEST_F(Discv4FindNode, WhoDoesNotPingBackIsAskedAfterHalfASecond) {
  core->add_node(peer.contact(), HeardBy::command, now());
  send_bytes(peer.at, {});
  send(peer, pong_of(take<v4::Ping>(peer).at(0).first));
  look_up();
  send(peer, pong_of(take<v4::Ping>(peer).at(0).first));
  pass(499ms);
  EXPECT_TRUE(take(peer).empty());
  pass(1ms);
  EXPECT_EQ(take<v4::FindNode>(peer).size(), 1u);
}

TEST_F(Discv4FindNode, OneSignatureServesManyNodesForFiveSeconds) {
  for (std::uint32_t i = 10; i < 13; ++i) bond(public_peer(i));
  for (std::uint32_t i = 10; i < 13; ++i) take(public_peer(i));
  look_up();
  std::set<v4::PacketHash> hashes;
  for (std::uint32_t i = 10; i < 13; ++i) {
    const auto asked = take<v4::FindNode>(public_peer(i));
    ASSERT_EQ(asked.size(), 1u);
    hashes.insert(asked[0].first);
  }
  EXPECT_EQ(hashes.size(), 1u);
}

// It would take it for a repeat.
TEST_F(Discv4FindNode, TheSameNodeIsNeverSentTheSamePacketTwice) {
  bond(peer);
  std::set<v4::PacketHash> hashes;
  for (int i = 0; i < 3; ++i) {
    take(peer);
    look_up();
    const auto asked = take<v4::FindNode>(peer);
    ASSERT_EQ(asked.size(), 1u);
    hashes.insert(asked[0].first);
    send(peer, v4::Neighbors{{}, soon() + static_cast<std::uint64_t>(i)});
  }
  EXPECT_EQ(hashes.size(), 3u);
}

// With nothing in it but the same second.
TEST_F(Discv4FindNode, ASecondAnswerThatIsTheSamePacketIsTakenForAnAnswer) {
  bond(peer);
  const v4::Neighbors nobody{{}, soon()};
  for (int i = 0; i < 2; ++i) {
    found_.reset();
    look_up();
    send(peer, nobody);
    ASSERT_TRUE(found_);
    EXPECT_EQ(found_->size(), 1u);
  }
}

// It may not have had our Pong, and drop what we ask.
TEST_F(Discv4FindNode, WhoIsSilentAtTheFirstQuestionIsPingedBeforeTheNext) {
  bond(peer);
  take(peer);
  look_up();
  pass(21s);
  EXPECT_EQ(take<v4::FindNode>(peer).size(), settings.limits.find_tries);
  look_up();
  const auto came = take(peer);
  ASSERT_EQ(came.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<v4::Ping>(came[0].message));
}

TEST_F(Discv4FindNode, WhoHasAnsweredAndIsSilentThenIsPingedBeforeTheNextToo) {
  settings.limits.v4_revalidation = 100h;
  start();
  bond(peer);
  look_up();
  send(peer, v4::Neighbors{{}, soon()});
  take(peer);
  look_up();
  pass(21s);
  EXPECT_EQ(take<v4::FindNode>(peer).size(), settings.limits.find_tries);
  look_up();
  const auto came = take(peer);
  ASSERT_EQ(came.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<v4::Ping>(came[0].message));
  EXPECT_TRUE(is_known(peer)) << "its bucket is not half full";
}

}  // namespace
}  // namespace peerage::pex
