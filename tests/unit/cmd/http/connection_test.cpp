#include "cmd/http/connection.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/unit/cmd/http/connection_fixture.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using Phase = HttpConnection::Phase;

std::string get(const std::string& path, const std::string& more = {}) {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost:80\r\n" + more + "\r\n";
}

HttpRoute route(std::string path, HttpHandler handler) {
  return {.name = path.substr(1), .path = path, .handler = std::move(handler)};
}

HttpRoute events(std::size_t clients = 4) {
  return {.name = "events", .path = "/events", .stream_clients = clients};
}

TEST(HttpConnection, HeadIsGetWithoutTheBody) {
  ConnectionFixture world;
  world.receive(get("/a"));
  std::string with = world.take_output();
  world.receive("HEAD /a HTTP/1.1\r\nHost: localhost:80\r\n\r\n");
  EXPECT_EQ(world.take_output() + "answer", with);
  EXPECT_EQ(world.last.method, "GET");
}

TEST(HttpConnection, AMethodThatIsNotServedIsToldWhichAre) {
  ConnectionFixture world;
  world.receive("OPTIONS /a HTTP/1.1\r\nHost: localhost:80\r\n\r\n");
  EXPECT_NE(world.take_output().find("\r\nAllow: GET, HEAD, POST\r\n"), std::string::npos);
}

TEST(HttpConnection, AHandlerThatThrowsIs500AndSoIsAHeaderThatSplitsTheAnswer) {
  const auto throwing = [](const HttpRequest&) -> HttpAnswer { throw std::runtime_error("no"); };
  const auto splitting = [](const HttpRequest&) {
    HttpAnswer answer = HttpAnswer::text(200, "body");
    answer.headers.emplace_back("X-Echo", "a\r\nSet-Cookie: b");
    return answer;
  };
  ConnectionFixture world({}, {route("/throws", throwing), route("/splits", splitting)});
  for (const char* path : {"/throws", "/splits"}) {
    world.receive(get(path));
    const std::string answer = world.take_output();
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 500");
    EXPECT_EQ(answer.find("Set-Cookie"), std::string::npos);
  }
}

TEST(HttpConnection, ACompressedBodyIsForThoseThatTakeIt) {
  const auto handler = [](const HttpRequest&) {
    HttpAnswer answer = HttpAnswer::text(200, "plain");
    answer.gzip = std::make_shared<const std::string>("zipped");
    return answer;
  };
  ConnectionFixture world({}, {route("/z", handler)});
  world.receive(get("/z", "Accept-Encoding: br, gzip;q=0.5\r\n"));
  EXPECT_TRUE(world.take_output().ends_with("zipped"));
  world.receive(get("/z", "Accept-Encoding: gzip;q=0\r\n"));
  EXPECT_TRUE(world.take_output().ends_with("plain"));
}

TEST(HttpConnection, RequestsBeyondTheRateGet429UntilTheTimeSaid) {
  ConnectionFixture world({.requests_per_second = 1, .burst = 2});
  world.receive(get("/a") + get("/a") + get("/a"));
  const std::string all = world.take_output();
  EXPECT_NE(all.find("HTTP/1.1 429"), std::string::npos);
  EXPECT_NE(all.find("\r\nRetry-After: 1\r\n"), std::string::npos);
  world.pass(1s);
  world.receive(get("/a"));
  EXPECT_EQ(world.take_output().substr(0, 12), "HTTP/1.1 200");
}

TEST(HttpConnection, MoreRequestsUnderWayThanTheRouteAllowsGet503) {
  HttpRoute one = route("/m", [](const HttpRequest&) { return HttpAnswer::text(200, "m"); });
  one.under_way = 1;
  ConnectionFixture world({}, {one});
  ASSERT_TRUE(world.service.connect(world.caller));
  HttpConnection other(world.service, world.caller, world.now);
  other.receive(get("/m"), world.now);  // and reads no answer
  world.receive(get("/m"));
  EXPECT_EQ(world.take_output().substr(0, 12), "HTTP/1.1 503");
  other.sent(other.output().unsent(), world.now);
  world.receive(get("/m"));
  EXPECT_EQ(world.take_output().substr(0, 12), "HTTP/1.1 200");
}

TEST(HttpConnection, NothingIsReadWhileAnAnswerIsUnderWay) {
  ConnectionFixture world;
  world.receive_only(get("/a") + get("/b"));
  EXPECT_FALSE(world.http.wants_input());
  EXPECT_EQ(world.paths, (std::set<std::string>{"/a"}));
  world.take_output();
  EXPECT_EQ(world.paths, (std::set<std::string>{"/a", "/b"}));
}

