#include "pex/discovery/v4/wire.h"

#include <array>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "conn/crypto/keccak.h"
#include "pex/discovery/record/rlp.h"
#include "tests/support/secp256k1_keys.h"
#include "tests/support/vectors.h"

namespace peerage::pex::v4 {
namespace {

using conn::Bytes;
using conn::IpAddress;
using nlohmann::json;

const IpAddress kV4 = IpAddress::v4(127, 0, 0, 1);

// --- recorded packets ---

Bytes bytes_of(const json& hex) {
  return conn::from_hex(test::string_of(hex).substr(2)).value();
}

// The vector's message, as its packet should be read.
void expect_same(const WireEndpoint& endpoint, const json& expected) {
  EXPECT_EQ(endpoint.ip, IpAddress::parse(test::string_of(expected["ip"])));
  EXPECT_EQ(endpoint.udp, expected["udp"]);
  EXPECT_EQ(endpoint.tcp, expected["tcp"]);
}

TEST(Discv4Wire, ReadsThePacketsOfEip8) {
  const json vectors = test::load_vectors("discovery/discv4_eip8");
  const auto signer = test::secp256k1_key(test::string_of(vectors["signer_private_key"]).substr(2));
  ASSERT_FALSE(vectors["packets"].empty());
  for (const json& each : vectors["packets"]) {
    const Bytes packet = bytes_of(each["packet"]);
    ASSERT_TRUE(read_hash(packet)) << each["type"];
    EXPECT_EQ(recover_sender(packet), signer.public_key());
    const auto message = decode(packet);
    ASSERT_TRUE(message) << each["type"];
    EXPECT_EQ(expires(*message), each["expiration"]);
    if (const auto* const ping = std::get_if<Ping>(&*message)) {
      EXPECT_EQ(each["type"], "ping");
      EXPECT_EQ(ping->version, each["version"]);
      expect_same(ping->from, each["from"]);
      expect_same(ping->to, each["to"]);
      const bool has_seq = !each["enr_seq"].is_null();
      EXPECT_EQ(ping->seq,
                has_seq ? each["enr_seq"].get<std::uint64_t>() : std::optional<std::uint64_t>());
    } else if (const auto* const pong = std::get_if<Pong>(&*message)) {
      EXPECT_EQ(each["type"], "pong");
      expect_same(pong->to, each["to"]);
    } else if (const auto* const neighbors = std::get_if<Neighbors>(&*message)) {
      EXPECT_EQ(each["type"], "neighbors");
      EXPECT_EQ(neighbors->nodes.size(), each["nodes"].size());
      for (std::size_t i = 0; i < neighbors->nodes.size(); ++i) {
        expect_same(neighbors->nodes[i].endpoint, each["nodes"][i]);
      }
    } else {
      EXPECT_EQ(each["type"], "findnode");
      EXPECT_TRUE(std::holds_alternative<FindNode>(*message));
    }
  }
}

// --- what we write ---

class Discv4Messages : public ::testing::Test {
 protected:
  const conn::Secp256k1Key key = test::secp256k1_key(1);

  Bytes packet_of(const Message& message) const {
    Bytes packet = encode(message);
    sign(key, packet);
    return packet;
  }
  // A packet whose hash and signature are good, whatever stands in it.
  Bytes packet_of(std::uint8_t type, const Bytes& data) const {
    Bytes packet(kMinPacket + data.size());
    packet[kHeadBytes] = type;
    std::copy(data.begin(), data.end(), packet.begin() + kMinPacket);
    sign(key, packet);
    return packet;
  }
  static std::vector<WireNode> nodes(std::size_t count, const IpAddress& ip) {
    std::vector<WireNode> nodes(count);
    for (WireNode& each : nodes) {
      each.endpoint = {ip, 65535, 65535};
      each.key.fill(0xab);
    }
    return nodes;
  }
};

const IpAddress kV6 = IpAddress::parse("2001:470:1::ffff").value();
constexpr std::uint64_t kTime = 1'700'000'000;
constexpr std::uint64_t kSeq = 1'700'000'000'000;

TEST_F(Discv4Messages, AreReadAsTheyWereWritten) {
  const WireEndpoint here{kV4, 30303, 26656};
  const WireEndpoint there{kV6, 1, 0};
  Neighbors two{{{here, {1}}, {there, {2}}}, kTime};
  const std::vector<Message> messages = {
      Ping{.from = here, .to = there, .expires = kTime, .seq = kSeq},
      Ping{.from = there, .to = here, .expires = kTime},
      Pong{.to = here, .ping = {7}, .expires = kTime, .seq = 0},
      Pong{.to = there, .ping = {7}, .expires = kTime},
      FindNode{{9}, kTime},
      two,
      Neighbors{{}, kTime},
      EnrRequest{kTime},
      EnrResponse{{3}, RlpWriter().open().number(5).close().take()},
  };
  for (const Message& message : messages) {
    const Bytes packet = packet_of(message);
    ASSERT_TRUE(read_hash(packet));
    EXPECT_EQ(decode(packet), message);
    EXPECT_EQ(recover_sender(packet), key.public_key());
  }
}

TEST_F(Discv4Messages, AreNoLargerThanTheWireSays) {
  const WireEndpoint far{kV6, 65535, 65535};
  const auto size = [this](const Message& message) { return packet_of(message).size(); };
  EXPECT_LE(size(Ping{.from = far, .to = far, .expires = kTime, .seq = kSeq}), 161u);
  EXPECT_LE(size(Pong{.to = far, .ping = {}, .expires = kTime, .seq = kSeq}), 169u);
  EXPECT_LE(size(FindNode{{1}, kTime}), 171u);
  EXPECT_LE(size(EnrRequest{kTime}), 104u);
  EXPECT_LE(size(Neighbors{nodes(kNodesInPacket, kV6), kTime}), 1201u);
  EXPECT_GT(size(Neighbors{nodes(kNodesInPacket + 1, kV6), kTime}), kMaxPacket);
}

TEST_F(Discv4Messages, AnUnknownAddressIsWrittenAsFourZeros) {
  const Bytes packet = packet_of(Ping{.from = {}, .to = {}, .expires = kTime});
  const auto message = decode(packet);
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<Ping>(*message).from.ip, IpAddress::v4(0, 0, 0, 0));
}

// --- what is no packet ---

TEST_F(Discv4Messages, BytesThatTheHashDoesNotNameAreNoPacket) {
  const Bytes good = packet_of(EnrRequest{kTime});
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= 1;
    EXPECT_FALSE(read_hash(bad)) << "byte " << i;
  }
}

