#include "cmd/ctl/verbs.h"

#include <chrono>
#include <limits>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using Kind = CtlParameter::Kind;

std::string wrong_with(std::string_view verb, const CtlParams& params) {
  const auto error = check_params(*find_verb(verb), params);
  if (!error) return {};
  EXPECT_EQ(error->code, -2);
  EXPECT_EQ(error->reason, "invalid_params");
  return error->message;
}

TEST(CtlVerbs, TheyAreTwentyThreeWithTwoGroups) {
  std::set<std::string_view> names, first;
  for (const CtlVerb& each : ctl_verbs()) {
    names.insert(each.name);
    first.insert(each.name.substr(0, each.name.find(' ')));
  }
  const std::set<std::string_view> expected = {
      "status", "peers", "peer",   "add",    "remove", "set",   "dial",     "disconnect",
      "ban",    "unban", "bans",   "seeds",  "book",   "visit", "networks", "discovery",
      "events", "log",   "config", "reload", "save",   "drain", "stop"};
  EXPECT_EQ(first, expected);
  EXPECT_EQ(expected.size(), 23u);
  EXPECT_EQ(names.size(), ctl_verbs().size());
  for (const char* const name :
       {"list", "show", "sources", "stats", "export", "import", "forget", "check"}) {
    EXPECT_NE(find_verb("book " + std::string(name)), nullptr) << name;
  }
  for (const char* const name : {"list", "add", "remove"}) {
    EXPECT_NE(find_verb("seeds " + std::string(name)), nullptr) << name;
  }
  EXPECT_EQ(find_verb("seeds"), nullptr);
  EXPECT_EQ(find_verb(""), nullptr);
}

// What the rest of the program relies on.
TEST(CtlVerbs, EachDeclarationIsWhole) {
  for (const CtlVerb& verb : ctl_verbs()) {
    EXPECT_FALSE(verb.help.empty()) << verb.name;
    std::set<std::string_view> names;
    for (const CtlParameter& each : verb.parameters) {
      EXPECT_TRUE(names.insert(each.name).second) << verb.name << " " << each.name;
      EXPECT_FALSE(each.help.empty()) << verb.name << " " << each.name;
      // A flag that is needed says nothing, and one without dashes cannot be left out.
      EXPECT_FALSE(each.kind == Kind::flag && each.needed == CtlParameter::Needed::yes);
      EXPECT_FALSE(each.kind == Kind::flag && each.place == CtlParameter::Place::positional);
      if (each.kind == Kind::duration && !each.otherwise.empty()) {
        EXPECT_TRUE(ctl_duration(each.otherwise)) << each.otherwise;
      }
      // The command line has what --json, --home and the like mean already.
      for (const char* const taken : {"json", "home", "socket", "timeout", "help"}) {
        EXPECT_NE(each.name, taken) << verb.name;
      }
    }
    for (const CtlParameter& each : verb.parameters) {
      EXPECT_TRUE(each.excludes.empty() || names.contains(each.excludes)) << verb.name;
    }
  }
}

TEST(CtlVerbs, WhatChangesAndWhatLooksIsSaid) {
  for (const char* const name :
       {"add", "remove", "set", "dial", "disconnect", "ban", "unban", "seeds add", "seeds remove",
        "book export", "book import", "book forget", "visit", "log", "reload", "save", "drain",
        "stop"}) {
    EXPECT_EQ(find_verb(name)->effect, CtlVerb::Effect::changes) << name;
  }
  for (const char* const name : {"status", "peers", "peer", "bans", "networks", "discovery",
                                 "config", "events", "seeds list", "book list", "book check"}) {
    EXPECT_EQ(find_verb(name)->effect, CtlVerb::Effect::looks) << name;
  }
}

