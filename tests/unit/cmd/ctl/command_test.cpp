// `peerage ctl` against a control socket whose verbs a test answers.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "cmd/base/control_client.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/program.h"
#include "cmd/ctl/server.h"
#include "cmd/ctl/verbs.h"
#include "tests/support/fake_control.h"
#include "tests/support/files.h"

namespace peerage::cmd {
namespace {

using test::FakeControl;

struct CtlCommand : testing::Test {
  test::TemporaryDirectory directory;
  std::filesystem::path path = directory / "control.sock";
  std::string out, err;

  // For as long as it is held: behind what it asks.
  std::unique_ptr<CtlServer> serve(Control& control) const {
    auto opened = CtlServer::open({.socket = path}, conn::Log(nullptr));
    if (!opened) {
      ADD_FAILURE() << opened.error().text();
      return nullptr;
    }
    (*opened)->start(control);
    return std::move(*opened);
  }
  // `ctl` and what follows, at that socket.
  int run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"ctl", "--socket", path.string()});
    const Program program = {.name = "peerage", .commands = {ctl_command()}};
    std::ostringstream usage;
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = run_program(program, arguments, std::cout, usage);
    out = testing::internal::GetCapturedStdout();
    err = testing::internal::GetCapturedStderr() + usage.str();
    return code;
  }
};

TEST_F(CtlCommand, OptionsBecomeParametersOfTheSameNames) {
  FakeControl control;
  const auto server = serve(control);
  EXPECT_EQ(run({"ban", "203.0.113.0/24", "--for", "7d", "--reason", "sends rubbish", "--json"}),
            0);
  EXPECT_EQ(out, "{\"verb\":\"ban\",\"changed\":true}\n");
  EXPECT_EQ(run({"set", "abcd", "--persistent", "false", "--save"}), 0);
  EXPECT_EQ(run({"book", "list", "--limit", "5", "--verified-since", "2h"}), 0);
  EXPECT_EQ(run({"book", "import", "some/../book.json"}), 0);
  EXPECT_EQ(run({"seeds", "remove", "abcd"}), 0);
  const auto calls = control.calls();
  ASSERT_EQ(calls.size(), 5u);
  EXPECT_EQ(calls[0].params,
            (CtlParams{{"target", "203.0.113.0/24"}, {"for", "7d"}, {"reason", "sends rubbish"}}));
  EXPECT_EQ(calls[1].params, (CtlParams{{"id", "abcd"}, {"persistent", false}, {"save", true}}));
  EXPECT_EQ(calls[2].verb, "book list");
  EXPECT_EQ(calls[2].params, (CtlParams{{"limit", std::int64_t{5}}, {"verified-since", "2h"}}));
  EXPECT_EQ(calls[3].params,
            (CtlParams{{"file", (std::filesystem::current_path() / "book.json").string()}}));
  EXPECT_EQ(calls[4].verb, "seeds remove");
}

TEST_F(CtlCommand, EachVerbIsACommandOfItsOwn) {
  FakeControl control;
  const auto server = serve(control);
  std::size_t asked = 0;
  for (const CtlVerb& verb : ctl_verbs()) {
    if (verb.name == "events" || verb.name == "status") continue;
    std::istringstream words{std::string(verb.name)};
    std::vector<std::string> arguments;
    for (std::string word; words >> word;) arguments.push_back(word);
    for (const CtlParameter& each : verb.parameters) {
      if (each.needed == CtlParameter::Needed::yes) arguments.emplace_back("x");
    }
    EXPECT_EQ(run(arguments), 0) << verb.name << err;
    ASSERT_EQ(control.calls().size(), ++asked) << verb.name;
    EXPECT_EQ(control.calls().back().verb, verb.name);
  }
}