TEST_F(Discv4Messages, ShortAndLongBytesAreNoPacket) {
  for (std::size_t size = 0; size < kMinPacket; ++size) EXPECT_FALSE(read_hash(Bytes(size)));
  Bytes packet(kMaxPacket);
  sign(key, packet);
  EXPECT_TRUE(read_hash(packet));
  packet.resize(kMaxPacket + 1);
  sign(key, packet);
  EXPECT_FALSE(read_hash(packet));
}

TEST_F(Discv4Messages, TypesBeyondTheSixAreNoMessage) {
  const Bytes data = RlpWriter().open().number(kTime).close().take();
  for (int type = 0; type < 256; ++type) {
    const bool known = decode(packet_of(static_cast<std::uint8_t>(type), data)).has_value();
    EXPECT_EQ(known, type == 5) << type;  // an ENRRequest is all that this can be
  }
}

TEST_F(Discv4Messages, DataThatIsNoListIsNoMessage) {
  for (const char* hex : {"", "80", "85ffffffff01", "c584ffffff", "ffffffffffffffffff01",
                          "f80584656565f0", "b801c0", "c1"}) {
    EXPECT_FALSE(decode(packet_of(5, conn::from_hex(hex).value()))) << hex;
  }
}

// --- fields ---

// The items of an endpoint, each as given.
Bytes endpoint(const std::string& ip_hex, const std::string& udp_hex, const std::string& tcp_hex,
               const std::string& more_hex = "none") {
  RlpWriter out;
  out.open();
  for (const std::string& hex : {ip_hex, udp_hex, tcp_hex, more_hex}) {
    if (hex != "none") out.string(conn::from_hex(hex).value());
  }
  return out.close().take();
}

class Discv4Fields : public Discv4Messages {
 protected:
  std::optional<Message> ping_with(const Bytes& from, std::uint64_t version = 4) const {
    RlpWriter out;
    out.open().number(version).raw(from).raw(kGood).number(kTime).close();
    return decode(packet_of(1, out.take()));
  }
  std::optional<Message> neighbors_with(const Bytes& node) const {
    RlpWriter out;
    out.open().open().raw(node).close().number(kTime).close();
    return decode(packet_of(4, out.take()));
  }
  const Bytes kGood = endpoint("7f000001", "765f", "6820");
};

TEST_F(Discv4Fields, TheVersionIsNotLookedAt) {
  for (const std::uint64_t version : {0, 3, 4, 5, 555}) EXPECT_TRUE(ping_with(kGood, version));
}

TEST_F(Discv4Fields, AnAddressOfAnotherLengthIsNone) {
  for (const char* ip : {"", "7f00000100", "7f", "0000000000000000000000000000000000"}) {
    const auto message = ping_with(endpoint(ip, "765f", "6820"));
    ASSERT_TRUE(message) << ip;
    EXPECT_EQ(std::get<Ping>(*message).from.ip, std::nullopt);
  }
}

TEST_F(Discv4Fields, AMappedAddressIsItsIpv4Address) {
  const auto message = ping_with(endpoint("00000000000000000000ffff7f000001", "765f", "6820"));
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<Ping>(*message).from.ip, kV4);
}

TEST_F(Discv4Fields, APortMayHaveLeadingZerosInTwoBytes) {
  const auto message = ping_with(endpoint("7f000001", "0050", "0000"));
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<Ping>(*message).from, (WireEndpoint{kV4, 80, 0}));
  EXPECT_FALSE(ping_with(endpoint("7f000001", "000050", "00")));
  EXPECT_FALSE(ping_with(endpoint("7f000001", "010000", "00"))) << "port 65536";
}

