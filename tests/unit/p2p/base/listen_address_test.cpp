#include "p2p/base/listen_address.h"

#include <gtest/gtest.h>

namespace peerage::p2p {
namespace {

TEST(ListenAddress, IsAnIpAddressAndAPort) {
  EXPECT_EQ(listen_address("tcp://0.0.0.0:26656")->to_string(), "0.0.0.0:26656");
  EXPECT_EQ(listen_address("127.0.0.1:0")->to_string(), "127.0.0.1:0");
  EXPECT_EQ(listen_address("tcp://[::1]:7")->to_string(), "[::1]:7");
}

TEST(ListenAddress, IsNoName) {
  const auto refused = listen_address("tcp://localhost:4102");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("\"localhost\" is no IP address"), std::string::npos);
  for (const char* text : {"", "0.0.0.0", "0.0.0.0:", "0.0.0.0:65536", ":26656"}) {
    EXPECT_FALSE(listen_address(text)) << text;
  }
}

}  // namespace
}  // namespace peerage::p2p