TEST_F(CtlCommand, AResultIsShownForPeopleOrAsItIs) {
  FakeControl control(
      [](const CtlCall&) { return CtlResult("{\"peers\":[{\"id\":\"ab\",\"moniker\":\"x\"}]}"); });
  const auto server = serve(control);
  EXPECT_EQ(run({"peers"}), 0);
  EXPECT_EQ(out, "id  moniker\nab  x\n");
  EXPECT_EQ(run({"peers", "--json"}), 0);
  EXPECT_EQ(out, "{\"peers\":[{\"id\":\"ab\",\"moniker\":\"x\"}]}\n");
}

TEST_F(CtlCommand, ARefusalIsExitCodeOneWithItsHint) {
  FakeControl control([](const CtlCall&) {
    return CtlResult(tl::unexpected(CtlError{-1, "not_found", "no peer\n\x1b", "look"}));
  });
  const auto server = serve(control);
  EXPECT_EQ(run({"peer", "abcd"}), 1);
  EXPECT_EQ(out, "");
  EXPECT_EQ(err, "peerage: no peer\\x0a\\x1b\n  hint: look\n");
}

TEST_F(CtlCommand, AWrongCommandLineIsExitCodeTwoAndAsksNobody) {
  FakeControl control;
  const auto server = serve(control);
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"nonsense"},
      {"ban"},
      {"ban", "x", "y"},
      {"ban", "x", "--for", "soon"},
      {"ban", "x", "--for", "1d", "--forever"},
      {"ban", "x", "--odd"},
      {"peers", "--direction", "up"},
      {"book"},
      {"book", "list", "--limit", "many"},
      {"book", "list", "--limit", "-1"},
      {"events", "--types", "odd"},
      {"set", "abcd", "--private"},
      {"peers", "--timeout", "0s"},
      {"peers", "--timeout", "soon"},
  };
  for (const auto& each : wrong) {
    EXPECT_EQ(run(each), 2) << testing::PrintToString(each);
    EXPECT_NE(err, "");
  }
  EXPECT_TRUE(control.calls().empty());
  EXPECT_EQ(run({"ban", "--help"}), 0);
}

TEST_F(CtlCommand, WithoutANodeTheExitCodeIsThree) {
  EXPECT_EQ(run({"status"}), 3);
  EXPECT_EQ(err, "peerage: no node is at " + path.string() +
                     "\n  hint: start one, or name its home (--home) or socket (--socket)\n");
  EXPECT_EQ(run({"events"}), 3);
}

TEST_F(CtlCommand, TheHelpNamesEachVerbAndThatOfAVerbEachOfItsOptions) {
  EXPECT_EQ(run({"--help"}), 0);
  const std::string all = out + err;
  EXPECT_NE(all.find("Exit code: 0 when it is done"), std::string::npos);
  for (const CtlVerb& verb : ctl_verbs()) {
    std::istringstream words{std::string(verb.name)};
    std::vector<std::string> arguments;
    for (std::string word; words >> word;) arguments.push_back(word);
    EXPECT_NE(all.find("\n  " + arguments.front() + " "), std::string::npos) << verb.name;
    arguments.emplace_back("--help");
    EXPECT_EQ(run(arguments), 0) << verb.name;
    const std::string help = out + err;
    EXPECT_NE(help.find(verb.help), std::string::npos) << verb.name;
    for (const char* common : {"--home", "--socket", "--json", "--timeout", "Exit code"}) {
      EXPECT_NE(help.find(common), std::string::npos) << verb.name << ' ' << common;
    }
    for (const CtlParameter& each : verb.parameters) {
      const bool option = each.place == CtlParameter::Place::option;
      const std::string name = (option ? "--" : "") + std::string(each.name);
      EXPECT_NE(help.find(name), std::string::npos) << verb.name << ' ' << name;
    }
  }
}

TEST_F(CtlCommand, WhatIsNoSocketOfANodeIsExitCodeThree) {
  std::ofstream(path) << "a file";
  EXPECT_EQ(run({"status"}), 3);
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  EXPECT_EQ(run({"status"}), 3);
  std::filesystem::remove(path);
  EXPECT_EQ(out, "");
  EXPECT_NE(err, "");
  path = directory / std::string(200, 'x');
  EXPECT_EQ(run({"status"}), 2) << "no node can be there";
}

