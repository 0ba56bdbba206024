#include "cmd/status/json_rpc_reading.h"

#include <array>

#include <gtest/gtest.h>

#include "tests/unit/cmd/status/rpc_fixture.h"

namespace peerage::cmd {
namespace {

using test::get;
using test::post;
using List = RpcArguments::List;

constexpr std::array<RpcParameter, 4> kParameters = {
    RpcParameter{"word", RpcType::text}, RpcParameter{"peers", RpcType::list},
    RpcParameter{"persistent", RpcType::flag},
    RpcParameter{"network", RpcType::text, RpcParameter::Origin::ours}};

RpcReading<RpcArguments> of_json(std::string_view params) {
  return arguments_of_json(kParameters, params);
}
RpcReading<RpcArguments> of_query(const std::string& query) {
  return arguments_of_query(kParameters, get("/", query));
}

TEST(JsonRpcArguments, MissingOnesAreEmptyValues) {
  for (const char* params : {"", "null", "{}", R"({"other":[1],"word":null,"peers":null})"}) {
    const auto arguments = of_json(params);
    ASSERT_TRUE(arguments) << params;
    EXPECT_EQ(arguments->text("word"), "");
    EXPECT_EQ(arguments->list("peers"), List());
    EXPECT_FALSE(arguments->flag("persistent"));
  }
}

TEST(JsonRpcArguments, AnObjectGivesThemByName) {
  const auto arguments =
      of_json(R"({"persistent":true,"word":"a\u0000b","peers":["x",null],"network":"n"})");
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->text("word"), std::string("a\0b", 3));
  EXPECT_EQ(arguments->list("peers"), (List{"x", ""}));
  EXPECT_TRUE(arguments->flag("persistent"));
  EXPECT_EQ(arguments->text("network"), "n");
}

TEST(JsonRpcArguments, AnArrayGivesAllThatAComeNodeHasByPosition) {
  const auto arguments = of_json(R"(["w",["x"],true])");
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->list("peers"), List{"x"});
  for (const char* params : {"[]", R"(["w"])", R"(["w",[],true,"n"])"}) {
    EXPECT_FALSE(of_json(params)) << params;
  }
  const std::array<RpcParameter, 1> ours = {kParameters[3]};
  EXPECT_TRUE(arguments_of_json(ours, "[]")) << "as clients call status";
}

TEST(JsonRpcArguments, OfAnotherTypeTheyAreRefusedByName) {
  EXPECT_EQ(of_json(R"({"word":1})").error(), "word: a string is expected, not number");
  EXPECT_EQ(of_json(R"({"peers":"a"})").error(),
            "peers: a list of strings is expected, not string");
  EXPECT_FALSE(of_json(R"({"peers":["a",1]})"));
  EXPECT_FALSE(of_json(R"({"persistent":"true"})"));
  EXPECT_FALSE(of_json(R"({"persistent":0})"));
  EXPECT_EQ(of_json("7").error(), "unknown type for JSON params: number. Expected map or array");
}

TEST(JsonRpcArguments, AQueryHasTextsInQuotesOrAsHex) {
  EXPECT_EQ(of_query("word=%22a+b%22")->text("word"), "a b");
  EXPECT_EQ(of_query("word=0x6162")->text("word"), "ab");
  EXPECT_EQ(of_query("word=0X6162")->text("word"), "ab");
  EXPECT_EQ(of_query("word=0x")->text("word"), "");
  EXPECT_EQ(of_query("word=null")->text("word"), "");
  for (const char* bad :
       {"word=bare", "word=0x616", "word=0xzz", "word=7", "word=%22a", "word=%zz"}) {
    EXPECT_FALSE(of_query(bad)) << bad;
  }
}

TEST(JsonRpcArguments, AQueryHasListsAsJsonAndBooleansAsWords) {
  EXPECT_EQ(of_query("peers=%5B%22a@b:1%22,%22c%22%5D")->list("peers"), (List{"a@b:1", "c"}));
  EXPECT_TRUE(of_query("persistent=true")->flag("persistent"));
  EXPECT_FALSE(of_query("persistent=false")->flag("persistent"));
  for (const char* bad : {"persistent=1", "persistent=True", "persistent=%22true%22",
                          "persistent=0x01", "peers=a", "peers=0x61", "peers=[1]"}) {
    EXPECT_FALSE(of_query(bad)) << bad;
  }
  EXPECT_EQ(of_query("persistent=0x01").error(),
            "persistent: true or false is expected, not hex digits");
}

TEST(JsonRpcArguments, OneOfOursMayStandBare) {
  EXPECT_EQ(of_query("network=net-1")->text("network"), "net-1");
  EXPECT_EQ(of_query("network=0x61")->text("network"), "0x61") << "a chain may have that name";
  EXPECT_EQ(of_query("network=%22net-1%22")->text("network"), "net-1");
}

TEST(JsonRpcArguments, AnEmptyValueInAQueryIsNoneAndTheFirstOfANameCounts) {
  EXPECT_TRUE(of_query("word=&persistent=&peers="));
  EXPECT_EQ(of_query("network=a&network=b")->text("network"), "a");
}

TEST(JsonRpcArguments, AFormCountsWhereTheQuerySaysNothing) {
  HttpRequest request = post("network=form&persistent=true");
  request.headers.emplace_back("content-type", "application/x-www-form-urlencoded; charset=utf-8");
  request.query = "network=query&persistent=";
  const auto arguments = arguments_of_query(kParameters, request);
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->text("network"), "query");
  EXPECT_TRUE(arguments->flag("persistent"));
  request.headers.back().second = "application/json";
  EXPECT_FALSE(arguments_of_query(kParameters, request)->flag("persistent"));
}

TEST(JsonRpcArguments, AMethodWithoutAnyIgnoresWhateverTheQueryIs) {
  EXPECT_TRUE(arguments_of_query({}, get("/health", "%zz&a=[")));
}

}  // namespace
}  // namespace peerage::cmd
