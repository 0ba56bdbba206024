// Requests that two readers could understand differently, and floods: what each is answered. After
// a refusal the connection ends, so nothing that was smuggled behind it is run.
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/cmd/http/connection_fixture.h"

namespace peerage::cmd {
namespace {

struct Case {
  std::string name;
  std::string request;
  unsigned status;  // of the first answer
  enum class Then : std::uint8_t { closes, stays } then = Then::closes;
};

std::string of_lines(std::initializer_list<std::string_view> lines) {
  std::string text;
  for (const std::string_view each : lines) text.append(each).append("\r\n");
  return text + "\r\n";
}

const std::string kHost = "Host: localhost:80";
const std::string kSmuggled = "GET /smuggled HTTP/1.1\r\nHost: localhost:80\r\n\r\n";

std::vector<Case> cases() {
  using Then = Case::Then;
  const std::string get = "GET /a HTTP/1.1";
  const std::string post = "POST /a HTTP/1.1";
  const std::string chunked = "Transfer-Encoding: chunked";
  return {
      {"plain", of_lines({get, kHost}), 200, Then::stays},
      {"bare line feeds", "GET /a HTTP/1.1\nHost: localhost:80\n\n", 505},
      {"a length and chunks", of_lines({post, kHost, "Content-Length: 5", chunked}) + "0\r\n\r\n",
       400},
      {"chunks and a length", of_lines({post, kHost, chunked, "Content-Length: 5"}) + "0\r\n\r\n",
       400},
      {"two lengths", of_lines({post, kHost, "Content-Length: 1", "Content-Length: 2"}) + "ab",
       400},
      {"the same length twice",
       of_lines({post, kHost, "Content-Length: 1", "Content-Length: 1"}) + "a", 400},
      {"a list of lengths", of_lines({post, kHost, "Content-Length: 1, 1"}) + "a", 400},
      {"a negative length", of_lines({post, kHost, "Content-Length: -1"}), 400},
      {"a signed length", of_lines({post, kHost, "Content-Length: +1"}) + "a", 400},
      {"an overlong length", of_lines({post, kHost, "Content-Length: 99999999999999999999"}), 400},
      {"a blank before a colon", of_lines({get, "Host : localhost:80"}), 400},
      {"NUL in a value", of_lines({get, kHost, std::string_view("X: a\0b", 6)}), 400},
      {"NUL in a target", of_lines({std::string_view("GET /\0 HTTP/1.1", 15), kHost}), 400},
      {"NUL in a path, encoded", of_lines({"GET /%00 HTTP/1.1", kHost}), 400},
      {"half a percent sign", of_lines({"GET /%4 HTTP/1.1", kHost}), 400},
      {"a header of 64 KiB", of_lines({get, kHost, "X: " + std::string(65536, 'x')}), 431},
      {"a target of 64 KiB", of_lines({"GET /" + std::string(65536, 'x') + " HTTP/1.1", kHost}),
       431},
      {"an unknown coding", of_lines({post, kHost, "Transfer-Encoding: gzip"}) + "x", 501},
      {"an unknown coding before chunks",
       of_lines({post, kHost, "Transfer-Encoding: gzip, chunked"}), 501},
      {"chunks in a word of their own", of_lines({post, kHost, "Transfer-Encoding: xchunked"}),
       501},
      {"chunks twice", of_lines({post, kHost, chunked, chunked}), 400},
      {"chunks in HTTP/1.0", of_lines({"POST /a HTTP/1.0", kHost, chunked}) + "0\r\n\r\n", 400},
      {"chunks", of_lines({post, kHost, chunked}) + "3\r\nabc\r\n0\r\n\r\n", 200, Then::stays},
      {"a chunk's size that overflows", of_lines({post, kHost, chunked}) + "fffffffffffffffff\r\n",
       400},
      {"a chunk of a negative size", of_lines({post, kHost, chunked}) + "-1\r\n", 400},
      {"a chunk without its end", of_lines({post, kHost, chunked}) + "1\r\nabc\r\n0\r\n\r\n", 400},
      {"an endless size of a chunk", of_lines({post, kHost, chunked}) + std::string(9000, '0'),
       400},
      {"no Host", of_lines({get}), 400},
      {"two Hosts", of_lines({get, kHost, kHost}), 400},
      {"a foreign Host", of_lines({get, "Host: evil.example"}), 421, Then::stays},
      {"a Host that is none", of_lines({get, "Host: a/b"}), 400},
      {"a URL", of_lines({"GET http://localhost:80/a HTTP/1.1", kHost}), 200, Then::stays},
      {"a URL of another host", of_lines({"GET http://evil.example/a HTTP/1.1", kHost}), 400},
      {"a target without a slash", of_lines({"GET a HTTP/1.1", kHost}), 400},
      {"a folded line", of_lines({get, kHost, "X: a\r\n b"}), 200, Then::stays},
      {"a body over the limit", of_lines({post, kHost, "Content-Length: 65537"}), 413},
      {"chunks over the limit", of_lines({post, kHost, chunked}) + "10001\r\n", 413},
      {"a method in lower case", of_lines({"get /a HTTP/1.1", kHost}), 405, Then::stays},
      {"a method that is not served", of_lines({"DELETE /a HTTP/1.1", kHost}), 405, Then::stays},
      {"HTTP/1.0", of_lines({"GET /a HTTP/1.0", kHost}), 200},
      {"HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"HTTP/0.9", "GET /a\r\n\r\n", 400},
      {"TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), 400},
      {"an unknown expectation", of_lines({post, kHost, "Expect: money", "Content-Length: 1"}),
       417},
  };
}

class HttpStrictness : public ::testing::TestWithParam<Case> {};

TEST_P(HttpStrictness, EachIsAnsweredByItsStatusAndNothingBehindARefusalIsRun) {
  for (const std::size_t piece : {std::size_t{1} << 20, std::size_t{1}}) {
    ConnectionFixture world;
    world.receive(GetParam().request + kSmuggled, piece);
    const std::string all = world.take_output();
    EXPECT_EQ(all.substr(0, 13), "HTTP/1.1 " + std::to_string(GetParam().status) + ' ');
    const bool stays = GetParam().then == Case::Then::stays;
    EXPECT_EQ(world.paths.count("/smuggled"), stays ? 1u : 0u);
    const auto phase = world.http.phase();
    EXPECT_EQ(phase, stays ? HttpConnection::Phase::reading : HttpConnection::Phase::lingering);
  }
}

INSTANTIATE_TEST_SUITE_P(Requests, HttpStrictness, ::testing::ValuesIn(cases()),
                         [](const auto& each) {
                           std::string name = each.param.name;
                           std::erase_if(name, [](char c) { return !std::isalnum(c); });
                           return name;
                         });

TEST(HttpReading, AnEndlessHeaderIsCutAtTheLimit) {
  ConnectionFixture world;
  world.receive("GET /a HTTP/1.1\r\nHost: localhost:80\r\n");
  std::size_t sent = 0;
  while (world.http.phase() == HttpConnection::Phase::reading && sent < (1u << 20)) {
    world.receive("X: y\r\n");
    sent += 6;
  }
  EXPECT_LE(sent, HttpLimits{}.header_bytes);
  EXPECT_EQ(world.take_output().substr(0, 12), "HTTP/1.1 431");
}

TEST(HttpReading, TrailersAreNoHeaders) {
  ConnectionFixture world;
  world.receive(
      "POST /a HTTP/1.1\r\nHost: localhost:80\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\nX-Late: yes\r\n\r\n");
  EXPECT_EQ(world.take_output().substr(0, 12), "HTTP/1.1 200");
  EXPECT_EQ(world.last.header("x-late"), nullptr);
}

}  // namespace
}  // namespace peerage::cmd
