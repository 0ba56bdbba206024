// What `peerage ctl` learns from a socket that does not answer as a node would.
#include "cmd/base/control_client.h"

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "cmd/base/unix_socket.h"
#include "tests/support/files.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using conn::Descriptor;

constexpr auto kPatience = 20s;

// Accepts one connection, reads its request, and does with it what a test says.
class OneAnswer {
 public:
  OneAnswer(const std::filesystem::path& path, std::function<void(int socket)> act)
      : listener_(*SocketListener::open(path)), thread_([this, act = std::move(act)] {
          pollfd polled = {listener_.descriptor(), POLLIN, 0};
          ::poll(&polled, 1, 20'000);
          const Descriptor socket = listener_.accept();
          polled = {socket.get(), POLLIN, 0};
          ::poll(&polled, 1, 20'000);
          char bytes[4096];
          const ssize_t got = ::recv(socket.get(), bytes, sizeof(bytes), 0);
          request.assign(bytes, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
          act(socket.get());
        }) {}
  ~OneAnswer() { thread_.join(); }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;

  std::string request;

 private:
  SocketListener listener_;
  std::thread thread_;
};

std::function<void(int)> say(const std::string& text) {
  return [text](int socket) {
    EXPECT_EQ(::send(socket, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  };
}

struct ControlClient : testing::Test {
  test::TemporaryDirectory directory;
  std::filesystem::path path = directory / "s";

  tl::expected<std::string, ControlFailure> ask(std::chrono::milliseconds within = kPatience) {
    return control_request(path, "ban", R"({"target":"x"})", within);
  }
  ControlFailure failure(std::chrono::milliseconds within = kPatience) {
    const auto asked = ask(within);
    EXPECT_FALSE(asked);
    return asked ? ControlFailure() : asked.error();
  }
};

TEST_F(ControlClient, TheResultIsWhatTheNodeSaidInItsOrder) {
  std::string request;
  {
    const OneAnswer node(path, say("{\"id\":1,\"result\":{\"z\":1,\"a\":[1.5,null]}}\n"));
    EXPECT_EQ(ask().value(), "{\"z\":1,\"a\":[1.5,null]}");
    request = node.request;
  }
  EXPECT_EQ(request, "{\"id\":1,\"method\":\"ban\",\"params\":{\"target\":\"x\"}}\n");
}

TEST_F(ControlClient, ARefusalHasItsCodeReasonAndHint) {
  const OneAnswer node(path, say(R"({"id":1,"error":{"code":-1,"reason":"not_found",)"
                                 R"("message":"no peer","hint":"look"}})"
                                 "\n"));
  const ControlFailure refused = failure();
  EXPECT_EQ(refused.exit_code, ControlExit::kFailed);
  EXPECT_EQ(refused.reason, "not_found");
  EXPECT_EQ(refused.message, "no peer");
  EXPECT_EQ(refused.hint, "look");
}

TEST_F(ControlClient, WhoIsNotPermittedIsToldBeforeItsRequest) {
  const OneAnswer node(path, say(R"({"id":null,"error":{"code":-5,"reason":"not_permitted"}})"
                                 "\n"));
  EXPECT_EQ(failure().exit_code, ControlExit::kNotPermitted);
}

TEST_F(ControlClient, WithoutASocketThereIsNoNode) {
  EXPECT_EQ(failure().exit_code, ControlExit::kNoNode);
  path = directory / "none" / "s";
  EXPECT_EQ(failure().exit_code, ControlExit::kNoNode);
}

TEST_F(ControlClient, WhereNobodyAcceptsThereIsNoNode) {
  {
    const auto listener = SocketListener::open(path);
    std::filesystem::create_hard_link(path, directory / "stale");
  }
  path = directory / "stale";
  EXPECT_EQ(failure().exit_code, ControlExit::kNoNode);
}

TEST_F(ControlClient, ANodeThatEndsBeforeItsAnswerIsNone) {
  const OneAnswer node(path, say("{\"id\":1,\"resu"));
  const ControlFailure ended = failure();
  EXPECT_EQ(ended.exit_code, ControlExit::kNoNode);
  EXPECT_EQ(ended.message, "the node ended before it answered");
}

TEST_F(ControlClient, SilenceIsNoAnswerInTime) {
  const auto listener = SocketListener::open(path);
  EXPECT_EQ(failure(30ms).exit_code, ControlExit::kNoAnswer);
}

TEST_F(ControlClient, WhatAnswersOtherwiseIsNoNodeOfThisProgram) {
  for (const char* const text : {"HTTP/1.1 400 Bad Request\n", "[]\n", "{\"id\":1}\n",
                                 "{\"id\":1,\"result\":5}\n", "{\"id\":1,\"error\":\"no\"}\n"}) {
    const OneAnswer node(path, say(text));
    const ControlFailure odd = failure();
    EXPECT_EQ(odd.exit_code, ControlExit::kFailed) << text;
    EXPECT_EQ(odd.reason, "malformed") << text;
  }
}

TEST_F(ControlClient, ACodeThatIsNoneIsAFailure) {
  for (const char* const code : {"0", "-6", "1", "\"x\"", "-1.5", "-99999999999999999999"}) {
    const OneAnswer node(path, say("{\"id\":1,\"error\":{\"code\":" + std::string(code) + "}}\n"));
    EXPECT_EQ(failure().exit_code, ControlExit::kFailed) << code;
  }
}

TEST_F(ControlClient, EventsComeUntilNoMoreAreWanted) {
  const OneAnswer node(path, say("{\"id\":1,\"result\":{}}\n{\"n\":1}\n{\"n\":2}\n"));
  std::string all;
  const auto followed = control_events(path, "{}", kPatience, [&all](const std::string& line) {
    all += line;
    return all.size() < 14;
  });
  EXPECT_TRUE(followed);
  EXPECT_EQ(all, "{\"n\":1}{\"n\":2}");
}

TEST_F(ControlClient, EventsEndWithTheNode) {
  const OneAnswer node(path, say("{\"id\":1,\"result\":{}}\n{\"n\":1}\n"));
  int events = 0;
  const auto followed =
      control_events(path, "{}", kPatience, [&events](const std::string&) { return ++events > 0; });
  ASSERT_FALSE(followed);
  EXPECT_EQ(followed.error().exit_code, ControlExit::kNoNode);
  EXPECT_EQ(events, 1);
}

}  // namespace
}  // namespace peerage::cmd
