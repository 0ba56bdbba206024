// A simulated network in which a test asks a node for verbs of live control, and gets what it
// answers as JSON.
//
// Threads: one.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cmd/ctl/control.h"
#include "cmd/ctl/verbs.h"
#include "tests/support/pex_world.h"

namespace peerage::test {

class VerbWorld : public PexWorld {
 protected:
  virtual void call(const std::string& verb, cmd::CtlParams params, cmd::CtlDone done) = 0;

  // The server lets nothing else through.
  static void check(const std::string& verb, const cmd::CtlParams& params) {
    const cmd::CtlVerb* const declared = cmd::find_verb(verb);
    ASSERT_NE(declared, nullptr) << verb;
    const auto wrong = cmd::check_params(*declared, params);
    ASSERT_FALSE(wrong) << wrong->message;
  }
  cmd::CtlResult ask(const std::string& verb, cmd::CtlParams params = {}) {
    std::vector<cmd::CtlResult> answers;
    call(verb, std::move(params), [&](cmd::CtlResult result) { answers.push_back(result); });
    EXPECT_TRUE(until([&] { return !answers.empty(); }, 30s)) << verb;
    if (answers.empty()) return tl::unexpected(cmd::CtlError{});
    return answers.front();
  }
  // Of one that is done.
  nlohmann::json result(const std::string& verb, cmd::CtlParams params = {}) {
    const auto answer = ask(verb, std::move(params));
    EXPECT_TRUE(answer) << verb << ": " << answer.error().message;
    return answer ? nlohmann::json::parse(*answer) : nlohmann::json();
  }
  // The reason of one that is not.
  std::string refusal(const std::string& verb, cmd::CtlParams params = {}) {
    const auto answer = ask(verb, std::move(params));
    EXPECT_FALSE(answer) << verb << ": " << *answer;
    if (answer) return "";
    for (const char c : answer.error().message) EXPECT_GE(c, ' ');
    return answer.error().reason;
  }
};

}  // namespace peerage::test
