// What has been done to discovery servers elsewhere, and what must come of it here.
#include <algorithm>
#include <set>

#include "pex/discovery/relay_rule.h"
#include "tests/support/discovery_nodes.h"
#include "tests/unit/pex/discovery/core_fixture.h"

namespace peerage::pex {
namespace {

using conn::Bytes;
using conn::Endpoint;

class HostileWorld : public CoreTest {
 protected:
  // Datagrams of strangers, each from a network of its own: nonsense, nonsense that is hashed, and
  // well-made packets of keys that nobody knows, by turns.
  void flood(std::size_t datagrams) {
    for (std::size_t i = 0; i < datagrams; ++i) {
      const Endpoint from = test::public_endpoint(++flooded % 200'000 + 1000);
      Bytes packet = packets[flooded % packets.size()];
      packet.back() = static_cast<std::uint8_t>(flooded);
      if (flooded % 3 != 0) rehash(packet);
      core->receive({from, packet}, now());
    }
    pass(0s);
  }
  // What a forger can do without a key: the signature then names somebody, whoever that is.
  static void rehash(Bytes& packet) {
    const auto hash = conn::keccak256(conn::ByteView(packet).subspan(v4::kHashBytes));
    std::copy(hash.begin(), hash.end(), packet.begin());
  }
  std::vector<Bytes> made_packets() const {
    const auto key = test::secp256k1_key(77);
    std::vector<Bytes> made;
    for (const v4::Message& each : std::initializer_list<v4::Message>{
             v4::Ping{.from = {}, .to = {}, .expires = soon() + 1000},
             v4::Pong{{}, {}, soon() + 1000, {}}, v4::FindNode{{1}, soon() + 1000},
             v4::Neighbors{{}, soon() + 1000}, v4::EnrRequest{soon() + 1000},
             v4::EnrResponse{{}, {0xc0}}}) {
      made.push_back(v4::encode(each));
      v4::sign(key, made.back());
      made.back().push_back(0);  // what follows a message is ignored
    }
    return made;
  }

  const ScriptedPeer peer{1, "20.1.1.1:30303"};
  std::vector<Bytes> packets = made_packets();
  std::uint32_t flooded = 0;
};

TEST_F(HostileWorld, AFloodOfStrangersKeepsNeitherALookupNorAPeerFromItsAnswer) {
  start();
  bond(peer);
  pass(2s);
  bool found = false;
  core->lookup(LookupTarget::of(v4::WireKey{5}), Protocol::v4, now(),
               [&](const auto& result) { found = result && result->size() == 1; });
  for (int round = 0; round < 20; ++round) {
    flood(500);
    pass(10ms);
  }
  send(peer, ping_of(peer));
  std::size_t pongs = 0;
  for (const Seen& each : take(peer)) {
    if (std::holds_alternative<v4::Pong>(each.message)) ++pongs;
    if (std::holds_alternative<v4::FindNode>(each.message)) {
      flood(500);
      send(peer, v4::Neighbors{{}, soon()});
    }
  }
  pass(1s);
  EXPECT_EQ(pongs, 1u);
  EXPECT_TRUE(found);
}

TEST_F(HostileWorld, AFloodOfStrangersTakesNoPlaceAndLeavesAnEmptyQueue) {
  start();
  for (int round = 0; round < 20; ++round) {
    flood(1000);
    pass(50ms);
  }
  EXPECT_EQ(core->table().counts().entries, 0u) << "none has proven itself";
  EXPECT_EQ(core->datagrams_waiting(), 0u);
  EXPECT_GT(dropped(Drop::costly) + dropped(Drop::no_protocol), 0u);
}

TEST_F(HostileWorld, OfAFloodOfLargeDatagramsAPartIsReadAndAProvenPeerIsHeard) {
  start();
  bond(peer);
  take(peer);
  static constexpr std::size_t kDatagrams = 30'000;
  const Bytes nonsense(v4::kMaxPacket, 1);
  for (std::size_t i = 0; i < kDatagrams; ++i) {
    core->receive({test::public_endpoint(++flooded + 1000), nonsense}, now());
    if (i % 1000 == 999) pass(1s / 30);
  }
  const std::uint64_t read = dropped(Drop::no_protocol);
  EXPECT_EQ(read + dropped(Drop::costly), kDatagrams);
  EXPECT_LE(read * nonsense.size(), settings.limits.hashed_rate * 11 / 10);
  EXPECT_GT(dropped(Drop::costly), kDatagrams / 2);
  v4::Ping ping = ping_of(peer);
  ++ping.expires;  // another than the first
  send(peer, ping);
  EXPECT_EQ(take<v4::Pong>(peer).size(), 1u);
}

// Each ping that is answered is followed by ours, whose answer we wait for.
TEST_F(HostileWorld, FurtherPingsAreNotTakenForTheAnswerToOurs) {
  settings.limits.costly_rate = 100;
  start();
  for (std::uint64_t round = 0; round < 3; ++round) {
    for (std::uint32_t i = 0; i < 50; ++i) {
      const ScriptedPeer stranger(100 + i, "10.0.0." + std::to_string(i + 1) + ":30303");
      v4::Ping ping = ping_of(stranger);
      ping.expires += round;
      send(stranger, ping);
    }
  }
  const auto& sent = core->counters().traffic[index_of(Protocol::v4)].packets_out;
  // Half of what is saved up for a tenth of a second: the other half is for the proven.
  EXPECT_EQ(sent[static_cast<std::size_t>(MessageKind::pong)], 5u);
}

TEST_F(HostileWorld, AfterEveryKindOfBadPacketANormalPingIsAnswered) {
  start();
  for (const std::size_t size : {0u, 1u, 62u, 97u, 98u, 1280u, 1281u, 60'000u}) {
    send_bytes(peer.at, Bytes(size, 0xa5));
  }
  for (const Bytes& whole : packets) {
    for (std::size_t at = v4::kHashBytes; at < whole.size(); ++at) {
      Bytes packet = whole;
      packet[at] ^= 0xff;
      rehash(packet);
      // From its own address it would use up what an address may send.
      send_bytes(test::public_endpoint(static_cast<std::uint32_t>(1000 + at)), packet);
      packet.resize(at);
      if (at > v4::kHeadBytes) rehash(packet);
      send_bytes(test::public_endpoint(static_cast<std::uint32_t>(1000 + at)), packet);
    }
    pass(1s);
  }
  pass(10s);
  send(peer, ping_of(peer));
  EXPECT_EQ(take<v4::Pong>(peer).size(), 1u);
  EXPECT_EQ(conn::secp256k1_illegal_uses(), 0u);
}

TEST_F(HostileWorld, ManyIdsBehindOneNetworkGetTenPlaces) {
  start();
  std::size_t proven = 0;
  for (std::uint32_t i = 0; i < 120; ++i) {
    const ScriptedPeer sybil(500 + i, "20.5.5." + std::to_string(i + 1) + ":30303");
    send(sybil, ping_of(sybil));
    for (const auto& [hash, asked] : take<v4::Ping>(sybil)) {
      send(sybil, pong_of(hash));
      ++proven;
    }
    pass(1s);
  }
  EXPECT_GT(proven, 50u);
  std::map<unsigned, std::size_t> by_bucket;
  core->table().for_each(
      [&](const TableNode& node) { ++by_bucket[log_distance(core->id(), node.contact.id)]; });
  for (const auto& [bucket, nodes] : by_bucket) EXPECT_LE(nodes, 2u) << "at distance " << bucket;
  const NodeTable::Counts counts = core->table().counts();
  EXPECT_LE(counts.entries + counts.replacements, 10u);
  EXPECT_GT(counts.entries, 0u);
}

// --- restarts ---

class HostileRestart : public HostileWorld {
 protected:
  static constexpr std::uint32_t kKept = 40;
  HostileRestart() {
    for (std::uint32_t i = 0; i < kKept; ++i) {
      kept.emplace_back(100 + i, test::public_endpoint(i).to_string());
      settings.stored.rows.push_back({.node = kept.back().contact(),
                                      .speaks = {true, false},
                                      .first_seen = wall - std::chrono::hours(20),
                                      .last_live = wall - std::chrono::minutes(1),
                                      .checks = 5});
    }
  }
  // It pings, and answers.
  void knock(const ScriptedPeer& stranger) {
    send(stranger, ping_of(stranger));
    for (const auto& [hash, asked] : take<v4::Ping>(stranger)) send(stranger, pong_of(hash));
  }
  std::vector<ScriptedPeer> kept;
};

TEST_F(HostileRestart, WhomWeKnewHasTheTableBeforeWhoeverKnocksFirst) {
  start();
  for (std::uint32_t i = 0; i < 100; ++i) {
    knock({1000 + i, test::public_endpoint(5000 + i).to_string()});
  }
  EXPECT_EQ(core->table().counts().inbound, 0u);
  std::vector<EnodeId> asked;
  for (const ScriptedPeer& each : kept) {
    for (const auto& [hash, ping] : take<v4::Ping>(each)) {
      send(each, pong_of(hash));
      if (is_live(each)) asked.push_back(each.id());
    }
  }
  EXPECT_GE(asked.size(), kRowsPingedAtStart - 6) << "all but those whose bucket is full";
  pass(settings.limits.inbound_closed + 5s);
  for (std::uint32_t i = 0; i < 100; ++i) {
    knock({2000 + i, test::public_endpoint(6000 + i).to_string()});
  }
  EXPECT_GT(core->table().counts().inbound, 0u);
  for (const EnodeId& id : asked) {
    EXPECT_NE(core->table().find(id), nullptr) << "none of them had to make room";
  }
}

// --- clocks ---

TEST_F(HostileWorld, AClockThatIsAnHourAheadForAWhileLosesNobody) {
  start();
  bond(peer);
  take(peer);
  pass(1s);
  const auto true_wall = wall;
  const v4::Ping ping = ping_of(peer);
  wall += 1h;
  send(peer, ping);
  EXPECT_TRUE(take(peer).empty());
  EXPECT_EQ(dropped(Drop::expired), 1u);
  pass(10min);
  EXPECT_TRUE(is_live(peer));
  wall = true_wall + 10min;
  send(peer, ping_of(peer));
  EXPECT_EQ(take<v4::Pong>(peer).size(), 1u);
}

TEST_F(HostileWorld, AClockThatIsAheadIsSuspectedUntilPacketsComeInTimeAgain) {
  start();
  // Another packet each second: a repeat is not looked at.
  const auto pings = [this](std::size_t count, int from_now) {
    for (std::size_t i = 0; i < count; ++i, pass(1s)) {
      v4::Ping ping = ping_of(peer);
      ping.expires = seconds() + from_now;
      send(peer, ping);
    }
  };
  pings(64, -11);
  EXPECT_EQ(core->counters().clock_suspect, 1u);
  pings(32, 20);
  EXPECT_EQ(core->counters().clock_suspect, 0u);
}

TEST_F(HostileWorld, AClockThatIsAnHourBehindHearsEverybody) {
  start();
  const v4::Ping ping = ping_of(peer);
  wall -= 1h;
  send(peer, ping);
  EXPECT_EQ(take<v4::Pong>(peer).size(), 1u);
}

}  // namespace
}  // namespace peerage::pex
