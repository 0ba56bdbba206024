// The envelope, by the rules of a comet node: each was seen there.
#include "cmd/status/json_rpc.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/cmd/status/rpc_fixture.h"

namespace peerage::cmd {
namespace {

using test::body_of;
using test::get;
using test::post;

RpcMethods some_methods() {
  RpcMethods methods;
  methods.push_back({"echo",
                     {{"word", RpcType::text}, {"words", RpcType::list}, {"loud", RpcType::flag}},
                     [](const RpcArguments& arguments) -> RpcResult {
                       nlohmann::json result = {arguments.text("word"), arguments.list("words"),
                                                arguments.flag("loud")};
                       return result.dump();
                     }});
  methods.push_back(
      {"fail", {}, [](const RpcArguments&) -> RpcResult {
         return tl::unexpected(RpcError{RpcCode::internal_error, "no seeds <provided>"});
       }});
  methods.push_back({"one", {}, [](const RpcArguments&) -> RpcResult { return "1"; }});
  methods.push_back({"long", {}, [](const RpcArguments&) -> RpcResult {
                       return '"' + std::string(kMaxBatchAnswer / 2, 'x') + '"';
                     }});
  methods.push_back({"subscribe", {}, nullptr});
  return methods;
}

HttpAnswer posted(const std::string& body, const RpcLimits& limits = {}) {
  return answer_body(some_methods(), post(body), limits);
}
std::string answer_to(const std::string& body) {
  return body_of(posted(body));
}
HttpAnswer asked(std::size_t method, const std::string& query = {}) {
  return answer_query(some_methods()[method], get("/", query));
}

constexpr std::size_t kEcho = 0, kFail = 1, kOne = 2, kSubscribe = 4;

TEST(JsonRpc, TheIdOfEveryGetIsMinusOne) {
  const HttpAnswer answer = asked(kOne);
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.content_type, "application/json");
  EXPECT_EQ(body_of(answer), R"({"jsonrpc":"2.0","id":-1,"result":1})");
}

TEST(JsonRpc, AGetThatFailsSaysSoByItsStatus) {
  EXPECT_EQ(asked(kFail).status, 500U);
  EXPECT_EQ(
      body_of(asked(kFail)),
      R"({"jsonrpc":"2.0","id":-1,"error":{"code":-32603,"message":"Internal error","data":"no seeds \u003cprovided\u003e"}})");
  EXPECT_EQ(asked(kEcho, "loud=1").status, 500U);
  EXPECT_EQ(
      body_of(asked(kEcho, "loud=1")),
      R"({"jsonrpc":"2.0","id":-1,"error":{"code":-32602,"message":"Invalid params","data":"error converting http params to arguments: loud: true or false is expected, not number"}})");
}

TEST(JsonRpc, AGetOfAWebSocketMethodIsNotFound) {
  EXPECT_EQ(asked(kSubscribe).status, 404U);
  EXPECT_EQ(body_of(asked(kSubscribe)),
            R"({"jsonrpc":"2.0","id":-1,"error":{"code":-32601,"message":"Method not found"}})");
}

TEST(JsonRpc, AnIdIsEchoedWithItsType) {
  const std::pair<const char*, const char*> cases[] = {
      {"2", "2"},
      {"-1", "-1"},
      {"0", "0"},
      {"3.7", "3"},
      {"-3.7", "-3"},
      {"1e3", "1000"},
      {"9007199254740993", "9007199254740993"},
      {"18446744073709551615", "18446744073709551615"},
      {R"("a")", R"("a")"},
      {R"("")", R"("")"},
      {R"("<\u2028é\ud83d\ude00>")", "\"\\u003c\\u2028é😀\\u003e\""},
  };
  for (const auto& [sent, echoed] : cases) {
    EXPECT_EQ(answer_to(R"({"jsonrpc":"2.0","id":)" + std::string(sent) + R"(,"method":"one"})"),
              R"({"jsonrpc":"2.0","id":)" + std::string(echoed) + R"(,"result":1})");
  }
}

TEST(JsonRpc, AnIdOfAnotherTypeIsAParseErrorWithoutAnId) {
  for (const char* id : {"true", "[1]", "{}", "1e30", "-1e19"}) {
    const HttpAnswer answer = posted(R"({"id":)" + std::string(id) + R"(,"method":"one"})");
    EXPECT_EQ(answer.status, 500U) << id;
    EXPECT_EQ(
        body_of(answer).find(
            R"({"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error. Invalid JSON","data":"error unmarshaling request: json-rpc ID is )"),
        0U)
        << body_of(answer);
  }
}

TEST(JsonRpc, ANotificationIsNotAnswered) {
  for (const char* body : {R"({"method":"one"})", R"({"id":null,"method":"one"})", "null", "[]",
                           "[null]", R"([{"method":"one"},{"method":"fail"}])"}) {
    const HttpAnswer answer = posted(body);
    EXPECT_EQ(answer.status, 200U);
    EXPECT_EQ(body_of(answer), "") << body;
  }
}

TEST(JsonRpc, ABatchIsAnsweredInOrderAndABatchOfOneAsAnObject) {
  EXPECT_EQ(answer_to(R"([{"id":1,"method":"one"}])"), R"({"jsonrpc":"2.0","id":1,"result":1})");
  EXPECT_EQ(
      answer_to(R"([{"id":1,"method":"one"},{"method":"one"},{"id":"b","method":"nothing"}])"),
      R"([{"jsonrpc":"2.0","id":1,"result":1},{"jsonrpc":"2.0","id":"b","error":{"code":-32601,"message":"Method not found"}}])");
}

std::string batch_of(int size, const std::string& method = "one") {
  std::string body = "[";
  for (int i = 0; i < size; ++i) {
    body +=
        (i == 0 ? "" : ",") + ("{\"id\":" + std::to_string(i)) + ",\"method\":\"" + method + "\"}";
  }
  return body + "]";
}

TEST(JsonRpc, ABatchOverTheLimitIsOneErrorWithoutAnId) {
  EXPECT_EQ(nlohmann::json::parse(answer_to(batch_of(10))).size(), 10U);
  EXPECT_EQ(posted(batch_of(11)).status, 200U);
  EXPECT_EQ(
      answer_to(batch_of(11)),
      R"({"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request","data":"batch request exceeds maximum (10) allowed number of requests"}})");
  EXPECT_EQ(nlohmann::json::parse(body_of(posted(batch_of(100), {.batch = 0}))).size(), 100U);
}

TEST(JsonRpc, ABatchWhoseAnswersAreTooLongIsCutShort) {
  const auto answers = nlohmann::json::parse(answer_to(batch_of(5, "long")));
  ASSERT_EQ(answers.size(), 5U);
  EXPECT_TRUE(answers[1].contains("result"));
  EXPECT_EQ(answers[2]["error"]["code"], -32603);
  EXPECT_EQ(answers[4]["id"], 4);
}

TEST(JsonRpc, ErrorsInsideAPostHaveStatus200) {
  const HttpAnswer unknown = posted(R"({"jsonrpc":"2.0","id":2,"method":"genesis"})");
  EXPECT_EQ(unknown.status, 200U);
  EXPECT_EQ(body_of(unknown),
            R"({"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"Method not found"}})");
  EXPECT_EQ(answer_to(R"({"id":2,"method":"subscribe"})"), body_of(unknown));
  EXPECT_EQ(answer_to(R"({"id":2})"), body_of(unknown));
  EXPECT_EQ(posted(R"({"id":2,"method":"fail"})").status, 200U);
  const HttpAnswer params = posted(R"({"id":2,"method":"echo","params":[]})");
  EXPECT_EQ(params.status, 200U);
  EXPECT_EQ(
      body_of(params),
      R"({"jsonrpc":"2.0","id":2,"error":{"code":-32602,"message":"Invalid params","data":"error converting json params to arguments: expected 3 parameters ([word words loud]), got 0"}})");
}

