#include "conn/address/net_address.h"

#include <map>
#include <string>
#include <unordered_set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/sim/go/go_address.h"
#include "tests/support/vectors.h"

namespace peerage::conn {
namespace {

const std::string kId = "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";

std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// Where we refuse what the Go node resolves or lets pass, and why. Everything else must be as
// recorded.
const std::map<std::string, Reason> kStricter = {
    // The Go node asks DNS while it parses.
    {kId + "@localhost:26656", Reason::address_is_a_name},
    // It also strips the zone, which leaves a link-local address that no node can dial.
    {kId + "@[fe80::1%25lo]:26656", Reason::address_malformed},
};

TEST(NetAddress, IsReadAsTheGoNodeReadsIt) {
  const auto cases = test::load_vectors("netaddress").at("parse");
  ASSERT_EQ(cases.size(), 65u);
  std::size_t accepted = 0, stricter = 0;
  for (const auto& recorded : cases) {
    const std::string text = recorded.at("in");
    SCOPED_TRACE(text);
    const auto address = NetAddress::parse(text);
    if (const auto exception = kStricter.find(text); exception != kStricter.end()) {
      ++stricter;
      EXPECT_TRUE(recorded.at("error").is_null());
      ASSERT_FALSE(address);
      EXPECT_EQ(address.error().reason, exception->second);
      continue;
    }
    ASSERT_EQ(address.has_value(), recorded.at("error").is_null());
    if (!address) {
      EXPECT_EQ(address.error().stage, Stage::configuration);
      const std::string type = recorded.at("error_type");
      // "@host:port": the Go node calls it invalid; for us there is no ID either.
      const bool no_id =
          type == "ErrNetAddressNoID" || recorded.at("error").get<std::string>().ends_with("no ID");
      EXPECT_EQ(address.error().reason,
                no_id ? Reason::address_without_id : Reason::address_malformed);
      continue;
    }
    ++accepted;
    EXPECT_EQ(address->to_string(), lower_case(recorded.at("string")));
    EXPECT_EQ(address->id.to_string(), lower_case(recorded.at("id")));
    EXPECT_EQ(address->endpoint.ip.to_string(), recorded.at("ip"));
    EXPECT_EQ(address->endpoint.port, recorded.at("port"));
    EXPECT_EQ(address->endpoint.to_string(), recorded.at("dial_string"));
    EXPECT_EQ(address->valid(), recorded.at("valid_error").is_null());
    EXPECT_EQ(NetAddress::parse(address->to_string()), *address);
  }
  EXPECT_EQ(stricter, kStricter.size());
  EXPECT_GE(accepted, 15u);
}

TEST(NetAddress, IsPrintedAsTheGoNodePrintsIt) {
  const auto cases = test::load_vectors("netaddress").at("classification");
  ASSERT_EQ(cases.size(), 86u);
  for (const auto& recorded : cases) {
    const auto ip = IpAddress::parse(recorded.at("ip").get<std::string>());
    ASSERT_TRUE(ip) << recorded;
    const NetAddress address{*NodeId::parse(kId), {*ip, 26656}};
    EXPECT_EQ(address.to_string(), recorded.at("string"));
    EXPECT_EQ(address.valid(), recorded.at("valid"));
    EXPECT_EQ(sim::go::routable(address), recorded.at("routable"));
    EXPECT_EQ(NetAddress::parse(address.to_string()), address);
  }
}

TEST(NetAddress, WithoutAnIdIsNeitherValidNorRoutable) {
  const auto recorded = test::load_vectors("netaddress").at("no_id");
  const auto endpoint = Endpoint::parse(recorded.at("string").get<std::string>());
  ASSERT_TRUE(endpoint);
  const NetAddress address{NodeId{}, *endpoint};
  EXPECT_EQ(address.routable(), recorded.at("routable"));
  EXPECT_EQ(address.valid(), recorded.at("valid_error").is_null());
  EXPECT_TRUE(endpoint->ip.routable());
}

// The Go node takes 40 zeros for an ID like any other; to us they are no node's.
TEST(NetAddress, OfTheZeroIdIsReadButNotValid) {
  const auto address = NetAddress::parse(std::string(40, '0') + "@8.8.8.8:1");
  ASSERT_TRUE(address);
  EXPECT_FALSE(address->valid());
  EXPECT_FALSE(address->routable());
}

TEST(NetAddress, NeverHoldsAHostName) {
  for (const std::string_view host : {"localhost", "seed.example.org", "1and1.com", "a_b", "node.1",
                                      "xn--nxasmq6b", "0x7f000001", "example.org."}) {
    const auto address = NetAddress::parse(kId + "@" + std::string(host) + ":26656");
    ASSERT_FALSE(address) << host;
    EXPECT_EQ(address.error().reason, Reason::address_is_a_name) << host;
    EXPECT_NE(address.error().detail.find(host), std::string::npos);
  }
}

TEST(NetAddress, ThatIsAlmostAnIpv4LiteralIsMalformedAndNotAName) {
  for (const std::string_view host :
       {"1.2.3.04", "256.1.1.1", "1.2.3", "1.2.3.4.5", "2130706433", "1.2.3.4.", "0", "1..2"}) {
    const std::string text = kId + "@" + std::string(host) + ":26656";
    ASSERT_FALSE(NetAddress::parse(text)) << host;
    EXPECT_EQ(NetAddress::parse(text).error().reason, Reason::address_malformed) << host;
    ASSERT_FALSE(HostAddress::parse(text)) << host;
  }
}

TEST(NetAddress, CannotPutControlCharactersInAnErrorText) {
  for (const std::string_view text : {"\x1b[2J@1.2.3.4:1", "\n", "\x1b", "x\r\n@y:1"}) {
    const auto address = NetAddress::parse(text);
    ASSERT_FALSE(address);
    for (const char c : address.error().text()) EXPECT_TRUE(c >= 0x20 && c < 0x7f);
  }
  const auto name = NetAddress::parse(kId + "@a\x1b.b:1");
  ASSERT_FALSE(name);
  EXPECT_EQ(name.error().detail.find('\x1b'), std::string::npos);
}

TEST(NetAddress, OfAnyLengthIsRefusedWithAShortText) {
  const auto address = NetAddress::parse(std::string(1 << 20, 'a'));
  ASSERT_FALSE(address);
  EXPECT_LT(address.error().text().size(), 1000u);
}

TEST(NetAddress, EqualAddressesHashAlikeAndOthersDoNot) {
  std::unordered_set<NetAddress> set;
  set.insert(*NetAddress::parse(kId + "@1.2.3.4:1"));
  set.insert(*NetAddress::parse("tcp://" + kId + "@[::ffff:1.2.3.4]:01"));
  EXPECT_EQ(set.size(), 1u);
  set.insert(*NetAddress::parse(kId + "@1.2.3.4:2"));
  set.insert(*NetAddress::parse(kId + "@1.2.3.5:1"));
  set.insert(*NetAddress::parse("ff" + kId.substr(2) + "@1.2.3.4:1"));
  EXPECT_EQ(set.size(), 4u);
  const std::hash<NetAddress> hash;
  EXPECT_NE(hash(*NetAddress::parse(kId + "@1.2.3.4:1")),
            hash(*NetAddress::parse(kId + "@1.2.3.4:257")));
}

TEST(HostAddress, AcceptsLiteralsAndNames) {
  for (const std::string_view host : {"1.2.3.4", "localhost", "seed.example.org", "example.org.",
                                      "a", "node.1", "my_node", "3com.com", "a-b"}) {
    const std::string text = kId + "@" + std::string(host) + ":26656";
    const auto address = HostAddress::parse(text);
    ASSERT_TRUE(address) << host;
    EXPECT_EQ(address->host, host);
    EXPECT_EQ(address->port, 26656);
    EXPECT_EQ(address->to_string(), text);
  }
  const auto v6 = HostAddress::parse("tcp://" + kId + "@[2001:db8::1]:1");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "2001:db8::1");
  EXPECT_EQ(v6->to_string(), kId + "@[2001:db8::1]:1");
  EXPECT_EQ(HostAddress::parse(v6->to_string()), *v6);
}

TEST(HostAddress, OfANetAddressNamesTheSame) {
  for (const std::string& text : {kId + "@1.2.3.4:5", kId + "@[2001:db8::1]:1"}) {
    const HostAddress address = HostAddress::of(*NetAddress::parse(text));
    EXPECT_EQ(address, *HostAddress::parse(text));
    EXPECT_EQ(address.to_string(), text);
  }
}

TEST(HostAddress, RejectsWhatCanBeNoHostName) {
  const std::string long_label(64, 'a');
  const std::string long_name = [] {
    std::string name;
    for (int i = 0; i < 127; ++i) name += "a.";
    return name + "b";
  }();
  ASSERT_GT(long_name.size(), 253u);
  for (const std::string& host :
       {std::string("-a"), std::string("a-"), std::string("a..b"), std::string(".a"),
        std::string("."), std::string("a b"), std::string("a/b"), std::string("a%b"),
        std::string("caf\xc3\xa9"), std::string("a\0b", 3), long_label, long_name}) {
    const auto address = HostAddress::parse(kId + "@" + host + ":1");
    ASSERT_FALSE(address) << host;
    EXPECT_EQ(address.error().reason, Reason::address_malformed) << host;
  }
  EXPECT_TRUE(HostAddress::parse(kId + "@" + long_label.substr(1) + ":1"));
}

TEST(HostAddressList, TrimsSpacesAndSkipsEmptyEntries) {
  const auto list = parse_host_addresses(" " + kId + "@a:1 , ,," + kId + "@[::1]:2,");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 2u);
  EXPECT_EQ((*list)[0].host, "a");
  EXPECT_EQ((*list)[1].host, "::1");
}

