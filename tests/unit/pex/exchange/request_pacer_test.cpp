#include "pex/exchange/request_pacer.h"

#include <optional>
#include <random>

#include <gtest/gtest.h>

namespace peerage::pex {
namespace {

using conn::NodeId;
using conn::TimePoint;
using namespace std::chrono_literals;

const NodeId kPeer(conn::ByteArray<NodeId::kBytes>{1});

class RequestPacerTest : public ::testing::Test {
 protected:
  bool ask() {
    if (!pacer.may_ask(kPeer, now)) return false;
    pacer.on_asked(kPeer, now);
    return true;
  }
  bool ask_and_hear() { return ask() && pacer.on_list(kPeer); }

  RequestPacer pacer;
  TimePoint now{1h};
};

TEST_F(RequestPacerTest, TwoRequestsAreFreeAndOthersTwelveSecondsApart) {
  pacer.on_connected(kPeer, now);
  EXPECT_TRUE(ask_and_hear());
  EXPECT_TRUE(ask_and_hear());
  EXPECT_FALSE(ask());
  now += 12s - 1ns;
  EXPECT_FALSE(ask());
  now += 1ns;
  EXPECT_TRUE(ask_and_hear());
  EXPECT_FALSE(ask());
}

TEST_F(RequestPacerTest, OneRequestIsUnderWayAtATime) {
  pacer.on_connected(kPeer, now);
  EXPECT_TRUE(ask());
  EXPECT_TRUE(pacer.waits_for(kPeer));
  now += 24h;
  EXPECT_FALSE(ask());
  EXPECT_TRUE(pacer.on_list(kPeer));
  EXPECT_FALSE(pacer.waits_for(kPeer));
  EXPECT_TRUE(ask());
}

TEST_F(RequestPacerTest, AnUnsolicitedListIsRecognised) {
  EXPECT_FALSE(pacer.on_list(kPeer));
  pacer.on_connected(kPeer, now);
  EXPECT_FALSE(pacer.on_list(kPeer));
  ask();
  EXPECT_TRUE(pacer.on_list(kPeer));
  EXPECT_FALSE(pacer.on_list(kPeer));
}

TEST_F(RequestPacerTest, OnlyAConnectedPeerIsAsked) {
  EXPECT_FALSE(ask());
  pacer.on_connected(kPeer, now);
  pacer.on_gone(kPeer);
  EXPECT_FALSE(ask());
}

TEST_F(RequestPacerTest, APeerThatComesBackSoonHasTheFreeRequestsThatWereLeft) {
  pacer.on_connected(kPeer, now);
  EXPECT_TRUE(ask());
  pacer.on_gone(kPeer);
  now += 5s;
  pacer.on_connected(kPeer, now);
  EXPECT_FALSE(pacer.waits_for(kPeer));
  EXPECT_TRUE(ask_and_hear());
  EXPECT_FALSE(ask());
  pacer.on_gone(kPeer);
  pacer.on_connected(kPeer, now);
  EXPECT_FALSE(ask());
  now += 12s;
  EXPECT_TRUE(ask());
}

TEST_F(RequestPacerTest, APeerThatComesBackLateHasItsFreeRequestsAgain) {
  pacer.on_connected(kPeer, now);
  EXPECT_TRUE(ask_and_hear());
  EXPECT_TRUE(ask_and_hear());
  now += 12s;
  pacer.on_gone(kPeer);
  pacer.on_connected(kPeer, now);
  EXPECT_TRUE(ask_and_hear());
  EXPECT_TRUE(ask_and_hear());
  EXPECT_FALSE(ask());
}

// What a Go node does with our requests: receiveRequest, on each connection.
class GoPeer {
 public:
  void connect() { last_.reset(), free_ = 2; }
  bool accepts(TimePoint now) {
    if (free_ > 0) {
      --free_;
      last_ = now;
      return true;
    }
    if (now - *last_ < 10s) return false;
    last_ = now;
    return true;
  }

 private:
  int free_ = 2;
  std::optional<TimePoint> last_;
};

TEST_F(RequestPacerTest, AGoNodeNeverHasAReasonToBanUs) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    GoPeer peer;
    pacer.on_connected(kPeer, now);
    for (int step = 0; step < 200; ++step) {
      now += std::chrono::milliseconds(random() % 3000);
      if (random() % 50 == 0) {
        pacer.on_gone(kPeer);
        pacer.on_connected(kPeer, now);
        peer.connect();
      }
      if (!ask()) continue;
      // The network delays each by up to a second.
      ASSERT_TRUE(peer.accepts(now + std::chrono::milliseconds(random() % 1000)));
      ASSERT_TRUE(pacer.on_list(kPeer));
    }
    pacer.on_gone(kPeer);
  }
}

}  // namespace
}  // namespace peerage::pex