TEST(JsonRpc, WhatIsNoJsonIsStatus500) {
  for (const char* body : {"{", "x", "{\"id\":1,}", "[{\"id\":1},7]", "\"one\"", "7", "\xff",
                           "{}{}", "{\"id\":1,\"method\":7}", "{\"id\":1,\"jsonrpc\":2}",
                           "{\"id\":1e400}", "{\"id\":\"\\ud800\"}"}) {
    const HttpAnswer answer = posted(body);
    EXPECT_EQ(answer.status, 500U) << body;
    const auto read = nlohmann::json::parse(body_of(answer));
    EXPECT_EQ(read["error"]["code"], -32700) << body;
    EXPECT_FALSE(read.contains("id")) << body;
  }
  EXPECT_EQ(
      answer_to("{"),
      R"({"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error. Invalid JSON","data":"error unmarshaling request: unexpected end of JSON input"}})");
}

TEST(JsonRpc, BracketsWithinBracketsAreBounded) {
  const auto nested = [](std::size_t depth) {
    return R"({"id":1,"method":"one","params":)" + std::string(depth - 1, '[') +
           std::string(depth - 1, ']') + "}";
  };
  EXPECT_EQ(posted(nested(kMaxRpcDepth)).status, 200U);
  EXPECT_EQ(posted(nested(kMaxRpcDepth + 1)).status, 500U);
  EXPECT_EQ(posted(std::string(1 << 20, '[')).status, 500U);
  EXPECT_EQ(posted(R"({"id":1,"method":"one\"[[","x":")" + std::string(100, '[') + "\"}").status,
            200U)
      << "those in a string are none";
}