TEST(HttpConnection, DeadlinesAreThoseOfTheLimits) {
  const HttpLimits limits;
  {
    ConnectionFixture silent;
    silent.pass(limits.header_time);
    EXPECT_EQ(silent.http.phase(), Phase::over);
  }
  {
    ConnectionFixture drips;  // a byte now and then does not help
    drips.receive("GET /");
    drips.pass(limits.header_time - 1ms);
    drips.receive("a");
    EXPECT_EQ(drips.http.phase(), Phase::reading);
    drips.pass(1ms);
    EXPECT_EQ(drips.take_output().substr(0, 12), "HTTP/1.1 408");
  }
  {
    ConnectionFixture half_a_body;
    half_a_body.receive("POST /a HTTP/1.1\r\nHost: localhost:80\r\nContent-Length: 9\r\n\r\nabc");
    half_a_body.pass(limits.body_time);
    EXPECT_EQ(half_a_body.take_output().substr(0, 12), "HTTP/1.1 408");
  }
  {
    ConnectionFixture idle;
    idle.receive(get("/a"));
    idle.take_output();
    idle.pass(limits.idle_time - 1ms);
    EXPECT_EQ(idle.http.phase(), Phase::reading);
    idle.pass(1ms);
    EXPECT_EQ(idle.http.phase(), Phase::over);
  }
  {
    ConnectionFixture reads_nothing;
    reads_nothing.receive_only(get("/a"));
    reads_nothing.http.sent(1, reads_nothing.now);
    reads_nothing.pass(limits.stalled_time - 1ms);
    reads_nothing.http.sent(1, reads_nothing.now);  // progress
    reads_nothing.pass(limits.stalled_time - 1ms);
    EXPECT_EQ(reads_nothing.http.phase(), Phase::answering);
    reads_nothing.pass(1ms);
    EXPECT_EQ(reads_nothing.http.phase(), Phase::over);
  }
}

TEST(HttpConnection, LingeringEndsByTimeAndByBytes) {
  ConnectionFixture world;
  world.receive("nonsense\r\n\r\n");
  world.take_output();
  ASSERT_EQ(world.http.phase(), Phase::lingering);
  world.http.receive(std::string(HttpConnection::kMostLingered, 'x'), world.now);
  EXPECT_EQ(world.http.phase(), Phase::lingering);
  world.http.receive("x", world.now);
  EXPECT_EQ(world.http.phase(), Phase::over);
}

TEST(HttpConnection, AContinueIsSentToThoseThatWaitForIt) {
  ConnectionFixture world;
  world.receive(
      "POST /a HTTP/1.1\r\nHost: localhost:80\r\nExpect: 100-continue\r\n"
      "Content-Length: 3\r\n\r\n");
  EXPECT_EQ(world.take_output(), "HTTP/1.1 100 Continue\r\n\r\n");
  world.receive("abc");
  EXPECT_EQ(world.last.body, "abc");
}

TEST(HttpConnection, AStreamHasACommentNowAndThen) {
  ConnectionFixture world({}, {events()});
  world.receive(get("/events"));
  EXPECT_TRUE(world.take_output().ends_with("\r\n\r\nd\r\nretry: 5000\n\n\r\n"));
  world.pass(HttpLimits{}.comment_time);
  EXPECT_EQ(world.take_output(), "3\r\n:\n\n\r\n");
}

TEST(HttpConnection, AStreamsClientThatIsTooSlowIsClosed) {
  const HttpLimits limits;
  ConnectionFixture full({}, {events()});
  full.receive_only(get("/events"));
  for (int i = 0; i < 3; ++i) {
    full.service.send("/events", "e", std::string(limits.unsent_bytes / 2, 'x'), full.now);
  }
  EXPECT_EQ(full.http.phase(), Phase::over);
  EXPECT_LE(full.http.output().unsent(), limits.unsent_bytes);

  ConnectionFixture stalled({}, {events()});
  stalled.receive_only(get("/events"));
  stalled.pass(limits.stalled_time);
  EXPECT_EQ(stalled.http.phase(), Phase::over);
}

TEST(HttpConnection, StreamsOfAnAddressAreLimited) {
  HttpRoute route = events(8);
  route.stream_clients_per_ip = 1;
  ConnectionFixture world({}, {route});
  world.receive(get("/events"));
  ASSERT_TRUE(world.service.connect(world.caller));
  HttpConnection second(world.service, world.caller, world.now);
  second.receive(get("/events"), world.now);
  EXPECT_EQ(second.output().front()[0].substr(0, 12), "HTTP/1.1 503");
}

}  // namespace
}  // namespace peerage::cmd
