// What any discv4 node may expect of another: the behaviours that go-ethereum's conformance suite
// asks for (`devp2p discv4 test`), in words and packets of our own.
//
// The tester has a key that the node has never met, and two IPs. It waits 300 ms for a packet, as
// the suite does. All of it holds on loopback, where traffic has no limits, and between public
// addresses, where it has.
#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <ostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pex/discovery/core.h"
#include "tests/unit/pex/discovery/v4/scripted_remote.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;
using conn::ByteArray;
using conn::Bytes;
using conn::Endpoint;
using conn::IpAddress;
using test::RemotePacket;
using test::ScriptedRemote;

struct Addresses {
  const char* name;
  Endpoint node, tester, other;  // `other` is the tester's, too

  friend std::ostream& operator<<(std::ostream& out, const Addresses& addresses) {
    return out << addresses.name;
  }
};

class Conformance : public testing::TestWithParam<Addresses> {
 protected:
  static constexpr auto kPatience = 300ms;

  const Endpoint node = GetParam().node, at = GetParam().tester, other = GetParam().other;
  const Endpoint nowhere{IpAddress::v4(192, 0, 2, 0), 0};  // documentation's: nobody's address
  const Bytes later_items =
      RlpWriter().number(42).string(ByteArray<9>{9, 8, 7, 6, 5, 4, 3, 2, 1}).take();
  const ScriptedRemote tester{"the tester"};

  void SetUp() override {
    DiscoverySettings settings;
    settings.bound = node;
    core.emplace(*conn::Secp256k1Key::from_secret(conn::Secret<32>(ByteArray<32>{1})),
                 std::move(settings), conn::Random::Seed{2}, now);
    if (const auto seq = core->seq_to_store()) core->on_seq_stored(*seq, now);
    pass(0ms);
    ASSERT_TRUE(mail.empty()) << "it has nobody to talk to yet";
  }

  // --- time ---

  void pass(conn::Duration time) {
    const conn::TimePoint end = now.steady + time;
    core->on_time(now);
    collect();
    while (now.steady < end) {
      advance(std::clamp(core->next_deadline(), now.steady + 1ms, end));
      core->on_time(now);
      collect();
    }
  }
  // By the steady clock, in whole milliseconds, which the wall clock follows.
  void advance(conn::TimePoint to) {
    const auto step = std::chrono::ceil<std::chrono::milliseconds>(to - now.steady);
    now = {now.steady + step, now.wall + step};
  }
  std::uint64_t unix_time(std::chrono::seconds ahead = 20s) const {
    return static_cast<std::uint64_t>(
        std::chrono::floor<std::chrono::seconds>(now.wall + ahead).time_since_epoch().count());
  }
  // What the suites send for a time in the past.
  std::uint64_t negative_time() const { return ~unix_time() + 1; }

  // --- packets ---

  void collect() {
    for (const OutDatagram& each : core->take_datagrams()) mail[each.to].push_back(each.bytes);
  }
  // Its hash.
  ByteArray<32> send(const ScriptedRemote& whose, std::uint8_t type, const Bytes& data,
                     const Endpoint& from) {
    const Bytes datagram = whose.packet(type, data);
    core->receive({from, datagram}, now);
    collect();
    return ScriptedRemote::hash_of(datagram);
  }
  ByteArray<32> send(std::uint8_t type, const Bytes& data) { return send(tester, type, data, at); }
  Bytes ping() const { return ScriptedRemote::ping({at, node, unix_time()}); }
  Bytes find_node() const { return ScriptedRemote::find_node(ByteArray<64>{3, 1, 4}, unix_time()); }

  // The next packet that reaches the tester there; none within its patience.
  std::optional<RemotePacket> next(const Endpoint& there) {
    for (const auto end = now.steady + kPatience; mail[there].empty() && now.steady < end;) {
      pass(10ms);
    }
    if (mail[there].empty()) return std::nullopt;
    const Bytes datagram = std::move(mail[there].front());
    mail[there].pop_front();
    return RemotePacket::read(datagram);
  }
  std::optional<RemotePacket> next() { return next(at); }
  // All that come until nothing comes any more.
  std::vector<RemotePacket> rest() {
    std::vector<RemotePacket> all;
    while (const auto packet = next()) all.push_back(*packet);
    return all;
  }
  static std::vector<int> types(const std::vector<RemotePacket>& packets) {
    std::vector<int> all;
    all.reserve(packets.size());
    for (const RemotePacket& packet : packets) all.push_back(packet.type);
    return all;
  }