TEST(CtlVerbs, ParametersOfTheirKindAreTaken) {
  EXPECT_EQ(wrong_with("ban", {{"target", "1.2.3.4"}, {"for", "7d"}, {"reason", "spam"}}), "");
  EXPECT_EQ(wrong_with("ban", {{"target", "1.2.3.4"}, {"forever", true}}), "");
  EXPECT_EQ(wrong_with("set", {{"id", "abcd"}, {"persistent", false}}), "");
  EXPECT_EQ(wrong_with("book list", {{"limit", std::int64_t{0}}, {"kind", "old"}}), "");
  EXPECT_EQ(wrong_with("events", {{"types", std::vector<std::string>{"gone", "banned"}}}), "");
  EXPECT_EQ(wrong_with("book import", {{"file", "/tmp/addrbook.json"}}), "");
  EXPECT_EQ(wrong_with("book import", {}), "");
  EXPECT_EQ(wrong_with("status", {}), "");
}

TEST(CtlVerbs, AMistakeIsNamed) {
  EXPECT_EQ(wrong_with("ban", {}), "ban needs the parameter target");
  EXPECT_EQ(wrong_with("ban", {{"target", "x"}, {"until", "7d"}}),
            "ban has no parameter \"until\"");
  EXPECT_EQ(wrong_with("ban", {{"target", std::int64_t{5}}}), "target: it is not a string");
  EXPECT_EQ(wrong_with("ban", {{"target", ""}}), "target: it is empty");
  EXPECT_EQ(wrong_with("ban", {{"target", "x"}, {"for", "soon"}}),
            "for: \"soon\" is no duration such as 10s, 12h or 7d");
  EXPECT_EQ(wrong_with("ban", {{"target", "x"}, {"forever", "yes"}}),
            "forever: it is not true or false");
  EXPECT_EQ(wrong_with("book list", {{"limit", std::int64_t{-1}}}), "limit: it is negative");
  EXPECT_EQ(wrong_with("book list", {{"limit", "5"}}), "limit: it is not a whole number");
  EXPECT_EQ(wrong_with("peers", {{"direction", "up"}}), "direction: there is no \"up\"");
  EXPECT_EQ(wrong_with("events", {{"types", "gone"}}), "types: it is not an array of strings");
  EXPECT_EQ(wrong_with("events", {{"types", std::vector<std::string>{"left"}}}),
            "types: there is no \"left\"");
  EXPECT_EQ(wrong_with("book import", {{"file", "book.json"}}),
            "file: \"book.json\" is no absolute path");
  EXPECT_EQ(check_params(*find_verb("peers"), {{"kind", "odd"}})->hint,
            "it is one of ordinary, persistent, unconditional, private");
  EXPECT_EQ(check_params(*find_verb("save"), {{"odd", true}})->hint, "it has none");
}

TEST(CtlVerbs, WhatExcludesAnotherIsNotGivenWithIt) {
  EXPECT_EQ(wrong_with("ban", {{"target", "x"}, {"for", "7d"}, {"forever", true}}),
            "forever and for are not given together");
  EXPECT_EQ(wrong_with("ban", {{"target", "x"}, {"for", "7d"}, {"forever", false}}), "");
  EXPECT_EQ(wrong_with("drain", {{"for", "30s"}, {"undo", true}}),
            "undo and for are not given together");
}

TEST(CtlVerbs, ADurationHasAUnitAndIsMoreThanNothing) {
  EXPECT_EQ(ctl_duration("500ms"), 500ms);
  EXPECT_EQ(ctl_duration("1h30m"), 90min);
  EXPECT_EQ(ctl_duration("7d"), std::chrono::days(7));
  EXPECT_EQ(ctl_duration("2w"), std::chrono::days(14));
  EXPECT_EQ(ctl_duration("5000w"), std::chrono::days(35'000));
  for (const char* const text : {"", "0s", "0d", "-5s", "5", "d", "1y", "99999w", "9999999h x"}) {
    EXPECT_FALSE(ctl_duration(text)) << text;
  }
}

}  // namespace
}  // namespace peerage::cmd
