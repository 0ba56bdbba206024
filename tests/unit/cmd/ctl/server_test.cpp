// The control socket with real clients.
#include "cmd/ctl/server.h"

#include <atomic>
#include <chrono>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/base/control_client.h"
#include "cmd/base/unix_socket.h"
#include "conn/base/file_reason.h"
#include "tests/support/fake_control.h"
#include "tests/support/files.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using test::FakeControl;
namespace fs = std::filesystem;

// One end of a connection, which waits for what it reads.
class Client {
 public:
  explicit Client(const fs::path& path) : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path, path.c_str(), path.native().size());
    EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&at), sizeof(at)), 0);
    const timeval patience{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  ~Client() { close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  void end_of_requests() { ::shutdown(socket_, SHUT_WR); }
  void send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      ASSERT_GT(sent, 0) << std::strerror(errno);
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // Without its end; empty: there is none any more.
  std::string line() {
    for (;;) {
      const std::size_t end = input_.find('\n');
      if (end != std::string::npos) {
        std::string line = input_.substr(0, end);
        input_.erase(0, end + 1);
        return line;
      }
      char bytes[4096];
      const ssize_t got = ::recv(socket_, bytes, sizeof(bytes), 0);
      if (got <= 0) return {};
      input_.append(bytes, static_cast<std::size_t>(got));
    }
  }
  std::string ask(const std::string& text) {
    send(text + "\n");
    return line();
  }

 private:
  int socket_;
  std::string input_;
};

struct CtlServerTest : testing::Test {
  test::TemporaryDirectory directory;
  fs::path path = directory / "control.sock";
  FakeControl control;
  CtlServerSettings settings{.socket = path};
  std::unique_ptr<CtlServer> server;

  void open(Control& with) {
    auto opened = CtlServer::open(settings, conn::Log(nullptr));
    ASSERT_TRUE(opened) << opened.error().text();
    server = std::move(*opened);
    server->start(with);
  }
  void open() { open(control); }
  conn::Failure failure() {
    auto opened = CtlServer::open(settings, conn::Log(nullptr));
    return opened ? conn::Failure() : opened.error();
  }
};

// --- the file ---

TEST_F(CtlServerTest, TheSocketIsItsOwnersAloneWhateverTheUmask) {
  for (const mode_t mask : {mode_t{0}, mode_t{0777}}) {
    const test::Umask umask(mask);
    open();
    struct stat file {};
    ASSERT_EQ(::lstat(path.c_str(), &file), 0);
    EXPECT_TRUE(S_ISSOCK(file.st_mode));
    EXPECT_EQ(file.st_mode & 0777u, 0600u);
    server.reset();
  }
}

TEST_F(CtlServerTest, TheSocketIsRemovedAtTheEndIfItIsStillOurs) {
  open();
  server->stop();
  server->stop();
  EXPECT_FALSE(fs::exists(path));
  open();
  fs::remove(path);
  std::ofstream(path) << "another's";
  server.reset();
  EXPECT_TRUE(fs::exists(path));
}

TEST_F(CtlServerTest, AStaleSocketIsReplacedAndALiveOneIsAnError) {
  open();
  EXPECT_EQ(failure().reason, conn::Reason::address_in_use);
  EXPECT_EQ(Client(path).ask(R"({"method":"peers"})").substr(0, 10), R"({"id":null)");
  // As a process leaves it that was killed.
  const fs::path other = directory / "other";
  fs::create_hard_link(path, other);
  server.reset();
  fs::rename(other, path);
  open();
  EXPECT_EQ(Client(path).ask(R"({"method":"peers"})").substr(0, 10), R"({"id":null)");
}

TEST_F(CtlServerTest, AFileOfAnotherKindStaysAsItIs) {
  std::ofstream(path) << "precious";
  EXPECT_EQ(failure().reason, conn::Reason::config_malformed);
  EXPECT_EQ(fs::file_size(path), 8u);
}

TEST_F(CtlServerTest, APathThatIsTooLongForASocketIsAConfigurationError) {
  const std::size_t rest = kMostSocketPath - directory.path().native().size() - 1;
  path = settings.socket = directory / std::string(rest, 'x');
  open();
  EXPECT_TRUE(control_request(path, "peers", "{}", 20s));
  server.reset();
  settings.socket = directory / std::string(rest + 1, 'x');
  const conn::Failure error = failure();
  EXPECT_EQ(error.stage, conn::Stage::configuration);
  EXPECT_EQ(error.reason, conn::Reason::config_malformed);
  EXPECT_NE(error.detail.find("at most 107 bytes, and this one has 108"), std::string::npos);
  const auto asked = control_request(settings.socket, "peers", "{}", 20s);
  EXPECT_EQ(asked.error().exit_code, ControlExit::kWrongUsage);
  EXPECT_NE(asked.error().message.find("at most 107 bytes"), std::string::npos);
}

TEST_F(CtlServerTest, WithoutItsDirectoryThereIsNoSocket) {
  settings.socket = directory / "none" / "control.sock";
  EXPECT_EQ(failure().reason, conn::FileReason::missing);
}

// --- clients ---

TEST_F(CtlServerTest, ManyClientsAtOnceEachGetTheirOwnAnswers) {
  open();
  std::atomic<int> right = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 12; ++i) {
    clients.emplace_back([&, i] {
      Client client(path);
      for (int n = 0; n < 50; ++n) {
        const std::string id = std::to_string(1000 * i + n);
        const std::string verb = n % 2 == 0 ? "peers" : "status";
        const auto expected =
            "{\"id\":" + id + R"(,"result":{"verb":")" + verb + R"(","changed":true}})";
        right += client.ask("{\"id\":" + id + R"(,"method":")" + verb + "\"}") == expected ? 1 : 0;
      }
    });
  }
  for (std::thread& each : clients) each.join();
  EXPECT_EQ(right, 12 * 50);
  EXPECT_EQ(control.calls().size(), 600u);
  EXPECT_EQ(control.calls().front().caller.uid, ::geteuid());
  EXPECT_EQ(control.calls().front().caller.pid, ::getpid());
  std::uint64_t counted = 0;
  for (const CtlFigure& each : server->figures()) counted += each.requests;
  EXPECT_EQ(counted, 600u);
}

