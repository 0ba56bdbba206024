#include "cmd/config/genesis.h"

#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace peerage::cmd {
namespace {

std::optional<std::string> chain_id(const std::string& json, std::size_t limit = kMaxGenesis) {
  std::istringstream stream(json);
  return chain_id_of(stream, limit);
}

TEST(Genesis, TheChainIdAtTheTopLevelIsFound) {
  EXPECT_EQ(chain_id(R"({"genesis_time":"2026","chain_id":"chain-1","app_state":{}})"), "chain-1");
  EXPECT_EQ(chain_id("{\n \"a\" : [1, {\"b\": \"}\"}],\n \"chain_id\" : \"x\"\n}"), "x");
  EXPECT_EQ(chain_id(R"({"chain_id":"a\u002Db"})"), "a-b");
}

TEST(Genesis, OneInsideOfOtherValuesIsNotMeant) {
  EXPECT_EQ(
      chain_id(R"({"app_state":{"chain_id":"other"},"l":["chain_id",":","no"],"chain_id":"x"})"),
      "x");
  EXPECT_EQ(chain_id(R"({"note":"chain_id","chain_id":"x"})"), "x");
  EXPECT_EQ(chain_id(R"({"app_state":{"chain_id":"other"}})"), std::nullopt);
  EXPECT_EQ(chain_id(R"({"a":"\"chain_id\":\"no\"","chain_id":"x"})"), "x");
}

TEST(Genesis, NothingBehindItIsRead) {
  std::istringstream stream(R"({"chain_id":"x","app_state":)" + std::string(1 << 20, '['));
  EXPECT_EQ(chain_id_of(stream), "x");
  EXPECT_LT(static_cast<std::size_t>(stream.tellg()), std::size_t{1} << 17);
}

TEST(Genesis, WhatIsNoGenesisHasNone) {
  for (const std::string text :
       {"", "{", "[]", "chain_id", "\"chain_id\"", R"({"chain_id":7})", R"({"chain_id":7,"a":"x"})",
        R"({"chain_id":{"chain_id":"x"}})", R"({"chain_id":["x"]})", R"({"chain_id":"x)",
        R"({"chain_id":"\u12"})", R"({} "chain_id":"x")", "}}}", R"([{"chain_id":"x"}])"}) {
    EXPECT_EQ(chain_id(text), std::nullopt) << text;
  }
  EXPECT_EQ(chain_id(R"({"chain_id":")" + std::string(51, 'x') + "\"}"), std::nullopt);
  EXPECT_EQ(chain_id(R"({"chain_id":")" + std::string(50, 'x') + "\"}"), std::string(50, 'x'));
  EXPECT_EQ(chain_id(R"({"a":"b","chain_id":"x"})", 10), std::nullopt) << "beyond the limit";
}

TEST(Genesis, AFileThatIsNotThereIsNoErrorAndOneWithoutAChainIdIs) {
  const auto missing = read_chain_id("/nonexistent/genesis.json");
  ASSERT_TRUE(missing);
  EXPECT_FALSE(*missing);
  EXPECT_FALSE(read_chain_id("/dev/null"));
  EXPECT_FALSE(read_chain_id(PEERAGE_VECTORS "/config/config-v1.0.1.toml"));
}

}  // namespace
}  // namespace peerage::cmd