TEST_F(Discv4Fields, AnEndpointHasThreeElementsAndANodeFour) {
  EXPECT_FALSE(ping_with(endpoint("7f000001", "765f", "none")));
  EXPECT_FALSE(ping_with(endpoint("7f000001", "765f", "6820", "01")));
  const std::string key_hex(128, 'a');
  EXPECT_TRUE(neighbors_with(endpoint("7f000001", "765f", "6820", key_hex)));
  EXPECT_FALSE(neighbors_with(endpoint("7f000001", "765f", "6820")));
  EXPECT_FALSE(neighbors_with(endpoint("7f000001", "765f", "6820", key_hex.substr(2))));
  RlpWriter five;
  five.open().string(kV4.v4_bytes()).number(1).number(2).string(WireKey{}).number(3).close();
  EXPECT_FALSE(neighbors_with(five.take()));
}

TEST_F(Discv4Fields, AListWhereAStringBelongsIsNoMessage) {
  RlpWriter out;
  out.open().open().close().close();
  EXPECT_FALSE(decode(packet_of(5, out.take())));
  EXPECT_FALSE(ping_with(RlpWriter().string(std::string_view("abc")).take()));
}

TEST_F(Discv4Fields, ATimeIsANumberOfEightBytesAtMost) {
  const auto request = [this](const char* hex) {
    RlpWriter out;
    out.open().string(conn::from_hex(hex).value()).close();
    return decode(packet_of(5, out.take()));
  };
  EXPECT_TRUE(request("ffffffffffffffff"));
  EXPECT_FALSE(request("01ffffffffffffffff"));
  EXPECT_FALSE(request("0065000000"));
}

TEST_F(Discv4Fields, MissingElementsMakeNoMessage) {
  for (const std::uint8_t type : std::to_array<std::uint8_t>({1, 2, 3, 4, 5, 6})) {
    EXPECT_FALSE(decode(packet_of(type, RlpWriter().open().close().take()))) << int{type};
  }
  RlpWriter no_time;
  no_time.open().number(4).raw(kGood).raw(kGood).close();
  EXPECT_FALSE(decode(packet_of(1, no_time.take())));
}

TEST_F(Discv4Fields, FurtherElementsAndWhatFollowsAreIgnored) {
  RlpWriter out;
  out.open().number(4).raw(kGood).raw(kGood).number(kTime).number(7);
  out.open().number(1).close().string(std::string_view("junk")).close();
  Bytes data = out.take();
  data.insert(data.end(), {1, 2, 3, 0xff});
  const auto message = decode(packet_of(1, data));
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<Ping>(*message).seq, 7u);
}

TEST_F(Discv4Fields, ATargetHasSixtyFourBytes) {
  for (const std::size_t size : {63, 64, 65}) {
    RlpWriter out;
    out.open().string(Bytes(size, 0xff)).number(kTime).close();
    EXPECT_EQ(decode(packet_of(3, out.take())).has_value(), size == 64);
  }
}

TEST_F(Discv4Fields, APongNamesAHashOfThirtyTwoBytes) {
  for (const std::size_t size : {0, 31, 32, 33}) {
    RlpWriter out;
    out.open().raw(kGood).string(Bytes(size, 1)).number(kTime).close();
    EXPECT_EQ(decode(packet_of(2, out.take())).has_value(), size == 32);
  }
}

// --- signatures ---

TEST_F(Discv4Messages, ASignatureThatIsNoneNamesNobodyAndHarmsNothing) {
  const Bytes good = packet_of(EnrRequest{kTime});
  const auto with = [&](std::size_t at, std::size_t count, std::uint8_t byte) {
    Bytes bad = good;
    std::fill_n(bad.begin() + static_cast<std::ptrdiff_t>(kHashBytes + at), count, byte);
    return recover_sender(bad);
  };
  for (const std::uint8_t number : std::to_array<std::uint8_t>({4, 27, 28, 255}))
    EXPECT_FALSE(with(64, 1, number));
  EXPECT_FALSE(with(0, 32, 0)) << "r = 0";
  EXPECT_FALSE(with(32, 32, 0)) << "s = 0";
  EXPECT_FALSE(with(0, 32, 0xff)) << "r beyond the order";
  EXPECT_FALSE(with(32, 32, 0xff)) << "s beyond the order";
  EXPECT_FALSE(with(0, 64, 0));
  EXPECT_EQ(conn::secp256k1_illegal_uses(), 0u);
}

TEST_F(Discv4Messages, AnotherSignatureNamesAnotherSender) {
  Bytes packet = packet_of(EnrRequest{kTime});
  packet[kHashBytes + 40] ^= 1;
  const auto sender = recover_sender(packet);
  EXPECT_TRUE(!sender || *sender != key.public_key());
}

}  // namespace
}  // namespace peerage::pex::v4
