// What comes to nothing: no answer, and nothing remembered but a count by reason.
#include "tests/unit/pex/discovery/core_fixture.h"

namespace peerage::pex {
namespace {

using conn::Bytes;

class Discv4Drops : public CoreTest {
 protected:
  Discv4Drops() { start(); }
  const ScriptedPeer peer{1, "10.0.0.1:30303"};

  Bytes signed_packet(const v4::Message& message) const {
    Bytes packet = v4::encode(message);
    v4::sign(peer.key, packet);
    return packet;
  }
  void expect_silence(Drop reason, std::uint64_t times = 1) {
    EXPECT_EQ(dropped(reason), times);
    EXPECT_EQ(sent_in_all(), 0u);
    EXPECT_EQ(core->table().counts().entries, 0u);
    EXPECT_TRUE(core->take_handled().empty());
  }
};

TEST_F(Discv4Drops, BytesOfNeitherProtocol) {
  std::uint64_t count = 0;
  for (std::size_t size = 0; size <= 1280; size += 31, ++count) {
    send_bytes(peer.at, Bytes(size, static_cast<std::uint8_t>(size)));
  }
  expect_silence(Drop::no_protocol, count);
}

TEST_F(Discv4Drops, MoreBytesThanAnyPacketHas) {
  send_bytes(peer.at, Bytes(1281));
  expect_silence(Drop::too_long);
}

TEST_F(Discv4Drops, AHashThatIsWrongByABit) {
  Bytes packet = signed_packet(ping_of(peer));
  packet[0] ^= 1;
  send_bytes(peer.at, packet);
  expect_silence(Drop::no_protocol);
}

TEST_F(Discv4Drops, TimesOfThePastAndBeyondSignedNumbers) {
  const std::uint64_t now = seconds();
  const std::vector<std::uint64_t> times = {0, now - 1, std::uint64_t{1} << 63, ~std::uint64_t{0},
                                            ~std::uint64_t{0} - now};
  for (const std::uint64_t time : times) {
    v4::Ping ping = ping_of(peer);
    ping.expires = time;
    send(peer, ping);
  }
  expect_silence(Drop::expired, times.size());
}

TEST_F(Discv4Drops, ThePresentSecondAndTheFarFutureAreTaken) {
  v4::Ping ping = ping_of(peer);
  ping.expires = seconds();
  send(peer, ping);
  EXPECT_EQ(take<v4::Pong>(peer).size(), 1u);
  ping.expires = (std::uint64_t{1} << 63) - 1;
  send(peer, ping);
  EXPECT_EQ(take<v4::Pong>(peer).size(), 1u);
}

TEST_F(Discv4Drops, TimesAreNotLookedAtWhenThatIsSwitchedOff) {
  settings.expiry = Switched::off;
  start();
  v4::Ping ping = ping_of(peer);
  ping.expires = 1;
  send(peer, ping);
  EXPECT_EQ(take<v4::Pong>(peer).size(), 1u);
}

TEST_F(Discv4Drops, OurOwnPacketSentBack) {
  send(peer, ping_of(peer));
  Bytes ours;
  const ScriptedPeer us(9000, "10.0.0.1:30303");
  send(us, ping_of(us));
  EXPECT_EQ(dropped(Drop::own), 1u);
}

TEST_F(Discv4Drops, APacketThatCameJustBefore) {
  const Bytes packet = signed_packet(ping_of(peer));
  send_bytes(peer.at, packet);
  EXPECT_EQ(take<v4::Pong>(peer).size(), 1u);
  send_bytes(peer.at, packet);
  EXPECT_TRUE(take<v4::Pong>(peer).empty());
  EXPECT_EQ(dropped(Drop::repeated), 1u);
}

TEST_F(Discv4Drops, ThePacketIsRememberedAmongTheLastThirtyTwo) {
  const Bytes packet = signed_packet(v4::EnrRequest{soon()});
  send_bytes(peer.at, packet);
  for (std::uint64_t i = 0; i < 31; ++i) send(peer, v4::EnrRequest{soon() + 1 + i});
  send_bytes(peer.at, packet);
  EXPECT_EQ(dropped(Drop::repeated), 1u);
  send(peer, v4::EnrRequest{soon() + 100});
  send_bytes(peer.at, packet);
  EXPECT_EQ(dropped(Drop::repeated), 1u) << "32 others have come since";
}

// Whoever is asked the same gets the same packet, and could send it on.
TEST_F(Discv4Drops, APacketThatAnotherSendsOnDoesNotShutItsMakerOut) {
  const Bytes packet = signed_packet(ping_of(peer));
  send_bytes(conn::Endpoint::parse("10.0.0.2:30303").value(), packet);
  send_bytes(peer.at, packet);
  EXPECT_EQ(take<v4::Pong>(peer).size(), 1u);
}

TEST_F(Discv4Drops, TypesThatAreNone) {
  for (const std::uint8_t type : std::to_array<std::uint8_t>({0x00, 0x07, 0x42, 0xff})) {
    Bytes packet = v4::encode(v4::EnrRequest{soon() + type});
    packet[v4::kHeadBytes] = type;
    v4::sign(peer.key, packet);
    send_bytes(peer.at, packet);
  }
  expect_silence(Drop::malformed, 4);
}

TEST_F(Discv4Drops, SignaturesOfNobody) {
  for (const std::uint8_t number : std::to_array<std::uint8_t>({4, 27, 255})) {
    Bytes packet = signed_packet(ping_of(peer));
    packet[v4::kHeadBytes - 1] = number;
    const auto hash = conn::keccak256(conn::ByteView(packet).subspan(v4::kHashBytes));
    std::copy(hash.begin(), hash.end(), packet.begin());
    send_bytes(peer.at, packet);
  }
  expect_silence(Drop::signature, 3);
}

TEST_F(Discv4Drops, AnswersThatNobodyWaitsFor) {
  send(peer, pong_of({1}));
  send(peer, v4::Neighbors{{peer.node()}, soon()});
  send(peer, v4::EnrResponse{{1}, Bytes{0xc0}});
  expect_silence(Drop::unsolicited, 3);
}

TEST_F(Discv4Drops, WhoIsBannedByItsAddressOrItsId) {
  const ScriptedPeer outside(2, "20.1.1.1:30303");
  core->ban(conn::Cidr::parse("20.1.0.0/16").value(), {}, now());
  send(outside, ping_of(outside));
  core->ban(peer.id(), {}, conn::BanOrigin::operator_, now());
  send(peer, ping_of(peer));
  expect_silence(Drop::banned, 2);
}

TEST_F(Discv4Drops, ABanEndsWithItsTime) {
  core->ban(peer.id(), now().steady + 1h, conn::BanOrigin::misbehaviour, now());
  pass(1h + 1s);
  send(peer, ping_of(peer));
  EXPECT_EQ(take<v4::Pong>(peer).size(), 1u);
}

TEST_F(Discv4Drops, ABanIsInForceAtOnce) {
  bond(peer);
  take(peer);
  core->ban(peer.id(), {}, conn::BanOrigin::operator_, now());
  EXPECT_EQ(core->table().find_any(peer.id()), nullptr);
  EXPECT_EQ(core->rows(now()).size(), 0u);
  core->unban(peer.id());
  send(peer, v4::FindNode{{1}, soon()});
  EXPECT_TRUE(take(peer).empty()) << "its proof is gone, too";
}

TEST_F(Discv4Drops, WhoIsOutsideOfNetRestrict) {
  settings.net_restrict = {conn::Cidr::parse("10.1.0.0/16").value()};
  start();
  send(peer, ping_of(peer));
  expect_silence(Drop::restricted);
  const ScriptedPeer inside(2, "10.1.2.3:30303");
  send(inside, ping_of(inside));
  EXPECT_EQ(take<v4::Pong>(inside).size(), 1u);
}

TEST_F(Discv4Drops, ASourceThatSendsTooMany) {
  const conn::Endpoint at = conn::Endpoint::parse("20.1.1.1:30303").value();
  for (int i = 0; i < 100; ++i) send_bytes(at, Bytes(100));
  EXPECT_EQ(dropped(Drop::no_protocol), settings.limits.inbound_burst);
  EXPECT_EQ(dropped(Drop::rate), 100 - settings.limits.inbound_burst);
}

// Its source may be forged: traffic bans nobody.
TEST_F(Discv4Drops, AFloodInSomebodysNameSilencesItForAMomentOnly) {
  const ScriptedPeer victim(2, "20.1.1.1:30303");
  for (int i = 0; i < 10'000; ++i) send_bytes(victim.at, Bytes(100));
  pass(1s);
  send(victim, ping_of(victim));
  EXPECT_EQ(take<v4::Pong>(victim).size(), 1u);
}

TEST_F(Discv4Drops, SignaturesThatNobodyWaitsForAreBounded) {
  for (std::uint32_t i = 0; i < 3000; ++i) {
    Bytes packet = v4::encode(v4::Ping{.from = {}, .to = {}, .expires = soon() + i});
    const auto hash = conn::keccak256(conn::ByteView(packet).subspan(v4::kHashBytes));
    std::copy(hash.begin(), hash.end(), packet.begin());
    const auto ip = conn::IpAddress::v4(30, static_cast<std::uint8_t>(i / 256),
                                        static_cast<std::uint8_t>(i), 1);
    send_bytes({ip, 30303}, packet);
  }
  EXPECT_LE(dropped(Drop::signature), settings.limits.costly_rate);
  EXPECT_EQ(dropped(Drop::signature) + dropped(Drop::costly), 3000u);
}

TEST_F(Discv4Drops, NothingIsHeardOrSentBeforeTheSequenceIsStored) {
  settings.boot = {peer.contact()};
  DiscoveryCore waiting(test::secp256k1_key(8), settings, conn::Random::Seed{1}, now());
  EXPECT_EQ(waiting.record(), nullptr);
  const Bytes packet = signed_packet(ping_of(peer));
  waiting.receive({peer.at, packet}, now());
  waiting.on_time({now().steady + 1h, now().wall + 1h});
  EXPECT_EQ(waiting.datagrams_waiting(), 0u);
  const auto seq = waiting.seq_to_store();
  ASSERT_TRUE(seq);
  EXPECT_GE(*seq, static_cast<std::uint64_t>(wall.time_since_epoch().count()));
  waiting.on_seq_stored(*seq, now());
  EXPECT_EQ(waiting.record()->seq(), *seq);
  EXPECT_EQ(waiting.datagrams_waiting(), 1u) << "the boot node is pinged";
}

}  // namespace
}  // namespace peerage::pex
