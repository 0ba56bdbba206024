#include "p2p/base/node_info.h"

#include <map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "conn/base/varint.h"
#include "tests/support/vectors.h"

namespace peerage::p2p {
namespace {

using conn::Bytes;
using conn::ByteView;
using conn::ChannelId;
using conn::Reason;
using test::bytes_of;
using test::load_vectors;

// Recorded numbers stand as strings where they may be large.
std::uint64_t number(const nlohmann::json& value) {
  return value.is_string() ? std::stoull(value.get<std::string>()) : value.get<std::uint64_t>();
}

NodeInfo info_of(const nlohmann::json& json) {
  NodeInfo info;
  info.p2p_version = number(json["p2p"]);
  info.block_version = number(json["block"]);
  info.app_version = number(json["app"]);
  info.node_id = json["id"];
  info.listen_addr = json["listen_addr"];
  info.network = json["network"];
  info.version = json["version"];
  for (const std::uint8_t id : bytes_of(json["channels"])) info.channels.push_back(ChannelId{id});
  info.moniker = json["moniker"];
  info.tx_index = json["tx_index"];
  info.rpc_address = json["rpc_address"];
  return info;
}

// A NodeInfo that is valid, to be spoilt in one point.
NodeInfo good() {
  NodeInfo info;
  info.node_id = "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";
  info.listen_addr = "tcp://1.2.3.4:26656";
  info.network = "test-chain";
  info.version = "0.38.23";
  info.channels = {ChannelId{0x40}, ChannelId{0x00}};
  info.moniker = "m";
  return info;
}

Reason refusal(const NodeInfo& info) {
  const auto valid = validate(info);
  return valid ? Reason::internal_error : valid.error().reason;
}

TEST(NodeInfo, EncodesAndDecodesAsTheGoNodeDoes) {
  const auto cases = load_vectors("nodeinfo")["node_infos"];
  ASSERT_EQ(cases.size(), 39u);
  for (const auto& each : cases) {
    SCOPED_TRACE(each["name"].get<std::string>());
    const Bytes delimited = bytes_of(each["delimited"]);
    const conn::Varint length = conn::read_varint(delimited);
    const auto decoded = decode_node_info(ByteView(delimited).subspan(length.size));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, info_of(each["info"]));
    EXPECT_EQ(conn::to_hex(conn::delimited(encode(*decoded))), each["delimited"]);
  }
}

TEST(NodeInfo, IsValidWhenTheGoNodeSaysSo) {
  const auto cases = load_vectors("nodeinfo")["node_infos"];
  ASSERT_EQ(cases.size(), 39u);
  for (const auto& each : cases) {
    SCOPED_TRACE(each["name"].get<std::string>());
    const auto valid = validate(info_of(each["info"]));
    EXPECT_EQ(valid.has_value(), each["validate_error"].is_null());
    if (!valid) {
      EXPECT_EQ(valid.error().reason, Reason::node_info_invalid);
      EXPECT_FALSE(valid.error().detail.empty());
    }
  }
}

TEST(NodeInfo, IsCompatibleWhenTheGoNodeSaysSo) {
  const std::map<std::string, Reason> reasons = {{"network differs", Reason::wrong_network},
                                                 {"block differs", Reason::wrong_block_version},
                                                 {"no common channel", Reason::no_common_channel},
                                                 {"other no channels", Reason::no_common_channel}};
  const auto cases = load_vectors("nodeinfo")["compatible_with"];
  ASSERT_EQ(cases.size(), 11u);
  for (const auto& each : cases) {
    const std::string name = each["name"];
    SCOPED_TRACE(name);
    const auto agreed = compatible(info_of(each["ours"]), info_of(each["other"]));
    ASSERT_EQ(agreed.has_value(), each["error"].is_null());
    if (!agreed) {
      EXPECT_EQ(agreed.error().reason, reasons.at(name));
    }
  }
}

TEST(NodeInfo, TheLargestBodyIsTheGoNodes) {
  EXPECT_EQ(kMaxNodeInfo, number(load_vectors("nodeinfo")["max_node_info_size"]));
  NodeInfo info = good();
  info.moniker.assign(kMaxNodeInfo - encode(info).size(), 'x');  // and a longer length
  Bytes body = encode(info);
  ASSERT_EQ(body.size(), kMaxNodeInfo);
  EXPECT_TRUE(decode_node_info(body));
  info.moniker += 'x';
  body = encode(info);
  const auto decoded = decode_node_info(body);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().reason, Reason::node_info_too_long);
}

TEST(NodeInfo, BytesThatAreNoMessageAreMalformed) {
  for (const std::string hex : {"0a", "0a05", "12ff", "ffffffffffffffffffff01"}) {
    const auto decoded = decode_node_info(*conn::from_hex(hex));
    ASSERT_FALSE(decoded) << hex;
    EXPECT_EQ(decoded.error().reason, Reason::node_info_malformed);
  }
}

TEST(NodeInfo, MissingFieldsAreTheirDefaults) {
  const auto decoded = decode_node_info({});
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->block_version, 0u);
  EXPECT_FALSE(validate(*decoded));
}

TEST(NodeInfo, AHostNameInTheListenAddressIsAcceptedAndNeverKept) {
  NodeInfo info = good();
  info.listen_addr = "tcp://node.example.org:26656";
  EXPECT_TRUE(validate(info));
  EXPECT_FALSE(info.listen_address());
}

TEST(NodeInfo, OnlyADiallableLiteralIsAListenAddress) {
  NodeInfo info = good();
  ASSERT_TRUE(info.listen_address());
  EXPECT_EQ(info.listen_address()->to_string(),
            "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef@1.2.3.4:26656");
  for (const std::string text : {"tcp://0.0.0.0:26656", "tcp://[::]:26656", "tcp://1.2.3.4:0"}) {
    info.listen_addr = text;
    EXPECT_TRUE(validate(info)) << text;
    EXPECT_FALSE(info.listen_address()) << text;
  }
}

TEST(NodeInfo, ControlCharactersAreRefusedWhereTextIsExpected) {
  for (const std::string bad : {"a\nb", "a\x1b[31m", "\x7f", "caf\xc3\xa9", ""}) {
    NodeInfo info = good();
    info.moniker = bad;
    EXPECT_EQ(refusal(info), Reason::node_info_invalid);
    if (bad.empty()) continue;
    info = good();
    info.version = bad;
    EXPECT_EQ(refusal(info), Reason::node_info_invalid);
    info = good();
    info.rpc_address = bad;
    EXPECT_EQ(refusal(info), Reason::node_info_invalid);
  }
}

TEST(NodeInfo, TextThatIsNotUtf8IsDecodedAsItIs) {
  NodeInfo info = good();
  info.network = "\xff\xfe";
  const auto decoded = decode_node_info(encode(info));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->network, "\xff\xfe");
}

TEST(NodeInfo, AMismatchIsShownWithoutRawBytesOfThePeer) {
  NodeInfo theirs = good();
  theirs.network = "evil\x1b[2J" + std::string(500, 'x');
  const auto agreed = compatible(good(), theirs);
  ASSERT_FALSE(agreed);
  EXPECT_EQ(agreed.error().detail.find('\x1b'), std::string::npos);
  EXPECT_LT(agreed.error().detail.size(), 200u);
}

}  // namespace
}  // namespace peerage::p2p
