#include "cmd/discovery/who_answers.h"

#include <gtest/gtest.h>

#include "pex/discovery/discovery_reason.h"
#include "pex/discovery/v4/wire.h"
#include "tests/sim/sim_world.h"
#include "tests/support/secp256k1_keys.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using conn::Reason;
namespace v4 = pex::v4;

struct WhoAnswersTest : testing::Test {
  sim::SimWorld world{3};
  sim::SimHost& here = world.add_host({conn::IpAddress::v4(10, 0, 0, 1)});
  sim::SimHost& there = world.add_host({conn::IpAddress::v4(10, 1, 0, 1)});
  conn::Endpoint at{conn::IpAddress::v4(10, 1, 0, 1), 30303};
  conn::Secp256k1Key key = test::secp256k1_key(7u);
  std::unique_ptr<conn::DatagramSocket> socket;
  std::vector<v4::PacketHash> pings;  // that came
  unsigned deaf = 0;                  // so many it does not answer

  void open(sim::SimHost& host, const conn::Endpoint& endpoint) {
    auto opened = host.open_datagrams(host.shard(0), endpoint, v4::kMaxPacket + 1);
    ASSERT_TRUE(opened);
    socket = std::move(*opened);
    listen();
  }
  void listen() {
    socket->when_readable([this] {
      for (const conn::Datagram& datagram : socket->receive()) {
        pings.push_back(v4::read_hash(datagram.bytes).value());
        if (pings.size() > deaf) answer(pings.back(), datagram.peer);
      }
      listen();
    });
  }
  virtual void answer(const v4::PacketHash& ping, const conn::Endpoint& to) {
    send(v4::Pong{{to.ip, to.port, 0}, ping, 0, 12}, to);
  }
  void send(const v4::Message& message, const conn::Endpoint& to) {
    conn::Bytes packet = v4::encode(message);
    v4::sign(key, packet);
    const conn::Datagram datagram{to, packet};
    socket->send({&datagram, 1});
  }
  conn::Result<Answerer> who() {
    std::optional<conn::Result<Answerer>> found;
    const auto running =
        start_who_answers(here, here.shard(0), at, 3s, [&](auto got) { found = std::move(got); });
    EXPECT_FALSE(found) << "never inside the call";
    EXPECT_TRUE(world.run_until([&] { return found.has_value(); }, 10s));
    return *found;
  }
};

TEST_F(WhoAnswersTest, TheKeyIsThatWhichSignedThePong) {
  open(there, at);
  const auto found = who();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->key, key.public_key());
  EXPECT_EQ(found->answer.seq, 12u);
  EXPECT_EQ(found->answer.sees_us_at->ip, conn::IpAddress::v4(10, 0, 0, 1));
  EXPECT_GT(found->answer.round_trip, 0ms);
  EXPECT_EQ(pings.size(), 1u);
}

TEST_F(WhoAnswersTest, ADatagramThatIsLostIsSentAgainAndIsNoRepeat) {
  deaf = 2;
  open(there, at);
  EXPECT_TRUE(who());
  ASSERT_EQ(pings.size(), 3u);
  EXPECT_NE(pings[0], pings[1]);
  EXPECT_NE(pings[1], pings[2]);
}

TEST_F(WhoAnswersTest, SilenceIsNoAnswer) {
  deaf = 1000;
  open(there, at);
  EXPECT_EQ(who().error().reason, Reason(pex::DiscoveryReason::no_answer));
  EXPECT_EQ(pings.size(), 3u);
}

TEST_F(WhoAnswersTest, APongToAnotherPingIsNone) {
  struct Forger final : WhoAnswersTest {
    void TestBody() override {}
    void answer(const v4::PacketHash&, const conn::Endpoint& to) override {
      send(v4::Pong{{to.ip, to.port, 0}, v4::PacketHash{}, 0, 12}, to);
    }
  } forger;
  forger.open(forger.there, forger.at);
  EXPECT_FALSE(forger.who());
}

TEST_F(WhoAnswersTest, GarbageIsPassedOver) {
  struct Stammerer final : WhoAnswersTest {
    void TestBody() override {}
    void answer(const v4::PacketHash& ping, const conn::Endpoint& to) override {
      const conn::Bytes garbage(200, 7);
      const conn::Datagram datagram{to, garbage};
      socket->send({&datagram, 1});
      send(v4::EnrRequest{0}, to);
      WhoAnswersTest::answer(ping, to);
    }
  } stammerer;
  stammerer.open(stammerer.there, stammerer.at);
  EXPECT_TRUE(stammerer.who());
}

}  // namespace
}  // namespace peerage::cmd