TEST_F(CtlServerTest, OneConnectionTooManyIsToldSoAndClosed) {
  settings.connections = 2;
  open();
  Client first(path);
  Client second(path);
  (void)first.ask(R"({"method":"peers"})");
  (void)second.ask(R"({"method":"peers"})");
  Client third(path);
  EXPECT_NE(third.line().find("too_many_connections"), std::string::npos);
  EXPECT_EQ(third.line(), "");
  // It is no answer to a request, but to the one that a client makes.
  EXPECT_EQ(control_request(path, "peers", "{}", 20s).error().reason, "too_many_connections");
  first.close();
  tl::expected<std::string, ControlFailure> later;
  do {
    later = control_request(path, "peers", "{}", 20s);
  } while (!later && later.error().reason == "too_many_connections");
  EXPECT_TRUE(later);
}

TEST_F(CtlServerTest, WhoNeverReadsHoldsUpNobody) {
  FakeControl large(
      [](const CtlCall&) { return CtlResult("{\"text\":\"" + std::string(4 << 20, 'x') + "\"}"); });
  open(large);
  Client silent(path);
  for (int i = 0; i < 20; ++i) silent.send("{\"method\":\"peers\"}\n");
  ASSERT_TRUE(large.wait_for_calls(1));
  EXPECT_TRUE(control_request(path, "status", "{}", 20s));
  // Those that one connection may have under way, and the other's.
  EXPECT_LE(large.calls().size(), CtlLimits().requests + 1);
  // And nothing was lost.
  for (int i = 0; i < 20; ++i) EXPECT_GT(silent.line().size(), std::size_t{4} << 20);
  server->stop();
}

TEST_F(CtlServerTest, HalfALineIsNotCarriedOutAndAWholeOneIsAlthoughItsSenderHasGone) {
  open();
  {
    Client client(path);
    client.send("{\"method\":\"stop\"");
  }
  {
    Client client(path);
    client.send("{\"method\":\"save\"}\n");
  }
  ASSERT_TRUE(control.wait_for_calls(1));
  (void)control_request(path, "status", "{}", 20s);
  ASSERT_EQ(control.calls().size(), 2u);
  EXPECT_EQ(control.calls()[0].verb, "save");
}

TEST_F(CtlServerTest, WhoEndsItsRequestsStillGetsTheirAnswers) {
  open();
  Client client(path);
  client.send("{\"method\":\"save\"}\n");
  client.end_of_requests();
  EXPECT_NE(client.line(), "");
  EXPECT_EQ(client.line(), "");
}

TEST_F(CtlServerTest, TenMegabytesInALineAreRefusedAndTheConnectionGoesOn) {
  open();
  Client client(path);
  client.send(std::string(10 << 20, 'x') + "\n");
  EXPECT_EQ(client.line().find(R"({"id":null,"error":{"code":-2,"reason":"too_long",)"), 0u);
  EXPECT_NE(client.ask(R"({"method":"peers"})").find("result"), std::string::npos);
}

TEST_F(CtlServerTest, AnIdleConnectionIsClosed) {
  settings.limits.idle = 50ms;
  open();
  Client client(path);
  EXPECT_EQ(client.line(), "");
}

// --- whose requests are taken ---

// Connects as another user, and reads. Nothing but system calls: the process has threads.
std::string line_for(uid_t user, const fs::path& path) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path, path.c_str(), path.native().size());
    char bytes[4096];
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    if (::setuid(user) != 0) ::_exit(1);
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&at), sizeof(at)) != 0) ::_exit(2);
    const ssize_t got = ::recv(socket, bytes, sizeof(bytes), 0);
    if (got <= 0 || ::write(ends[1], bytes, static_cast<std::size_t>(got)) != got) ::_exit(3);
    ::_exit(0);
  }
  ::close(ends[1]);
  char bytes[4096];
  const ssize_t got = ::read(ends[0], bytes, sizeof(bytes));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  return got <= 0 ? "" : std::string(bytes, static_cast<std::size_t>(got));
}

