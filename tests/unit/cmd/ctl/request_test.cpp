#include "cmd/ctl/request.h"

#include <string>

#include <gtest/gtest.h>

namespace peerage::cmd {
namespace {

std::string wrong_with(std::string_view line) {
  const CtlRequest request = parse_request(line);
  return request.error ? request.error->message : "";
}

TEST(CtlRequest, ALineHasAnIdAMethodAndParameters) {
  const CtlRequest request = parse_request(
      R"({"jsonrpc":"2.0","id":7,"method":"ban","params":{"target":"1.2.3.4","forever":true,)"
      R"("limit":5,"types":["a","b"]}})");
  ASSERT_FALSE(request.error) << request.error->message;
  EXPECT_EQ(request.id, "7");
  EXPECT_EQ(request.method, "ban");
  const CtlParams expected = {{"target", "1.2.3.4"},
                              {"forever", true},
                              {"limit", std::int64_t{5}},
                              {"types", std::vector<std::string>{"a", "b"}}};
  EXPECT_EQ(request.params, expected);
}

TEST(CtlRequest, TheIdComesBackAsItWas) {
  EXPECT_EQ(parse_request(R"({"method":"x","id":-3})").id, "-3");
  EXPECT_EQ(parse_request(R"({"method":"x","id":"a\"b"})").id, R"("a\"b")");
  EXPECT_EQ(parse_request(R"({"method":"x","id":null})").id, "null");
  EXPECT_EQ(parse_request(R"({"method":"x"})").id, "null");
  // Also of a request that is refused, wherever it stands.
  EXPECT_EQ(parse_request(R"({"method":5,"params":[[1]],"id":8})").id, "8");
}

TEST(CtlRequest, EverythingElseIsRefusedByName) {
  EXPECT_EQ(wrong_with("[]"), "a request is a JSON object");
  EXPECT_EQ(wrong_with("5"), "a request is a JSON object");
  EXPECT_EQ(wrong_with("{}"), "it has no method");
  EXPECT_EQ(wrong_with(R"({"method":""})"), "it has no method");
  EXPECT_EQ(wrong_with(R"({"method":["x"]})"), "method has a wrong type");
  EXPECT_EQ(wrong_with(R"({"method":5})"), "method is no string");
  EXPECT_EQ(wrong_with(R"({"method":"x","id":1.5})"), "id is no whole number and no string");
  EXPECT_EQ(wrong_with(R"({"method":"x","id":{}})"), "id has a wrong type");
  EXPECT_EQ(wrong_with(R"({"method":"x","params":[]})"), "params is no object");
  EXPECT_EQ(wrong_with(R"({"method":"x","params":null})"), "params is no object");
  EXPECT_EQ(wrong_with(R"({"method":"x","parms":{}})"), "a request has no member \"parms\"");
  EXPECT_EQ(wrong_with(R"({"jsonrpc":"1.0","method":"x"})"), "jsonrpc is not \"2.0\"");
  EXPECT_EQ(wrong_with(R"({"method":"x","params":{"a":1.5}})"),
            "\"a\" is no string, whole number, true, false or array");
  EXPECT_EQ(wrong_with(R"({"method":"x","params":{"a":{}}})"),
            "\"a\" is no string, whole number, true, false or array");
  EXPECT_EQ(wrong_with(R"({"method":"x","params":{"a":[1]}})"), "\"a\": an array has strings");
  EXPECT_EQ(wrong_with(R"({"method":"x","params":{"a":18446744073709551615}})"),
            "\"a\" is no string, whole number, true, false or array");
}

// The last of two is what one reader would take, and the first another.
TEST(CtlRequest, NothingStandsThereTwice) {
  EXPECT_EQ(wrong_with(R"({"method":"a","method":"b"})"), "method is there twice");
  EXPECT_EQ(wrong_with(R"({"method":"a","params":{"t":"1","t":"2"}})"), "\"t\" is there twice");
  EXPECT_EQ(wrong_with(R"({"method":"a","params":{},"params":{}})"), "params is there twice");
}

TEST(CtlRequest, WhatIsNoJsonIsRefusedWithItsPlace) {
  EXPECT_EQ(wrong_with("hello"), "no JSON: at byte 1");
  EXPECT_EQ(wrong_with(R"({"method":"x"} {})"), "no JSON: at byte 16");
  EXPECT_EQ(wrong_with("{\"method\":\"\xff\"}"), "no JSON: at byte 12");
  EXPECT_EQ(parse_request("{").error->reason, "malformed");
}

TEST(CtlRequest, NestingIsRefusedAndNotFollowed) {
  std::string deep = R"({"method":"x","params":)";
  deep.append(30'000, '[');
  EXPECT_EQ(wrong_with(deep), "params is no object");
  EXPECT_EQ(wrong_with(std::string(60'000, '{')), "no JSON: at byte 2");
  EXPECT_EQ(wrong_with(std::string(60'000, '[')), "a request is a JSON object");
}

TEST(CtlRequest, AnAnswerIsOneLine) {
  EXPECT_EQ(answer_line("1", std::string("{\"a\":\n1}")), "{\"id\":1,\"result\":{\"a\": 1}}\n");
  EXPECT_EQ(
      answer_line("\"x\"", tl::unexpected(CtlError{-1, "not_found", "no \"peer\"\n", "look"})),
      R"({"id":"x","error":{"code":-1,"reason":"not_found","message":"no \"peer\"\n",)"
      R"("hint":"look"}})"
      "\n");
}

TEST(CtlRequest, ParametersAreWrittenAsTheyAreRead) {
  const CtlParams params = {{"a", "\"\n"},
                            {"b", false},
                            {"c", std::int64_t{-7}},
                            {"d", std::vector<std::string>{"x", ""}}};
  const auto again = parse_request(R"({"method":"x","params":)" + params_text(params) + "}");
  EXPECT_FALSE(again.error);
  EXPECT_EQ(again.params, params);
}

}  // namespace
}  // namespace peerage::cmd
