// What the recordings of a real node's address book say about addresses: which are worth keeping,
// and under which group they are counted.
#include <utility>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "conn/address/net_address.h"
#include "tests/sim/go/go_address.h"
#include "tests/support/vectors.h"

namespace peerage::conn {
namespace {

using test::load_vectors;

NetAddress address_of(const nlohmann::json& text) {
  const auto address = NetAddress::parse(text.get<std::string>());
  EXPECT_TRUE(address) << text;
  return address.value_or(NetAddress{});
}

TEST(RecordedBook, AddressesAndSourcesAreGroupedAsRecorded) {
  const auto cases = load_vectors("addrbook")["buckets"];
  ASSERT_EQ(cases.size(), 128u);
  for (const auto& each : cases) {
    SCOPED_TRACE(each["addr"].get<std::string>());
    const auto strict = each["routability_strict"] ? IpAddress::Strict::yes : IpAddress::Strict::no;
    for (const auto& [address, group] :
         {std::pair{each["addr"], each["group_addr"]}, std::pair{each["src"], each["group_src"]}}) {
      const IpAddress ip = address_of(address).endpoint.ip;
      // What the Go node alone takes for routable has a group of its own there.
      const bool stricter = sim::go::routable(ip) && !ip.routable();
      EXPECT_EQ(ip.group_key(stricter ? IpAddress::Strict::no : strict), group);
    }
  }
}

TEST(RecordedBook, WhatItRefusesAsInvalidOrUnroutableIsSoHere) {
  const auto cases = load_vectors("addrbook")["add_address"];
  ASSERT_EQ(cases.size(), 30u);
  for (const auto& each : cases) {
    SCOPED_TRACE(each["name"].get<std::string>());
    const std::string error = each.contains("error_type") && each["error_type"].is_string()
                                  ? each["error_type"].get<std::string>()
                                  : "";
    const auto address = NetAddress::parse(each["addr"].get<std::string>());
    if (!address) {
      // No ID, or no address at all.
      EXPECT_TRUE(error == "ErrAddrBookInvalidAddr" || error == "ErrAddrBookNilAddr") << error;
      continue;
    }
    EXPECT_EQ(address->valid(), error != "ErrAddrBookInvalidAddr");
    if (error == "ErrAddrBookNonRoutable") {
      EXPECT_FALSE(address->routable());
    }
    if (error.empty() && each["strict"]) {
      EXPECT_TRUE(address->routable());
    }
  }
}

TEST(RecordedBook, TheAddressesInItsFileAreReadAndPrintedAlike) {
  const auto file =
      nlohmann::json::parse(load_vectors("addrbook")["file_sample"].get<std::string>());
  ASSERT_FALSE(file["addrs"].empty());
  for (const auto& entry : file["addrs"]) {
    for (const char* part : {"addr", "src"}) {
      const auto ip = IpAddress::parse(entry[part]["ip"].get<std::string>());
      ASSERT_TRUE(ip);
      EXPECT_EQ(ip->to_string(), entry[part]["ip"]);
      EXPECT_TRUE(NodeId::parse(entry[part]["id"].get<std::string>()));
    }
  }
}

}  // namespace
}  // namespace peerage::conn
