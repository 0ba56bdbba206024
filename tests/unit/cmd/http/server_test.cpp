#include "cmd/http/server.h"

#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/http/client.h"
#include "cmd/http/sockets.h"
#include "tests/support/files.h"
#include "tests/support/log_lines.h"
#include "tests/support/sanitizers.h"
#include "tests/unit/cmd/http/raw_client.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using conn::Reason;

const conn::Endpoint kAnyPort{conn::IpAddress::v4(127, 0, 0, 1), 0};

HttpService service_of(std::vector<HttpRoute> routes) {
  HttpService service;
  service.name = "test";
  service.listen = {kAnyPort};
  service.routes = std::move(routes);
  return service;
}

HttpRoute hello() {
  return {.name = "hello", .path = "/hello", .handler = [](const HttpRequest& request) {
            return HttpAnswer::text(200, "hello " + request.query);
          }};
}

class HttpServerTest : public ::testing::Test {
 protected:
  void serve(HttpService service) {
    const auto added = server.add(std::move(service));
    ASSERT_TRUE(added) << added.error().text();
    server.start();
  }
  HttpAnswer ask(const std::string& path, const HttpRequest& given = {}) {
    HttpRequest request = given;
    request.path = path;
    const auto answer = http_request({.server = server.endpoints().front()}, request, 5s);
    EXPECT_TRUE(answer) << answer.error().text();
    return answer.value_or(HttpAnswer::text(0, ""));
  }
  RawClient connect() { return RawClient(server.endpoints().front()); }

  test::TemporaryDirectory place;
  HttpServer server{conn::Log(nullptr)};
};

TEST_F(HttpServerTest, ARouteAnswers) {
  serve(service_of({hello()}));
  HttpRequest request;
  request.query = "you";
  const HttpAnswer answer = ask("/hello", request);
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(*answer.body, "hello you");
  EXPECT_EQ(answer.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(ask("/nothing").status, 404u);
  EXPECT_EQ(*ask("/nothing").body, "404 page not found\n");
}

TEST(HttpServer, SaysWhereItServes) {
  const test::TemporaryDirectory place;
  const auto lines = std::make_shared<test::LogLines>();
  HttpServer server{conn::Log(lines)};
  HttpService service = service_of({hello()});
  service.listen.emplace_back(place / "socket");
  ASSERT_TRUE(server.add(std::move(service)));
  server.start();
  ASSERT_EQ(lines->lines.size(), 2u);
  EXPECT_EQ(lines->lines[0], "info serving HTTP service=test protocol=http address=" +
                                 server.endpoints().front().to_string());
  EXPECT_EQ(lines->lines[1], "info serving HTTP service=test protocol=http address=unix://" +
                                 (place / "socket").string());
}

TEST_F(HttpServerTest, AnAddressInUseIsNamedAndNothingOfTheServiceIsHeld) {
  const auto taken = listen_tcp(kAnyPort);
  ASSERT_TRUE(taken);
  HttpService service = service_of({hello()});
  service.listen = {place / "socket", *local_endpoint(taken->get())};
  const auto added = server.add(std::move(service));
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().reason, Reason::address_in_use);
  EXPECT_NE(added.error().detail.find("test: 127.0.0.1:"), std::string::npos);
  EXPECT_TRUE(server.endpoints().empty());
  EXPECT_FALSE(std::filesystem::exists(place / "socket"));
}

TEST_F(HttpServerTest, AUnixSocketIsServedAndGoesWithTheServer) {
  HttpService service = service_of({hello()});
  service.listen = {place / "socket"};
  serve(std::move(service));
  const auto answer = http_request({.server = place / "socket"}, {.path = "/hello"}, 5s);
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->status, 200u);
  server.stop();
  EXPECT_FALSE(std::filesystem::exists(place / "socket"));
}

TEST_F(HttpServerTest, AForeignHostIsRefused) {
  serve(service_of({hello()}));
  const auto answer = http_request({.server = server.endpoints().front(), .host = "evil.example"},
                                   {.path = "/hello"}, 5s);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 421u);
}

TEST_F(HttpServerTest, AConnectionOverTheLimitOfAnAddressIsClosedAtOnce) {
  HttpService service = service_of({hello()});
  service.limits.connections_per_ip = 2;
  serve(std::move(service));
  RawClient first = connect();
  RawClient second = connect();
  EXPECT_EQ(first.exchange("GET /hello HTTP/1.1\r\nHost: localhost:" + first.port() + "\r\n\r\n",
                           "hello "),
            true);
  RawClient third = connect();
  EXPECT_EQ(third.read_to_end(), "");
  EXPECT_EQ(server.figures().refused, 1u);
}

