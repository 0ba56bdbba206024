// `peerage addrbook ban`, `unban`, `forget` and `import` while a node has the book open.
#include "cmd/addrbook/running_node.h"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "addrbook/record/book_reason.h"
#include "cmd/addrbook/addrbook.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/program.h"
#include "cmd/ctl/server.h"
#include "tests/support/fake_control.h"
#include "tests/support/files.h"

namespace peerage::cmd {
namespace {

using test::FakeControl;
namespace fs = std::filesystem;

const std::string kId = "6c8f8607dbe87077a62a2990ce07d94aaf749df7";

struct RunningNode : testing::Test {
  test::TemporaryDirectory directory;
  fs::path home = directory.path();
  std::optional<OwnedBook> book;  // as the node has it
  std::string out, err;

  RunningNode() {
    fs::create_directories(home / "config");
    std::ofstream(home / "config/config.toml") << "[peerage]\nnetwork = \"net-1\"\n";
  }
  void hold_the_book() {
    auto owned = own_book(*BookHome::of(home), Missing::create, book_now());
    ASSERT_TRUE(owned) << owned.error().text();
    book.emplace(std::move(*owned));
  }
  // For as long as it is held: behind what it asks.
  std::unique_ptr<CtlServer> serve(Control& control) const {
    auto opened = CtlServer::open({.socket = home / "data/control.sock"}, conn::Log(nullptr));
    if (!opened) {
      ADD_FAILURE() << opened.error().text();
      return nullptr;
    }
    (*opened)->start(control);
    return std::move(*opened);
  }
  int run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "addrbook");
    arguments.insert(arguments.end(), {"--home", home.string()});
    const Program program = {.name = "peerage", .commands = {addrbook_command()}};
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = run_program(program, arguments, std::cout, std::cerr);
    out = testing::internal::GetCapturedStdout();
    err = testing::internal::GetCapturedStderr();
    return code;
  }
};

TEST_F(RunningNode, ItIsAskedForWhatItsBookIsTooBusyFor) {
  FakeControl control;
  hold_the_book();
  const auto server = serve(control);
  EXPECT_EQ(run({"ban", "203.0.113.0/24", "--for", "7d", "--reason", "rubbish"}), 0) << err;
  EXPECT_EQ(out, "verb     ban\nchanged  yes\n");
  EXPECT_EQ(run({"unban", "203.0.113.0/24"}), 0);
  EXPECT_EQ(run({"forget", kId, "--network", "net-1"}), 0);
  std::ofstream(home / "addrbook.json") << R"({"key":"","addrs":[]})";
  const fs::path before = fs::current_path();
  fs::current_path(home);
  EXPECT_EQ(run({"import", "addrbook.json", "--json"}), 0) << err;
  fs::current_path(before);
  EXPECT_EQ(out, "{\"verb\":\"book import\",\"changed\":true}\n");
  const auto calls = control.calls();
  ASSERT_EQ(calls.size(), 4u);
  EXPECT_EQ(calls[0].verb, "ban");
  EXPECT_EQ(calls[0].params,
            (CtlParams{{"target", "203.0.113.0/24"}, {"for", "7d"}, {"reason", "rubbish"}}));
  EXPECT_EQ(calls[1].params, (CtlParams{{"target", "203.0.113.0/24"}}));
  EXPECT_EQ(calls[2].verb, "book forget");
  EXPECT_EQ(calls[2].params, (CtlParams{{"id", kId}, {"network", "net-1"}}));
  EXPECT_EQ(calls[3].params, (CtlParams{{"file", fs::canonical(home / "addrbook.json").string()},
                                        {"network", "net-1"}}));
}

TEST_F(RunningNode, WhatWasNothingToDoIsExitCodeOneAsWithoutANode) {
  FakeControl control([](const CtlCall&) { return CtlResult("{\"changed\":false}"); });
  hold_the_book();
  const auto server = serve(control);
  EXPECT_EQ(run({"unban", "203.0.113.7"}), 1);
  EXPECT_EQ(err, "peerage: 203.0.113.7 is not banned\n");
  EXPECT_EQ(run({"forget", kId}), 1);
  EXPECT_EQ(err, "peerage: the book has no address of " + kId + "\n");
  EXPECT_EQ(run({"ban", "203.0.113.7"}), 0);  // banned so long already
}

TEST_F(RunningNode, WhatItRefusesIsReported) {
  FakeControl control([](const CtlCall&) {
    return CtlResult(tl::unexpected(CtlError{-1, "limit", "too many\x1b", "lift some"}));
  });
  hold_the_book();
  const auto server = serve(control);
  EXPECT_EQ(run({"ban", "203.0.113.7"}), 1);
  EXPECT_EQ(err, "peerage: the running node: too many\\x1b\n  hint: lift some\n");
}

TEST_F(RunningNode, WithoutOneTheBookIsChangedHere) {
  hold_the_book();
  book.reset();
  EXPECT_EQ(run({"ban", "203.0.113.7"}), 0) << err;
  EXPECT_EQ(run({"unban", "203.0.113.7"}), 0) << err;
  // A socket alone is no node that has the book.
  FakeControl control;
  const auto server = serve(control);
  EXPECT_EQ(run({"ban", "203.0.113.7"}), 0) << err;
  EXPECT_TRUE(control.calls().empty());
}

TEST_F(RunningNode, OneThatHasNoControlSocketHasToBeStopped) {
  hold_the_book();
  EXPECT_EQ(run({"ban", "203.0.113.7"}), 1);
  EXPECT_NE(err.find("stop the node first"), std::string::npos) << err;
}

TEST_F(RunningNode, ABookOfNoHomeHasNoNode) {
  EXPECT_TRUE(BookHome::alone(home / "book.db").control_socket.empty());
  const conn::Failure in_use = {conn::Stage::configuration, addrbook::BookReason::book_in_use, ""};
  EXPECT_FALSE(ask_running_node(BookHome::alone(home / "book.db"), in_use, "ban", {}));
}

TEST_F(RunningNode, AnAnswerSaysWhetherAnythingHasChanged) {
  EXPECT_TRUE(has_changed(R"({"changed":true})"));
  EXPECT_FALSE(has_changed(R"({"changed":false})"));
  EXPECT_FALSE(has_changed(R"({"changed":"true"})"));
  EXPECT_FALSE(has_changed("{}"));
  EXPECT_FALSE(has_changed("[]"));
}

}  // namespace
}  // namespace peerage::cmd
