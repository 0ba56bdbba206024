// What datagrams on Asio have beyond the rules that both runtimes keep (datagram_test.cpp): other
// programs' sockets, machines with several addresses, a host's own io_context, the end.
#include <cstring>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "conn/runtime/asio_runtime.h"

namespace peerage::conn {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLongest = 1281;
const IpAddress kLoopback = IpAddress::v4(127, 0, 0, 1);

// A socket of another program, connected: it hears nothing but answers from where it asked.
class PlainSocket {
 public:
  explicit PlainSocket(const Endpoint& to) : socket_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(to.port);
    std::memcpy(&address.sin_addr, to.ip.v4_bytes().data(), 4);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const timeval limit{5, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~PlainSocket() { ::close(socket_); }
  PlainSocket(const PlainSocket&) = delete;
  PlainSocket& operator=(const PlainSocket&) = delete;
  void send(std::string_view text) { ::send(socket_, text.data(), text.size(), 0); }
  std::string receive() {
    char buffer[64];
    const ssize_t size = ::recv(socket_, buffer, sizeof buffer, 0);
    return size < 0 ? "nothing" : std::string(buffer, static_cast<std::size_t>(size));
  }

 private:
  const int socket_;
};

struct AsioDatagramsTest : testing::Test {
  AsioRuntime runtime{1};
  std::unique_ptr<DatagramSocket> socket;

  void on_shard(const Task& action) {
    std::promise<void> done;
    runtime.shard(0).post([&] {
      action();
      done.set_value();
    });
    done.get_future().wait();
  }
  Result<std::unique_ptr<DatagramSocket>> open(const Endpoint& at) {
    std::optional<Result<std::unique_ptr<DatagramSocket>>> opened;
    on_shard([&] { opened.emplace(runtime.open_datagrams(runtime.shard(0), at, kLongest)); });
    return std::move(*opened);
  }
  void TearDown() override {
    if (socket) on_shard([this] { socket.reset(); });
  }
  // Answers each datagram from where it was asked.
  void echo() {
    socket->when_readable([this] {
      const auto asked = socket->receive();
      EXPECT_EQ(socket->send(asked), asked.size()) << "what was received can be sent as it is";
      echo();
    });
  }
};

TEST_F(AsioDatagramsTest, AWildcardSocketAnswersFromEachOfManyAddresses) {
  for (const IpAddress& any : {IpAddress::v4(0, 0, 0, 0), IpAddress{}}) {
    auto opened = open({any, 0});
    if (!opened && !any.is_v4()) GTEST_SKIP() << "no IPv6: " << opened.error().text();
    ASSERT_TRUE(opened) << opened.error().text();
    socket = std::move(*opened);
    EXPECT_EQ(socket->local_endpoint().ip, any);
    on_shard([this] { echo(); });
    for (const char* const asked : {"127.0.0.1", "127.0.0.2", "127.0.0.200"}) {
      PlainSocket asking({*IpAddress::parse(asked), socket->local_endpoint().port});
      asking.send("who is there");
      EXPECT_EQ(asking.receive(), "who is there") << any.to_string() << ", " << asked;
    }
    on_shard([this] {
      EXPECT_EQ(socket->figures().send_errors, 0u);
      socket.reset();
    });
  }
}

TEST_F(AsioDatagramsTest, AnAnswerThatNobodyTakesAnyMoreDoesNotEndTheSocket) {
  socket = std::move(*open({kLoopback, 0}));
  on_shard([this] { echo(); });
  for (int i = 0; i < 20; ++i) {
    PlainSocket asking(socket->local_endpoint());
    asking.send("gone before the answer");
  }
  PlainSocket asking(socket->local_endpoint());
  asking.send("still there?");
  EXPECT_EQ(asking.receive(), "still there?");
}

TEST_F(AsioDatagramsTest, AStreamAndDatagramsMayHaveTheSamePort) {
  std::unique_ptr<Listener> listener;
  on_shard([&] {
    listener = std::move(*runtime.listen(runtime.shard(0), {kLoopback, 0}, [](auto) {}));
  });
  auto opened = open(listener->local_endpoint());
  EXPECT_TRUE(opened) << opened.error().text();
  on_shard([&] {
    listener.reset();
    if (opened) opened->reset();
  });
}

TEST_F(AsioDatagramsTest, WhatIsDueWhenTheRuntimeStopsDoesNotRun) {
  socket = std::move(*open({kLoopback, 0}));
  PlainSocket asking(socket->local_endpoint());
  asking.send("x");
  on_shard([this] {
    socket->when_readable([] { ADD_FAILURE(); });
    runtime.stop();
  });
  runtime.wait();
  socket.reset();
}

TEST(AsioDatagramsOnAHostTest, ASocketLivesOnTheHostsOwnContext) {
  asio::io_context host;
  AsioRuntime runtime(host);
  auto socket = std::move(*runtime.open_datagrams(runtime.shard(0), {kLoopback, 0}, kLongest));
  std::string got;
  socket->when_readable([&] { got = as_text(socket->receive().front().bytes); });
  PlainSocket asking(socket->local_endpoint());
  asking.send("hello");
  host.run_one_for(5s);
  EXPECT_EQ(got, "hello");
}

}  // namespace
}  // namespace peerage::conn