  void expect_pong(const RemotePacket& packet, const ByteArray<32>& ping) {
    ASSERT_EQ(packet.type, RemotePacket::pong);
    EXPECT_EQ(EnodeId::of(packet.signer), core->id());
    EXPECT_EQ(packet.answers(), ping);
    EXPECT_EQ(packet.to(), at);
    EXPECT_GE(packet.expiry(), unix_time(0s));
  }
  // Exactly one Pong and one Ping, in any order.
  void expect_ping_and_pong(const ByteArray<32>& ping) {
    std::vector<RemotePacket> packets = rest();
    ASSERT_THAT(types(packets),
                testing::UnorderedElementsAre(RemotePacket::ping, RemotePacket::pong));
    expect_pong(packets[0].type == RemotePacket::pong ? packets[0] : packets[1], ping);
  }
  // It and the node have proven themselves to one another; nothing is under way.
  void prove(const ScriptedRemote& whose, const Endpoint& there) {
    const auto sent = send(whose, RemotePacket::ping, ping(), there);
    bool pinged = false, answered = false;
    while (!pinged || !answered) {
      const auto packet = next(there);
      ASSERT_TRUE(packet) << "pinged: " << pinged << ", answered: " << answered;
      if (packet->type == RemotePacket::ping) {
        pinged = true;
        send(whose, RemotePacket::pong, ScriptedRemote::pong(node, packet->hash, unix_time()),
             there);
      } else {
        answered = true;
        ASSERT_EQ(packet->type, RemotePacket::pong);
        EXPECT_EQ(packet->answers(), sent);
      }
    }
  }
  void prove() { prove(tester, at); }

