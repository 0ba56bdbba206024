#include "tests/support/addresses.h"

#include <cstddef>

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

conn::NodeId numbered_id(std::uint32_t number) {
  conn::ByteArray<conn::NodeId::kBytes> bytes{};
  for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(number >> (8 * (3 - i)));
  bytes[19] = 1;
  return conn::NodeId(bytes);
}

}  // namespace peerage::test
