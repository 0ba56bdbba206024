#include "p2p/base/listen_address.h"

#include <string>

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

TEST(ListenAddress, HasNoIdAndNoPath) {
  for (const char* text :
       {"ID@203.0.113.9:26656", "https://203.0.113.9:26656", "203.0.113.9:26656/"}) {
    const auto refused = listen_address(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_NE(refused.error().detail.find("here the address alone is wanted: 203.0.113.9:26656"),
              std::string::npos)
        << refused.error().detail;
  }
}

}  // namespace
}  // namespace peerage::p2p
