// What must come before a question, and that no question is taken for one that was put before.
#include <set>

#include "tests/unit/pex/discovery/core_fixture.h"

namespace peerage::pex {
namespace {

class Discv4Question : public CoreTest {
 protected:
  const ScriptedPeer peer{1, "20.1.1.1:30303"}, told{2, "21.1.1.1:30303"};

  // It answers pings, and asks nothing: it holds a proof of us from before.
  std::vector<v4::PacketHash> answer_pings(const ScriptedPeer& from) {
    std::vector<v4::PacketHash> answered;
    std::vector<Seen> others;
    for (const Seen& each : take(from)) {
      if (std::holds_alternative<v4::Ping>(each.message)) {
        send(from, pong_of(each.hash));
        answered.push_back(each.hash);
      } else {
        others.push_back(each);
      }
    }
    seen[from.at] = std::move(others);
    return answered;
  }
  void pass_answering(conn::Duration time, std::initializer_list<const ScriptedPeer*> peers) {
    for (const auto end = steady + time; steady < end;) {
      pass(10ms);
      for (const ScriptedPeer* each : peers) answer_pings(*each);
    }
  }
};

TEST_F(Discv4Question, WhoNeedsNoProofOfUsIsAskedInTheLookupThatFoundIt) {
  settings.lookups = Switched::on;
  settings.boot = {peer.contact()};
  start();
  // A ping, half a second in which it could ping us, the question.
  pass_answering(2s, {&peer});
  ASSERT_EQ(take<v4::FindNode>(peer).size(), 1u);
  send(peer, v4::Neighbors{{told.node()}, soon()});
  pass_answering(1s, {&peer, &told});
  EXPECT_EQ(take<v4::FindNode>(told).size(), 1u);
}

TEST_F(Discv4Question, TwoPingsOfOneMomentAreTwoPackets) {
  start();
  std::set<v4::PacketHash> hashes;
  for (int i = 0; i < 3; ++i) {
    core->ping(peer.contact(), Protocol::v4, now(), [](const auto& took) { EXPECT_TRUE(took); });
    send_bytes(peer.at, {});
    for (const v4::PacketHash& hash : answer_pings(peer)) hashes.insert(hash);
  }
  EXPECT_EQ(hashes.size(), 3u);
}

TEST_F(Discv4Question, TwoOfOneMomentAreTwoPacketsAndSoAreTheirAnswers) {
  start();
  bond(peer);
  take(peer);
  const v4::WireKey target{7};
  std::set<v4::PacketHash> questions, answers;
  for (int i = 0; i < 2; ++i) {
    core->lookup(LookupTarget::of(target), Protocol::v4, now(), [](const auto&) {});
    send(peer, v4::FindNode{target, soon() + static_cast<std::uint64_t>(i)});
    for (const Seen& each : take(peer)) {
      (std::holds_alternative<v4::FindNode>(each.message) ? questions : answers).insert(each.hash);
    }
    send(peer, v4::Neighbors{{}, soon() + static_cast<std::uint64_t>(i)});
  }
  EXPECT_EQ(questions.size(), 2u);
  EXPECT_EQ(answers.size(), 2u);
}

}  // namespace
}  // namespace peerage::pex
