// IP addresses and networks from text that a test has written, and so is right.
#pragma once

#include <string_view>

#include <gtest/gtest.h>

#include "conn/cidr.h"
#include "conn/ip_address.h"

namespace peerage::test {

inline conn::IpAddress ip(std::string_view text) {
  const auto address = conn::IpAddress::parse(text);
  EXPECT_TRUE(address) << text;
  return address.value_or(conn::IpAddress{});
}

inline conn::Cidr network(std::string_view text) {
  const auto parsed = conn::Cidr::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : conn::Cidr(conn::IpAddress{});
}

}  // namespace peerage::test
