// What a forger of sources can make the whole core send to whom it names, in bytes for each byte of
// its own. Every ratio is of sizes on the wire, for what never answers.
#include "tests/support/addresses.h"
#include "tests/unit/pex/discovery/core_fixture.h"

namespace peerage::pex {
namespace {

using conn::Endpoint;
using conn::IpAddress;

class Discv4Amplification : public CoreTest {
 protected:
  Discv4Amplification() { start(); }

  // In this endpoint's name.
  void forge(const Endpoint& from, const v4::Message& message) {
    conn::Bytes packet = v4::encode(message);
    v4::sign(forger.key, packet);
    in += packet.size();
    send_bytes(from, packet);
  }
  // As short as one can be: no sequence, no addresses. Another each time.
  v4::Ping ping() { return {.from = {}, .to = {}, .expires = soon() + ++number}; }
  // All that has left for anybody.
  std::size_t out() const {
    std::size_t sum = 0;
    for (const auto& [to, packets] : seen) {
      for (const Seen& each : packets) sum += each.bytes;
    }
    return sum;
  }
  double ratio() const { return static_cast<double>(out()) / static_cast<double>(in); }

  const ScriptedPeer forger{1, "20.1.1.1:30303"};
  const Endpoint victim = Endpoint::parse("20.9.9.9:30303").value();
  std::size_t in = 0;
  std::uint64_t number = 0;
};

TEST_F(Discv4Amplification, ASinglePingDrawsAPongAndAPing) {
  forge(victim, ping());
  EXPECT_EQ(seen[victim].size(), 2u);
  EXPECT_LE(ratio(), 2.9);
}

TEST_F(Discv4Amplification, ASinglePingOfIPv6DrawsNoMore) {
  const Endpoint of_v6{test::ip("2a00:1:2::1"), 30303};
  forge(of_v6, ping());
  EXPECT_EQ(seen[of_v6].size(), 2u);
  EXPECT_LE(ratio(), 2.9);
}

TEST_F(Discv4Amplification, WhatIsNoPingDrawsNothing) {
  v4::Neighbors neighbors{{}, soon()};
  neighbors.nodes.assign(v4::kNodesInPacket, ScriptedPeer(2, "20.2.2.2:30303").node());
  for (const v4::Message& each : std::initializer_list<v4::Message>{
           v4::Pong{{}, {}, soon(), 5}, v4::FindNode{{}, soon()}, neighbors, v4::EnrRequest{soon()},
           v4::EnrResponse{{}, {0xc0}}}) {
    forge(victim, each);
  }
  conn::Bytes unknown = v4::encode(ping());
  unknown[v4::kHeadBytes] = 7;
  v4::sign(forger.key, unknown);
  send_bytes(victim, unknown);
  send_bytes(victim, conn::Bytes(1280, 1));
  EXPECT_EQ(out(), 0u);
}

// Its own proof, elsewhere, does not help it.
TEST_F(Discv4Amplification, TheOwnerOfAProofDrawsNothingForAnother) {
  bond(forger);
  seen.clear();
  for (int i = 0; i < 100; ++i) {
    forge(victim, v4::FindNode{{static_cast<std::uint8_t>(i)}, soon()});
    forge(victim, v4::EnrRequest{soon() + static_cast<std::uint64_t>(i)});
  }
  EXPECT_EQ(out(), 0u);
}

TEST_F(Discv4Amplification, ThreeHundredPingsInSixSecondsDoNotPay) {
  for (int i = 0; i < 300; ++i) {
    forge(victim, ping());
    pass(20ms);
  }
  EXPECT_LE(ratio(), 1.0);
  EXPECT_GT(out(), 0u);
}

TEST_F(Discv4Amplification, PingsOfManyKeysAtOneAddressDoNotPayEither) {
  for (std::uint32_t i = 0; i < 300; ++i) {
    conn::Bytes packet = v4::encode(ping());
    v4::sign(test::secp256k1_key(100 + i), packet);
    in += packet.size();
    send_bytes({victim.ip, static_cast<std::uint16_t>(2000 + i)}, packet);
    pass(20ms);
  }
  EXPECT_LE(ratio(), 1.0);
  EXPECT_GT(out(), 0u);
}

TEST_F(Discv4Amplification, APingAMinuteOfEachAddressOfASlash24DoesNotPay) {
  for (int minute = 0; minute < 6; ++minute) {
    for (unsigned host = 0; host < 256; ++host) {
      forge({IpAddress::v4(20, 9, 9, static_cast<std::uint8_t>(host)), 30303}, ping());
      pass(60s / 256);
    }
  }
  EXPECT_LE(ratio(), 1.0);
  EXPECT_GT(out(), 0u);
}

TEST_F(Discv4Amplification, APingAMinuteOfManyHostsOfASlash48DoesNotPay) {
  conn::ByteArray<16> bytes = test::ip("2a00:1:2::1").bytes();
  for (int minute = 0; minute < 6; ++minute) {
    for (unsigned host = 0; host < 256; ++host) {
      bytes[7] = static_cast<std::uint8_t>(host);
      forge({IpAddress::v6(bytes), 30303}, ping());
      pass(60s / 256);
    }
  }
  EXPECT_LE(ratio(), 1.0);
  EXPECT_GT(out(), 0u);
}

}  // namespace
}  // namespace peerage::pex