TEST_F(CtlCommand, ANodeThatDoesNotAnswerIsExitCodeFour) {
  FakeControl control([](const CtlCall&) { return std::optional<CtlResult>(); });
  const auto server = serve(control);
  EXPECT_EQ(run({"save", "--timeout", "50ms"}), 4);
  // A verb that waits has its own time besides: 100 ms and 50 ms here.
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(run({"dial", "x", "--wait", "100ms", "--timeout", "50ms"}), 4);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(150));
}

TEST_F(CtlCommand, WhoIsNotPermittedGetsExitCodeFive) {
  FakeControl control([](const CtlCall&) {
    return CtlResult(tl::unexpected(CtlError{-5, "not_permitted", "no", ""}));
  });
  const auto server = serve(control);
  EXPECT_EQ(run({"stop"}), 5);
}

TEST_F(CtlCommand, ReadinessIsAnExitCode) {
  for (const bool ready : {true, false}) {
    FakeControl control([ready](const CtlCall&) {
      return CtlResult(ready ? R"({"ready":true,"why":[]})"
                             : R"({"ready":false,"why":["net-1: 0 of 1 verified"]})");
    });
    const auto server = serve(control);
    EXPECT_EQ(run({"status", "--ready"}), ready ? 0 : 1);
    EXPECT_EQ(out, ready ? "ready  yes\nwhy    -\n" : "ready  no\nwhy    net-1: 0 of 1 verified\n");
    EXPECT_EQ(run({"status"}), 0);
  }
}

TEST_F(CtlCommand, ADialThatFailedIsShownAndIsExitCodeOne) {
  FakeControl control([](const CtlCall&) {
    return CtlResult(R"({"result":"failed","stage":"connect","reason":"connection_refused"})");
  });
  const auto server = serve(control);
  EXPECT_EQ(run({"dial", "x"}), 1);
  EXPECT_NE(out.find("connection_refused"), std::string::npos);
  EXPECT_EQ(err, "");
}

TEST_F(CtlCommand, EventsAreOneLineEachUntilTheNodeEnds) {
  FakeControl control;
  const auto server = serve(control);
  std::thread node([&] {
    EXPECT_TRUE(control.wait_for_subscribers(1));
    control.emit("{\"event\":\"gone\",\"time\":\"now\"}");
    control.emit("{\"event\":\"banned\",\"time\":\"now\"}");
    // Both have gone out when a later request is answered.
    EXPECT_TRUE(control_request(path, "save", "{}", std::chrono::seconds(20)));
    server->stop();
  });
  EXPECT_EQ(run({"events", "--types", "gone,banned"}), 3);
  node.join();
  EXPECT_EQ(out, "now  gone\nnow  banned\n");
  EXPECT_EQ(control.types(), (std::vector<std::string>{"gone", "banned"}));
}

TEST_F(CtlCommand, TheSocketIsThatOfTheHome) {
  std::filesystem::create_directories(directory / "home/data");
  path = directory / "home/data/control.sock";
  FakeControl control;
  const auto server = serve(control);
  const Program program = {.name = "peerage", .commands = {ctl_command()}};
  testing::internal::CaptureStdout();
  // Settings that cannot be read do not keep anybody from asking.
  std::filesystem::create_directories(directory / "home/config");
  std::ofstream(directory / "home/config/config.toml") << "p2p = [[[";
  EXPECT_EQ(run_program(program, {"ctl", "reload", "--home", (directory / "home").string()},
                        std::cout, std::cerr),
            0);
  (void)testing::internal::GetCapturedStdout();
  EXPECT_EQ(control.calls().size(), 1u);
}

}  // namespace
}  // namespace peerage::cmd
