// Lookups of the timer, and what must come before a question: a lookup waits for that.
#include "tests/unit/pex/discovery/core_fixture.h"

namespace peerage::pex {
namespace {

class Discv4Lookups : public CoreTest {
 protected:
  const ScriptedPeer peer{1, "20.1.1.1:30303"}, told{2, "21.1.1.1:30303"};

  // It answers pings, and asks nothing: it holds a proof of us from before.
  void answer_pings(const ScriptedPeer& from) {
    std::vector<Seen> others;
    for (const Seen& each : take(from)) {
      if (std::holds_alternative<v4::Ping>(each.message)) {
        send(from, pong_of(each.hash));
      } else {
        others.push_back(each);
      }
    }
    seen[from.at] = std::move(others);
  }
  void pass_answering(conn::Duration time, std::initializer_list<const ScriptedPeer*> peers) {
    for (const auto end = steady + time; steady < end;) {
      pass(10ms);
      for (const ScriptedPeer* each : peers) answer_pings(*each);
    }
  }
};

TEST_F(Discv4Lookups, WhoNeedsNoProofOfUsIsAskedInTheLookupThatFoundIt) {
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

}  // namespace
}  // namespace peerage::pex
