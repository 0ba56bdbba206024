#include "cmd/status/rpc_routes.h"

#include <string>

#include <gtest/gtest.h>

#include "cmd/http/route_table.h"
#include "tests/unit/cmd/status/rpc_fixture.h"

namespace peerage::cmd {
namespace {

using test::body_of;
using test::get;
using test::post;

std::string header_of(const HttpAnswer& answer, std::string_view name) {
  for (const auto& [each, value] : answer.headers) {
    if (each == name) return value;
  }
  return {};
}

struct RpcRoutesTest : testing::Test {
  std::shared_ptr<const StatusSnapshot> node =
      std::make_shared<const StatusSnapshot>(test::status_of_a_seed());
  RpcSettings settings;
  RpcHooks hooks;
  std::vector<HttpRoute> routes;

  void make() {
    routes = rpc_routes(
        settings, hooks, [this] { return node; },
        [] { return WallTime(std::chrono::milliseconds(1'790'000'000'999)); });
  }
  // As the server finds it.
  const HttpRoute* route_of(const std::string& path) const {
    std::vector<std::string> paths;
    for (const HttpRoute& each : routes) paths.push_back(each.path);
    const auto found = RouteTable(paths).find(path);
    return found ? &routes[*found] : nullptr;
  }
  HttpAnswer ask(const HttpRequest& request) {
    if (routes.empty()) make();
    const HttpRoute& route = *route_of(request.path);
    return request.method == "OPTIONS" ? route.options(request) : route.handler(request);
  }
};

TEST_F(RpcRoutesTest, MethodsAndTheEnvelopeAreServedWithAndWithoutAVersion) {
  for (const std::string prefix : {"", "/v1"}) {
    EXPECT_EQ(body_of(ask(get(prefix + "/health"))), R"({"jsonrpc":"2.0","id":-1,"result":{}})");
    EXPECT_EQ(body_of(ask(post("x=1", prefix + "/health"))), body_of(ask(get("/health"))));
    EXPECT_EQ(ask(get(prefix + "/status")).status, 200U);
    EXPECT_EQ(ask(get(prefix + "/subscribe")).status, 404U);
    EXPECT_EQ(ask(get(prefix + "/subscribe")).content_type, "application/json");
    EXPECT_EQ(ask(get(prefix + "/")).content_type, "text/html");
    EXPECT_EQ(body_of(ask(post(R"({"id":1,"method":"health"})", prefix + "/"))),
              R"({"jsonrpc":"2.0","id":1,"result":{}})");
  }
  EXPECT_EQ(body_of(ask(post(R"({"id":1,"method":"health"})", "/v1"))),
            R"({"jsonrpc":"2.0","id":1,"result":{}})");
}

TEST_F(RpcRoutesTest, AnUnknownPathIsNotFoundAsText) {
  for (const char* path :
       {"/genesis", "/v1/block", "/v2/status", "/dial_seeds", "/health/x", "//"}) {
    const HttpAnswer answer = ask(get(path));
    EXPECT_EQ(answer.status, 404U) << path;
    EXPECT_EQ(body_of(answer), "404 page not found\n");
    EXPECT_EQ(header_of(answer, "X-Server-Time"), "1790000000");
  }
}

TEST_F(RpcRoutesTest, EveryAnswerHasTheServersTimeAndNoneIsCached) {
  for (const char* path : {"/", "/health", "/status", "/net_info", "/subscribe", "/websocket"}) {
    const HttpAnswer answer = ask(get(path));
    EXPECT_EQ(header_of(answer, "X-Server-Time"), "1790000000") << path;
    EXPECT_EQ(header_of(answer, "Cache-Control"), "") << path;
    EXPECT_EQ(header_of(answer, "Access-Control-Allow-Origin"), "") << path;
  }
}

TEST_F(RpcRoutesTest, NetInfoIsSharedUntilTheNodeHasChanged) {
  const auto first = ask(get("/net_info")).body;
  EXPECT_EQ(ask(get("/v1/net_info")).body, first);
  EXPECT_NE(ask(get("/net_info", "network=net-2")).body, first);
  auto changed = *node;
  changed.peers = {test::recorded_peer()};
  node = std::make_shared<const StatusSnapshot>(changed);
  EXPECT_NE(body_of(ask(get("/net_info"))), *first);
}

TEST_F(RpcRoutesTest, ARequestWithAFormIsNotAnsweredByWhatWasKept) {
  (void)ask(get("/net_info"));
  HttpRequest request = post("network=none", "/net_info");
  request.headers.emplace_back("content-type", "application/x-www-form-urlencoded");
  EXPECT_EQ(ask(request).status, 500U);
}

TEST_F(RpcRoutesTest, BothWebSocketsSpeakJsonRpc) {
  make();
  for (const char* path : {"/websocket", "/v1/websocket"}) {
    const HttpRoute* route = route_of(path);
    ASSERT_TRUE(route != nullptr && route->web_socket);
    EXPECT_EQ(route->web_socket(R"({"id":1,"method":"health"})"),
              R"({"jsonrpc":"2.0","id":1,"result":{}})");
    EXPECT_EQ(ask(get(path)).status, 400U) << "without an upgrade";
  }
}

TEST_F(RpcRoutesTest, UnsafeMethodsAreThereWhenTheyAreServed) {
  hooks.dial_seeds = [](const auto&) { return conn::Result<void>(); };
  hooks.dial_peers = [](const auto&, const DialMarks&) { return conn::Result<void>(); };
  EXPECT_EQ(ask(get("/dial_peers")).status, 404U);
  EXPECT_NE(body_of(ask(post(R"({"id":1,"method":"dial_peers"})"))).find("-32601"),
            std::string::npos);
  settings.unsafe = UnsafeMethods::served;
  make();
  EXPECT_EQ(ask(get("/dial_peers")).status, 500U);
  EXPECT_NE(body_of(ask(get("/dial_peers"))).find("no peers provided"), std::string::npos);
}

// --- other sites' pages ---

HttpRequest from(std::string origin, HttpRequest request) {
  request.headers.emplace_back("origin", std::move(origin));
  return request;
}

TEST_F(RpcRoutesTest, WithoutOriginsThereIsNoCors) {
  EXPECT_TRUE(ask(from("https://a.example", get("/status"))).status == 200U);
  EXPECT_FALSE(route_of("/status")->options);
  EXPECT_EQ(header_of(ask(from("https://a.example", get("/status"))), "Vary"), "");
}

TEST_F(RpcRoutesTest, AnOriginThatIsNamedMayRead) {
  settings.cors.origins = {"https://A.example", "http://*.example.org"};
  for (const char* origin :
       {"https://a.example", "http://x.y.example.org", "HTTP://x.example.org"}) {
    const HttpAnswer answer = ask(from(origin, get("/status")));
    EXPECT_EQ(header_of(answer, "Access-Control-Allow-Origin"), origin);
    EXPECT_EQ(header_of(answer, "Vary"), "Origin");
  }
  for (const char* origin : {"http://a.example", "https://a.example.evil", "http://example.org",
                             "http://x<.example.org", "null"}) {
    const HttpAnswer answer = ask(from(origin, get("/status")));
    EXPECT_EQ(answer.status, 200U);
    EXPECT_EQ(header_of(answer, "Access-Control-Allow-Origin"), "") << origin;
    EXPECT_EQ(header_of(answer, "Vary"), "Origin");
  }
  settings.cors.origins = {"*"};
  make();
  EXPECT_EQ(header_of(ask(from("https://b.example", get("/"))), "Access-Control-Allow-Origin"),
            "*");
}

TEST_F(RpcRoutesTest, ABrowserThatAsksFirstIsToldWhatIsAllowed) {
  settings.cors.origins = {"https://a.example"};
  const auto preflight = [&](const char* origin, const char* method, const char* headers) {
    HttpRequest request = from(origin, get("/"));
    request.method = "OPTIONS";
    request.headers.emplace_back("access-control-request-method", method);
    if (*headers != 0) request.headers.emplace_back("access-control-request-headers", headers);
    return ask(request);
  };
  const HttpAnswer good = preflight("https://a.example", "POST", "content-type, x-requested-with");
  EXPECT_EQ(good.status, 204U);
  EXPECT_EQ(header_of(good, "Access-Control-Allow-Origin"), "https://a.example");
  EXPECT_EQ(header_of(good, "Access-Control-Allow-Methods"), "HEAD, GET, POST");
  EXPECT_EQ(header_of(good, "Access-Control-Allow-Headers"),
            "Origin, Accept, Content-Type, X-Requested-With, X-Server-Time");
  for (const HttpAnswer& bad :
       {preflight("https://b.example", "POST", ""), preflight("https://a.example", "DELETE", ""),
        preflight("https://a.example", "POST", "authorization")}) {
    EXPECT_EQ(bad.status, 204U);
    EXPECT_EQ(header_of(bad, "Access-Control-Allow-Origin"), "");
    EXPECT_NE(header_of(bad, "Vary"), "");
  }
}

TEST_F(RpcRoutesTest, PagesOfOtherSitesGetNothingOfAnUnsafeRpc) {
  settings.unsafe = UnsafeMethods::served;
  hooks.dial_peers = [](const auto&, const DialMarks&) { return conn::Result<void>(); };
  settings.cors.origins = {"https://a.example"};
  EXPECT_EQ(ask(from("https://evil.example", get("/dial_peers"))).status, 403U);
  EXPECT_EQ(ask(from("https://evil.example", post(R"({"id":1,"method":"health"})"))).status, 403U);
  EXPECT_EQ(ask(from("null", get("/health"))).status, 403U);
  EXPECT_EQ(ask(from("https://a.example", get("/health"))).status, 200U);
  EXPECT_EQ(ask(from("http://127.0.0.1:26657", get("/health"))).status, 200U) << "its own page";
  HttpRequest image = get("/dial_peers");
  image.headers.emplace_back("sec-fetch-site", "cross-site");
  EXPECT_EQ(ask(image).status, 403U) << "an image has no origin";
  image.headers.back().second = "none";
  EXPECT_EQ(ask(image).status, 500U) << "typed by the operator";
  EXPECT_FALSE(
      route_of("/websocket")->may_upgrade(from("https://evil.example", get("/websocket"))));
  EXPECT_TRUE(route_of("/websocket")->may_upgrade(get("/websocket")));
}

TEST_F(RpcRoutesTest, AnyOriginMayOpenTheWebSocketOfAnRpcThatChangesNothing) {
  make();
  EXPECT_TRUE(route_of("/websocket")->may_upgrade(from("https://b.example", get("/websocket"))));
}

}  // namespace
}  // namespace peerage::cmd