TEST(HostAddressList, OfNothingIsEmpty) {
  for (const std::string_view text : {"", " ", ",", " , , "}) {
    const auto list = parse_host_addresses(text);
    ASSERT_TRUE(list) << text;
    EXPECT_TRUE(list->empty());
  }
}

TEST(HostAddressList, IsRefusedAsAWholeAndNamesTheFirstBadEntry) {
  const std::string good = kId + "@a:1";
  for (const std::string& bad :
       {std::string("b.example:2"), std::string("@b.example:2"), std::string("12ab@b.example:2"),
        kId + "@b.example", kId + "@b.example:x", kId + "@b!example:2"}) {
    const auto list = parse_host_addresses(good + ", " + bad + ",worse");
    ASSERT_FALSE(list) << bad;
    EXPECT_NE(list.error().detail.find("\"" + bad + "\""), std::string::npos)
        << list.error().detail;
  }
}

TEST(HostPort, IsSplitAtTheLastColon) {
  const std::tuple<std::string_view, std::string_view, int> cases[] = {
      {"tcp://0.0.0.0:26656", "0.0.0.0", 26656},
      {"0.0.0.0:0", "0.0.0.0", 0},
      {"[::]:26656", "::", 26656},
      {"tcp://[2001:db8::1]:1", "2001:db8::1", 1},
      {"a name!:65535", "a name!", 65535},
      {"[fe80::1%eth0]:1", "fe80::1%eth0", 1},
      {"[1.2.3.4]:1", "1.2.3.4", 1},
  };
  for (const auto& [text, host, port] : cases) {
    const auto parts = split_host_port(text);
    ASSERT_TRUE(parts) << text;
    EXPECT_EQ(parts->host, host);
    EXPECT_EQ(parts->port, port);
  }
}

TEST(HostPort, NeedsAHostAndAPort) {
  for (const std::string_view text :
       {"",       ":",    ":1",      "a",      "a:",     "a:b",    "a:65536",
        "a:-1",   "a:+1", "::1:1",   "[::1]",  "[::1]:", "[::1]1", "[::1",
        "::1]:1", "[]:1", "[[a]]:1", "a[b]:1", "[a]b:1", "tcp://", "tcp://:1"}) {
    const auto parts = split_host_port(text);
    ASSERT_FALSE(parts) << text;
    EXPECT_EQ(parts.error().reason, Reason::address_malformed) << text;
  }
}

}  // namespace
}  // namespace peerage::conn