TEST(JsonRpc, OfANameThatStandsTwiceTheLastValueCounts) {
  EXPECT_EQ(answer_to(R"({"id":1,"method":"fail","id":2,"method":"one"})"),
            R"({"jsonrpc":"2.0","id":2,"result":1})");
}

TEST(JsonRpc, WithoutABodyThereIsAListOfMethodsInHtml) {
  const HttpAnswer answer = answer_body(some_methods(), get("/"), {});
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.content_type, "text/html");
  EXPECT_EQ(
      body_of(answer),
      "<html><body><br>Available endpoints:<br>"
      R"(<a href="//127.0.0.1:26657/fail">//127.0.0.1:26657/fail</a></br>)"
      R"(<a href="//127.0.0.1:26657/one">//127.0.0.1:26657/one</a></br>)"
      R"(<a href="//127.0.0.1:26657/long">//127.0.0.1:26657/long</a></br>)"
      "<br>Endpoints that require arguments:<br>"
      R"(<a href="//127.0.0.1:26657/echo?word=_&amp;words=_&amp;loud=_">//127.0.0.1:26657/echo?word=_&amp;words=_&amp;loud=_</a></br>)"
      "</body></html>");
}

TEST(JsonRpc, TheListOfMethodsShowsAHostEscaped) {
  HttpRequest request = get("/");
  request.headers = {{"host", "\"><script>alert('1')</script>"}};
  const std::string page = body_of(answer_body(some_methods(), request, {}));
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_NE(page.find("&#34;&gt;&lt;script&gt;alert(&#39;1&#39;)"), std::string::npos);
}

TEST(JsonRpc, MessagesOfAWebSocketAreAnsweredAsPosts) {
  const auto answer = [](std::string_view message) {
    return answer_message(some_methods(), message, {});
  };
  EXPECT_EQ(answer(R"({"id":1,"method":"one"})"), R"({"jsonrpc":"2.0","id":1,"result":1})");
  EXPECT_EQ(answer(R"({"id":1,"method":"subscribe","params":{"query":"tm.event='NewBlock'"}})"),
            R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}})");
  EXPECT_EQ(answer(R"({"method":"one"})"), std::nullopt);
  EXPECT_NE(answer("{")->find("-32700"), std::string::npos);
  EXPECT_NE(answer("")->find("-32700"), std::string::npos);
}

TEST(JsonRpc, AnUnknownPathIsTextAsGoHasIt) {
  const HttpAnswer answer = page_not_found();
  EXPECT_EQ(answer.status, 404U);
  EXPECT_EQ(answer.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(body_of(answer), "404 page not found\n");
}

}  // namespace
}  // namespace peerage::cmd