TEST_F(CtlServerTest, AnotherUserIsNotPermitted) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  open();
  // The file's mode is the first lock; this is about the second.
  fs::permissions(directory.path(), fs::perms::all);
  fs::permissions(path, fs::perms::all);
  EXPECT_EQ(line_for(65534, path).substr(0, 55),
            R"({"id":null,"error":{"code":-5,"reason":"not_permitted",)");
  EXPECT_TRUE(control.calls().empty());
  EXPECT_TRUE(control_request(path, "peers", "{}", 20s));
}

TEST_F(CtlServerTest, WhoIsNeitherTheOwnerNorRootIsNotPermitted) {
  settings.owner = ::geteuid() + 1;
  open();
  const auto asked = control_request(path, "peers", "{}", 20s);
  if (::geteuid() == 0) {
    EXPECT_TRUE(asked);
  } else {
    EXPECT_EQ(asked.error().exit_code, ControlExit::kNotPermitted);
  }
}

// --- events ---

TEST_F(CtlServerTest, EventsComeToThoseThatAskedUntilTheyGo) {
  open();
  Client client(path);
  EXPECT_EQ(client.ask(R"({"id":1,"method":"events","params":{"types":["gone"]}})"),
            R"({"id":1,"result":{"subscribed":true}})");
  ASSERT_TRUE(control.wait_for_subscribers(1));
  EXPECT_EQ(control.types(), std::vector<std::string>{"gone"});
  control.emit(R"({"event":"gone"})");
  EXPECT_EQ(client.line(), R"({"event":"gone"})");
  // A second request takes the place of the first.
  EXPECT_NE(client.ask(R"({"method":"events"})"), "");
  ASSERT_TRUE(control.wait_for_subscribers(1));
  client.close();
  EXPECT_TRUE(control.wait_for_subscribers(0));
}

TEST_F(CtlServerTest, AReaderThatSleepsLearnsHowManyEventsItMissed) {
  open();
  Client client(path);
  (void)client.ask(R"({"method":"events"})");
  ASSERT_TRUE(control.wait_for_subscribers(1));
  static constexpr std::size_t kEmitted = 20'000;
  const std::string event = "{\"event\":\"gone\",\"text\":\"" + std::string(200, 'x') + "\"}";
  for (std::size_t i = 0; i < kEmitted; ++i) control.emit(event);
  (void)control_request(path, "status", "{}", 20s);  // others are served meanwhile
  std::size_t read = 0, lost = 0;
  while (read + lost < kEmitted) {
    const std::string line = client.line();
    ASSERT_NE(line, "");
    static constexpr std::string_view kLost = "{\"event\":\"lost\",\"n\":";
    if (line.starts_with(kLost)) {
      lost += std::stoul(line.substr(kLost.size()));
    } else {
      ASSERT_EQ(line, event);
      ++read;
    }
  }
  EXPECT_EQ(read + lost, kEmitted);
  EXPECT_GT(lost, 0u);
  EXPECT_GE(read, CtlLimits().events);
}

// --- the end ---

TEST_F(CtlServerTest, WhatIsUnderWayAtTheEndIsAnsweredThatTheNodeStops) {
  FakeControl silent([](const CtlCall&) { return std::optional<CtlResult>(); });
  open(silent);
  Client client(path);
  Client subscriber(path);
  (void)subscriber.ask(R"({"method":"events"})");
  client.send("{\"id\":1,\"method\":\"dial\",\"params\":{\"address\":\"x\"}}\n");
  ASSERT_TRUE(silent.wait_for_calls(1));
  server->stop();
  EXPECT_NE(client.line().find("\"reason\":\"stopping\""), std::string::npos);
  EXPECT_EQ(client.line(), "");
  EXPECT_EQ(subscriber.line(), "");
  EXPECT_TRUE(silent.wait_for_subscribers(0));
  silent.answer(0, std::string("{}"));  // too late: it goes nowhere
}

TEST_F(CtlServerTest, TheEndDoesNotWaitForWhoNeverReads) {
  FakeControl large(
      [](const CtlCall&) { return CtlResult("{\"text\":\"" + std::string(4 << 20, 'x') + "\"}"); });
  open(large);
  Client client(path);
  client.send("{\"method\":\"peers\"}\n");
  ASSERT_TRUE(large.wait_for_calls(1));
  const auto begin = std::chrono::steady_clock::now();
  server->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
}

TEST_F(CtlServerTest, AServerThatWasNeverStartedEnds) {
  auto opened = CtlServer::open(settings, conn::Log(nullptr));
  ASSERT_TRUE(opened);
  opened->reset();
  EXPECT_FALSE(fs::exists(path));
}

}  // namespace
}  // namespace peerage::cmd
