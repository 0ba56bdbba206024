#include "pex/exchange/messages.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "p2p/base/peer_reason.h"
#include "tests/support/vectors.h"

namespace peerage::pex {
namespace {

using conn::Bytes;
using conn::from_hex;
using conn::NetAddress;

std::string text_of(const nlohmann::json& address) {
  if (address.is_string()) return address;
  const std::string ip = address["ip"];
  const bool is_v6 = ip.find(':') != std::string::npos && ip.rfind("::ffff:", 0) != 0;
  const std::string port = address["port"].is_string() ? address["port"].get<std::string>()
                                                       : std::to_string(address["port"].get<int>());
  return address["id"].get<std::string>() + "@" + (is_v6 ? "[" + ip + "]" : ip) + ":" + port;
}

TEST(PexMessages, EncodeAsTheGoNodeDoes) {
  const auto recorded = test::load_vectors("pex")["encodings"];
  ASSERT_EQ(recorded.size(), 8u);
  for (const auto& each : recorded) {
    SCOPED_TRACE(each["name"].get<std::string>());
    if (each["type"] == "PexRequest") {
      EXPECT_EQ(conn::to_hex(encode_request()), each["bytes"]);
      continue;
    }
    std::vector<NetAddress> addresses;
    for (const auto& address : each["addrs"]) {
      const auto parsed = NetAddress::parse(text_of(address));
      ASSERT_TRUE(parsed) << text_of(address);
      addresses.push_back(*parsed);
    }
    const Bytes ours = encode_addresses(addresses);
    EXPECT_EQ(conn::to_hex(ours), each["bytes"]);
    const auto back = decode(ours);
    ASSERT_TRUE(back);
    EXPECT_EQ(std::get<Addresses>(*back).usable, addresses);
  }
}

TEST(PexMessages, AreJudgedAsTheGoNodeJudgesThemButForSingleBadAddresses) {
  const auto recorded = test::load_vectors("pex")["from_proto"];
  ASSERT_EQ(recorded.size(), 13u);
  for (const auto& each : recorded) {
    SCOPED_TRACE(each["name"].get<std::string>());
    const auto message = decode(*from_hex(each["bytes"].get<std::string>()));
    ASSERT_TRUE(message);
    const auto& list = std::get<Addresses>(*message);
    if (!each["error"].is_null()) {
      // The Go node refuses the list; we refuse the entry.
      EXPECT_EQ(list.refused, 1u);
      continue;
    }
    // Entries that the Go node lets into the list but not into its book never become addresses
    // here.
    std::vector<std::string> kept;
    if (each["addresses"].is_array()) {
      for (std::size_t i = 0; i < each["addresses"].size(); ++i) {
        if (each["add_address_errors_nonstrict_src_self"][i].is_null()) {
          kept.push_back(each["addresses"][i]);
        }
      }
    }
    std::vector<std::string> ours;
    for (const NetAddress& address : list.usable) ours.push_back(address.to_string());
    EXPECT_EQ(ours, kept);
  }
}

TEST(PexMessages, RawBytesAreTakenAsTheGoNodeTakesThem) {
  const auto recorded = test::load_vectors("pex")["raw_messages"];
  ASSERT_EQ(recorded.size(), 8u);
  for (const auto& each : recorded) {
    SCOPED_TRACE(each["name"].get<std::string>());
    const auto message = decode(*from_hex(each["bytes"].get<std::string>()));
    const bool accepted = each["unmarshal_error"].is_null() && each["unwrap_error"].is_null();
    ASSERT_EQ(message.has_value(), accepted);
    if (!accepted) {
      EXPECT_EQ(message.error().reason, p2p::PeerReason::message_malformed);
    } else {
      EXPECT_EQ(std::holds_alternative<Request>(*message), each["type"] == "PexRequest");
    }
  }
}

Bytes list_of_empty_entries(std::size_t count) {
  Bytes list;
  for (std::size_t i = 0; i < count; ++i) list.insert(list.end(), {0x0a, 0x00});
  Bytes message = {0x12};
  for (std::size_t n = list.size(); true; n >>= 7) {
    message.push_back(static_cast<std::uint8_t>(n < 0x80 ? n : (n & 0x7f) | 0x80));
    if (n < 0x80) break;
  }
  message.insert(message.end(), list.begin(), list.end());
  return message;
}

TEST(PexMessages, AListOf250EntriesPassesAndOneOf251DoesNot) {
  EXPECT_TRUE(decode(list_of_empty_entries(250)));
  EXPECT_FALSE(decode(list_of_empty_entries(251)));
  EXPECT_FALSE(decode(list_of_empty_entries(31'000)));
}

TEST(PexMessages, EntriesAreCountedOverAllListsInAMessage) {
  Bytes twice = list_of_empty_entries(200);
  const Bytes again = twice;
  twice.insert(twice.end(), again.begin(), again.end());
  EXPECT_FALSE(decode(twice));
}

TEST(PexMessages, AFieldNumberThatOnlyFits64BitsIsNotMistakenForASmallOne) {
  // (2^32 + 2) << 3 | 2, then an empty value: its low bits say "addresses".
  EXPECT_FALSE(decode(*from_hex("9280808080010000")));
}

TEST(PexMessages, NoMoreThan250AddressesAreEverSent) {
  const std::vector<NetAddress> many(
      400, *NetAddress::parse("deadbeefdeadbeefdeadbeefdeadbeefdeadbeef@1.2.3.4:26656"));
  const auto message = decode(encode_addresses(many));
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<Addresses>(*message).usable.size(), 250u);
}

TEST(PexMessages, AreToldApartByTheirFirstByte) {
  EXPECT_EQ(type_of(encode_request()), 0u);
  EXPECT_EQ(type_of(encode_addresses({})), 1u);
  EXPECT_EQ(type_of(conn::Bytes{0x1a}), 2u);
  EXPECT_EQ(type_of({}), 2u);
}

}  // namespace
}  // namespace peerage::pex
