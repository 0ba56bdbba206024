#include "tests/support/addresses.h"

#include <gtest/gtest.h>

namespace peerage::test {

conn::IpAddress ip(std::string_view text) {
  const auto address = conn::IpAddress::parse(text);
  EXPECT_TRUE(address) << text;
  return address.value_or(conn::IpAddress{});
}

conn::Cidr network(std::string_view text) {
  const auto parsed = conn::Cidr::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : conn::Cidr(conn::IpAddress{});
}

}  // namespace peerage::test