  DiscoveryTime now{conn::TimePoint{1h}, conn::WallTime{1'800'000'000s}};
  std::optional<DiscoveryCore> core;
  std::map<Endpoint, std::deque<Bytes>> mail;
};

INSTANTIATE_TEST_SUITE_P(, Conformance,
                         testing::Values(Addresses{"OnLoopback",
                                                   {IpAddress::v4(127, 0, 0, 1), 30303},
                                                   {IpAddress::v4(127, 0, 0, 1), 40001},
                                                   {IpAddress::v4(127, 0, 0, 2), 40002}},
                                         Addresses{"OnTheInternet",
                                                   {IpAddress::v4(50, 1, 0, 1), 30303},
                                                   {IpAddress::v4(60, 2, 0, 1), 40001},
                                                   {IpAddress::v4(70, 3, 0, 1), 40002}}),
                         [](const auto& each) { return each.param.name; });

// --- pings ---

TEST_P(Conformance, APingIsAnsweredByOnePongAndOnePing) {
  expect_ping_and_pong(send(RemotePacket::ping, ping()));
}

TEST_P(Conformance, APingIsAnsweredWhereverItSaysThatItGoesTo) {
  expect_ping_and_pong(send(RemotePacket::ping, ScriptedRemote::ping({at, nowhere, unix_time()})));
}

TEST_P(Conformance, APingIsAnsweredWhereItCameFromWhateverItSays) {
  expect_ping_and_pong(
      send(RemotePacket::ping, ScriptedRemote::ping({nowhere, node, unix_time()})));
}

TEST_P(Conformance, APingOfALaterVersionIsAnswered) {
  expect_ping_and_pong(
      send(RemotePacket::ping, ScriptedRemote::ping({at, node, unix_time(), later_items})));
}

TEST_P(Conformance, APingOfALaterVersionIsAnsweredWhereItCameFrom) {
  expect_ping_and_pong(
      send(RemotePacket::ping, ScriptedRemote::ping({nowhere, node, unix_time(), later_items})));
}

TEST_P(Conformance, APingOfThePastIsNotAnswered) {
  for (const std::uint64_t past : {negative_time(), unix_time(-1s)}) {
    send(RemotePacket::ping, ScriptedRemote::ping({at, node, past}));
    EXPECT_FALSE(next()) << past;
  }
}

TEST_P(Conformance, APacketOfAnUnknownTypeIsNotAnswered) {
  for (const std::uint8_t type : std::to_array<std::uint8_t>({0, 7, 66, 255})) {
    send(type, ping());
    EXPECT_FALSE(next()) << int{type};
  }
}

TEST_P(Conformance, WhoHasProvenItselfIsAnsweredWhereItCameFromWhateverItsPingSays) {
  prove();
  const auto sent = send(RemotePacket::ping, ScriptedRemote::ping({nowhere, node, unix_time()}));
  auto packet = next();
  while (packet && packet->type == RemotePacket::find_node) packet = next();
  ASSERT_TRUE(packet);
  expect_pong(*packet, sent);
}

// --- questions ---

TEST_P(Conformance, AFindNodeWithoutAProofIsNotAnswered) {
  send(RemotePacket::find_node, find_node());
  EXPECT_FALSE(next());
}

TEST_P(Conformance, AFindNodeAfterTheProofIsAnsweredNext) {
  prove();
  send(RemotePacket::find_node, find_node());
  const auto packet = next();
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->type, RemotePacket::neighbors);
}

TEST_P(Conformance, ANodeThatNobodyAskedAboutIsNotToldToOthers) {
  prove();
  const ByteArray<64> told = ScriptedRemote("told").key().xy();
  send(RemotePacket::neighbors,
       ScriptedRemote::neighbors({{{IpAddress::v4(1, 2, 3, 4), 30303}, told}}, unix_time()));
  send(RemotePacket::find_node, ScriptedRemote::find_node(told, unix_time()));
  const auto packet = next();
  ASSERT_TRUE(packet);
  ASSERT_EQ(packet->type, RemotePacket::neighbors);
  EXPECT_THAT(packet->nodes(), testing::Not(testing::Contains(told)));
}

TEST_P(Conformance, AFindNodeOfThePastIsNotAnswered) {
  prove();
  for (const std::uint64_t past : {negative_time(), unix_time(-1s)}) {
    send(RemotePacket::find_node, ScriptedRemote::find_node(ByteArray<64>{3, 1, 4}, past));
    EXPECT_THAT(types(rest()), testing::Not(testing::Contains(RemotePacket::neighbors))) << past;
  }
}

TEST_P(Conformance, AnEnrRequestAfterTheProofIsAnsweredNextByOurRecord) {
  prove();
  const auto sent = send(RemotePacket::enr_request, ScriptedRemote::enr_request(unix_time()));
  const auto packet = next();
  ASSERT_TRUE(packet);
  ASSERT_EQ(packet->type, RemotePacket::enr_response);
  EXPECT_EQ(packet->answers(), sent);
  const auto record = Enr::decode(packet->record());
  ASSERT_TRUE(record);
  EXPECT_EQ((*record)->id(), core->id());
}

// --- what would make us a weapon against others ---

TEST_P(Conformance, APongOfAnotherHashProvesNothing) {
  send(RemotePacket::ping, ping());
  EXPECT_EQ(rest().size(), 2u);
  send(RemotePacket::pong, ScriptedRemote::pong(node, ByteArray<32>{}, unix_time()));
  send(RemotePacket::find_node, find_node());
  EXPECT_THAT(types(rest()), testing::Not(testing::Contains(RemotePacket::neighbors)));
}

TEST_P(Conformance, AProofHoldsForItsIpAlone) {
  prove();
  send(tester, RemotePacket::find_node, find_node(), other);
  EXPECT_FALSE(next(other));
}

TEST_P(Conformance, AProofHoldsForItsKeyAlone) {
  prove(ScriptedRemote("somebody else"), at);
  send(RemotePacket::find_node, find_node());
  EXPECT_FALSE(next());
}

}  // namespace
}  // namespace peerage::pex
