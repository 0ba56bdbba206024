#include "conn/comet/foreign_protocol.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "conn/comet/secret_handshake.h"
#include "tests/support/peers.h"

namespace peerage::conn {
namespace {

using namespace std::string_literals;

const std::string kProxyV1 = "PROXY TCP4 198.51.100.7 192.0.2.1 40000 26656\r\n";
const std::string kProxyV2 = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"s + std::string(12, '\1');
const std::string kProxyV2Local = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"s;

const std::vector<std::pair<std::string, Reason>> kStrangers = {
    {kProxyV1, ForeignReason::proxy_header},
    {"PROXY TCP6 2001:db8::7 2001:db8::1 40000 26656\r\n", ForeignReason::proxy_header},
    {"PROXY UNKNOWN\r\n", ForeignReason::proxy_header},
    {kProxyV2, ForeignReason::proxy_header},
    {kProxyV2Local, ForeignReason::proxy_header},
    {"GET /status HTTP/1.1\r\n\r\n", Reason::speaks_http},
    {"HEAD / HTTP/1.0\r\n\r\n", Reason::speaks_http},
    {"POST / HTTP/1.1\r\n", Reason::speaks_http},
    {"PUT /a HTTP/1.1\r\n", Reason::speaks_http},
    {"OPTIONS * HTTP/1.0\r\n\r\n", Reason::speaks_http},
    {"CONNECT a:1 HTTP/1.1\r\n", Reason::speaks_http},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Reason::speaks_http},
    {"HTTP/1.1 400 Bad Request\r\n", Reason::speaks_http},
    {"\x16\x03\x01\x02\0\x01"s, Reason::speaks_tls},
    {"\x15\x03\x01\0\x02\x02\x46"s, Reason::speaks_tls},
    {"SSH-2.0-client\r\n", Reason::speaks_ssh},
    {"220 mail ESMTP\r\n", Reason::not_a_comet_node},
    {"PROXIES\r\n", Reason::not_a_comet_node},
    {"\r\nhello\r\n", Reason::not_a_comet_node},
};

TEST(ForeignProtocol, IsNamedByItsBeginning) {
  for (const auto& [said, reason] : kStrangers) {
    const Failure failure = identify_foreign_protocol(as_bytes(said));
    EXPECT_EQ(failure.reason, reason) << said;
    EXPECT_EQ(failure.stage, Stage::key_exchange);
    EXPECT_TRUE(is_foreign_protocol(failure.reason)) << said;
  }
}

TEST(ForeignProtocol, TheFirstThreeBytesOfOneKindAloneTell) {
  EXPECT_EQ(identify_foreign_protocol(as_bytes("PRO")).reason, ForeignReason::proxy_header);
  EXPECT_EQ(identify_foreign_protocol(as_bytes("PROXY")).reason, ForeignReason::proxy_header);
  EXPECT_EQ(identify_foreign_protocol(as_bytes("\r\n\r")).reason, ForeignReason::proxy_header);
  EXPECT_EQ(identify_foreign_protocol(as_bytes(kProxyV2.substr(0, 11))).reason,
            ForeignReason::proxy_header);
  EXPECT_EQ(identify_foreign_protocol(as_bytes("GET")).reason, Reason::speaks_http);
  EXPECT_EQ(identify_foreign_protocol(as_bytes("SSH")).reason, Reason::speaks_ssh);
  EXPECT_EQ(identify_foreign_protocol(as_bytes("PR")).reason, Reason::not_a_comet_node);
  EXPECT_EQ(identify_foreign_protocol(as_bytes("\r\n")).reason, Reason::not_a_comet_node);
}

TEST(ForeignProtocol, MoreBytesMayTellWhileWhatCameBeginsABeginningThatIsKnown) {
  for (const std::string& said : {kProxyV1.substr(0, 6), kProxyV2.substr(0, 12), "GET "s}) {
    for (std::size_t size = 1; size < said.size(); ++size) {
      EXPECT_TRUE(may_yet_be_identified(as_bytes(said.substr(0, size)))) << said << size;
    }
    EXPECT_FALSE(may_yet_be_identified(as_bytes(said))) << said;
  }
  EXPECT_FALSE(may_yet_be_identified(as_bytes("PX")));
  EXPECT_FALSE(may_yet_be_identified(as_bytes("2")));
}

TEST(ForeignProtocol, ACometNodesOwnFailuresAreNoneOfIt) {
  for (const Reason reason : {Reason(Reason::closed_before_key), Reason(Reason::silent),
                              Reason(Reason::ephemeral_key_malformed)}) {
    EXPECT_FALSE(is_foreign_protocol(reason)) << name(reason);
  }
  EXPECT_NE(hint(ForeignReason::proxy_header).find("send-proxy"), std::string_view::npos);
  EXPECT_EQ(reason_named("proxy_header"), Reason(ForeignReason::proxy_header));
}

// --- in the handshake, which is the same on the side that dials and on the one that accepts ---

struct ForeignProtocolInAHandshake : testing::Test {
  const NodeKey key = test::key_from(0x33);
  SecretHandshake machine{key, test::ephemeral_from(0x11), std::nullopt};
};

TEST_F(ForeignProtocolInAHandshake, IsNamedHoweverItsBytesAreSplit) {
  for (const auto& [said, reason] : kStrangers) {
    SecretHandshake in_pieces(key, test::ephemeral_from(0x11), std::nullopt);
    std::optional<Reason> told;
    for (std::size_t at = 0; at < said.size() && !told; ++at) {
      const auto taken = in_pieces.receive(as_bytes(said).subspan(at, 1));
      if (!taken) told = taken.error().reason;
      EXPECT_LE(in_pieces.held_bytes(), 64u) << "no more is held than can tell";
    }
    EXPECT_EQ(told, reason) << said;
  }
}

TEST_F(ForeignProtocolInAHandshake, IsNamedByWhatCameIfNoMoreComes) {
  EXPECT_FALSE(machine.foreign_so_far());
  ASSERT_TRUE(machine.receive(as_bytes("PRO")));
  ASSERT_TRUE(machine.foreign_so_far());
  EXPECT_EQ(machine.foreign_so_far()->reason, ForeignReason::proxy_header);
  EXPECT_EQ(machine.stage(), Stage::key_exchange);
}

TEST_F(ForeignProtocolInAHandshake, TheBeginningOfAKeyIsNone) {
  ASSERT_TRUE(machine.receive(ByteArray<2>{0x22, 0x0a}));
  EXPECT_FALSE(machine.foreign_so_far());
}

}  // namespace
}  // namespace peerage::conn