TEST_F(HttpServerTest, RequestsArePipelinedInOrder) {
  serve(service_of({hello()}));
  RawClient client = connect();
  std::string requests;
  for (int i = 0; i < 20; ++i) {
    requests += "GET /hello?" + std::to_string(i) +
                " HTTP/1.1\r\nHost: localhost:" + client.port() +
                (i == 19 ? "\r\nConnection: close" : "") + "\r\n\r\n";
  }
  client.send(requests);
  const std::string all = client.read_to_end();
  std::size_t at = 0;
  for (int i = 0; i < 20; ++i) {
    at = all.find("hello " + std::to_string(i), at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST_F(HttpServerTest, SlowHeadersEndInTime) {
  HttpService service = service_of({hello()});
  service.limits.header_time = 300ms;
  serve(std::move(service));
  RawClient silent = connect();
  RawClient half = connect();
  half.send("GET /hello HTTP/1.1\r\nHost");
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_EQ(half.read_to_end().substr(0, 12), "HTTP/1.1 408");
}

TEST_F(HttpServerTest, EventsReachStreamClients) {
  serve(service_of({{.name = "events", .path = "/events", .stream_clients = 1}}));
  RawClient client = connect();
  const std::string ask = "GET /events HTTP/1.1\r\nHost: localhost:" + client.port() + "\r\n\r\n";
  ASSERT_TRUE(client.exchange(ask, "retry: 5000"));
  EXPECT_EQ(server.figures().stream_clients, 1u);
  server.send("/events", "summary", "{}");
  EXPECT_TRUE(client.exchange("", "event: summary\nid: 1\ndata: {}\n\n"));
  RawClient second = connect();
  EXPECT_TRUE(second.exchange(ask, "HTTP/1.1 503"));
}

TEST_F(HttpServerTest, AClientThatReadsNoEventsIsClosed) {
  HttpService service = service_of({{.name = "events", .path = "/events", .stream_clients = 1}});
  serve(std::move(service));
  RawClient client = connect();
  ASSERT_TRUE(client.exchange(
      "GET /events HTTP/1.1\r\nHost: localhost:" + client.port() + "\r\n\r\n", "retry: 5000"));
  const std::string data(32u << 10, 'x');
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (server.figures().stream_clients > 0 && std::chrono::steady_clock::now() < end) {
    server.send("/events", "e", data);
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(server.figures().stream_clients, 0u);
}

TEST_F(HttpServerTest, AWebSocketAnswersMessagesAndPings) {
  HttpRoute route = hello();
  route.web_socket = [](const std::string& message) { return "you said " + message; };
  HttpService service = service_of({route});
  service.limits.ping_time = 20ms;
  service.limits.silent_time = 200ms;
  serve(std::move(service));
  RawClient client = connect();
  ASSERT_TRUE(client.upgrade("/hello"));
  client.send(RawClient::frame(1, "hi"));
  EXPECT_TRUE(client.exchange("", "\x81\x0byou said hi"));
  EXPECT_TRUE(client.exchange("", std::string_view("\x89\x00", 2)));  // a ping, unanswered
  client.read_to_end();                                               // and so an end
}

TEST_F(HttpServerTest, AWebSocketsMessageBeyondTheLimitEndsIt) {
  HttpRoute route = hello();
  route.web_socket = [](const std::string& message) { return message; };
  serve(service_of({route}));
  RawClient client = connect();
  ASSERT_TRUE(client.upgrade("/hello"));
  client.send(RawClient::frame(1, std::string(4097, 'x')));
  EXPECT_TRUE(client.exchange("", std::string_view("\x88\x02\x03\xf1", 4)));  // 1009
}

TEST_F(HttpServerTest, AnotherSitesPageGetsNoWebSocket) {
  HttpRoute route = hello();
  route.web_socket = [](const std::string& message) { return message; };
  serve(service_of({route}));
  RawClient client = connect();
  EXPECT_FALSE(client.upgrade("/hello", "Origin: http://evil.example\r\n"));
}

TEST_F(HttpServerTest, WantOfDescriptorsEndsNothing) {
  PEERAGE_TEST_NEEDS_ALL_DESCRIPTORS_GONE();
  serve(service_of({hello()}));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int used = ::dup(0);
  ::close(used);
  RawClient waiting = connect();  // has the last one that this process gets: the server has none
  const rlimit tight{static_cast<rlim_t>(used) + 1, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  std::this_thread::sleep_for(20ms);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(waiting.exchange(
      "GET /hello HTTP/1.1\r\nHost: localhost:" + waiting.port() + "\r\n\r\n", "hello "));
  EXPECT_EQ(ask("/hello").status, 200u);
}

TEST_F(HttpServerTest, StoppingIsQuickAndSafeToRepeat) {
  serve(service_of({hello()}));
  RawClient client = connect();
  client.send("GET /he");
  const auto began = std::chrono::steady_clock::now();
  server.stop();
  server.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
}

TEST_F(HttpServerTest, FiguresCountByRouteAndClass) {
  serve(service_of({hello()}));
  ask("/hello");
  ask("/nothing");
  server.stop();  // a request counts when its answer has been sent, which its client sees before
  const HttpFigures figures = server.figures();
  ASSERT_EQ(figures.routes.size(), 2u);
  for (const auto& each : figures.routes) {
    EXPECT_EQ(each.requests[each.name == "hello" ? 2 : 4], 1u) << each.name;
    EXPECT_EQ(each.seconds.count(), 1u);
  }
}

}  // namespace
}  // namespace peerage::cmd
