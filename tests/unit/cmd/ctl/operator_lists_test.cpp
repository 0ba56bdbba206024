#include "cmd/ctl/operator_lists.h"

#include <random>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace peerage::cmd {
namespace {

conn::NodeId id(char digit) {
  return *conn::NodeId::parse(std::string(40, digit));
}
conn::HostAddress address(char digit, std::uint16_t port = 1) {
  return {id(digit), "h", port};
}

ControlWords seed(char digit, Word word) {
  ControlWords words;
  words.seeds.say(address(digit), word);
  return words;
}
pex::NodeLists seeds(const std::vector<char>& digits) {
  pex::NodeLists lists;
  for (const char each : digits) lists.seeds.push_back(address(each));
  return lists;
}
std::string seeds_of(const OperatorLists& lists) {
  std::string text;
  for (const auto& each : lists.in_force().seeds) text += each.id.to_string().front();
  return text;
}

TEST(OperatorLists, AreWhatTheSettingsSayPlusWhatWasAddedMinusWhatWasRemoved) {
  OperatorLists lists(seeds({'a', 'b'}));
  EXPECT_EQ(seeds_of(lists), "ab");
  EXPECT_TRUE(lists.say(seed('c', Word::added)));
  EXPECT_TRUE(lists.say(seed('a', Word::removed)));
  EXPECT_EQ(seeds_of(lists), "bc");
}

TEST(OperatorLists, TheSameWordAgainChangesNothing) {
  OperatorLists lists(seeds({'a'}));
  EXPECT_FALSE(lists.say(seed('a', Word::added))) << "the settings say so";
  EXPECT_FALSE(lists.say(seed('b', Word::removed))) << "nobody names it";
  EXPECT_TRUE(lists.say(seed('b', Word::added)));
  EXPECT_FALSE(lists.say(seed('b', Word::added)));
  EXPECT_TRUE(lists.say(seed('b', Word::removed)));
  EXPECT_FALSE(lists.say(seed('b', Word::removed)));
  EXPECT_TRUE(lists.since_start().empty()) << "all is as the settings say";
}

TEST(OperatorLists, AWordOutlastsAReload) {
  OperatorLists lists(seeds({'a'}));
  lists.say(seed('b', Word::added));
  lists.say(seed('a', Word::removed));
  lists.set_settings(seeds({'a', 'c'}));
  EXPECT_EQ(seeds_of(lists), "cb");
}

TEST(OperatorLists, WhatTheSettingsHaveTakenOverGoesWithThem) {
  OperatorLists lists(seeds({}));
  lists.say(seed('b', Word::added));
  lists.set_settings(seeds({'b'}));
  EXPECT_TRUE(lists.since_start().empty());
  lists.set_settings(seeds({}));
  EXPECT_EQ(seeds_of(lists), "");
}

TEST(OperatorLists, WhatTheSettingsHaveDroppedMayComeBackWithThem) {
  OperatorLists lists(seeds({'a'}));
  lists.say(seed('a', Word::removed));
  lists.set_settings(seeds({}));
  lists.set_settings(seeds({'a'}));
  EXPECT_EQ(seeds_of(lists), "a");
}

TEST(OperatorLists, WhatIsSavedIsTheSettings) {
  OperatorLists lists(seeds({'a'}));
  lists.say(seed('b', Word::added));
  lists.saved(seed('b', Word::added));
  lists.saved(seed('a', Word::removed));
  EXPECT_TRUE(lists.since_start().empty());
  EXPECT_EQ(seeds_of(lists), "b");
  lists.saved(seed('b', Word::removed));
  EXPECT_EQ(seeds_of(lists), "") << "also against a word that was not saved";
}

TEST(OperatorLists, OnlyWhatTheSettingsNameNeedBeRemovedFromThem) {
  const OperatorLists lists(seeds({'a'}));
  EXPECT_EQ(lists.worth_saving(seed('a', Word::removed)), seed('a', Word::removed));
  EXPECT_EQ(lists.worth_saving(seed('b', Word::removed)), ControlWords());
  EXPECT_EQ(lists.worth_saving(seed('b', Word::added)), seed('b', Word::added));
}

TEST(OperatorLists, EachListHasWordsOfItsOwn) {
  OperatorLists lists({});
  ControlWords words;
  words.persistent_peers.say(address('a'), Word::added);
  words.unconditional_ids.say(id('a'), Word::added);
  words.private_ids.say(id('b'), Word::added);
  EXPECT_TRUE(lists.say(words));
  const pex::NodeLists now = lists.in_force();
  EXPECT_EQ(now.persistent_peers, std::vector{address('a')});
  EXPECT_EQ(now.unconditional_ids, std::vector{id('a')});
  EXPECT_EQ(now.private_ids, std::vector{id('b')});
  EXPECT_TRUE(now.seeds.empty());
}

TEST(OperatorLists, NamedNodesAreTheSettingsAlone) {
  OperatorLists lists({});
  pex::NodeLists named;
  named.named_ids = {id('a')};
  lists.set_settings(named);
  EXPECT_EQ(lists.in_force().named_ids, std::vector{id('a')});
}

// Whatever comes in whatever order: the invariant, and the last word of the one who may say it.
TEST(OperatorLists, EveryWordDiffersFromWhatTheSettingsSay) {
  std::mt19937 random(3);
  OperatorLists lists({});
  std::set<char> named;
  const std::string digits = "abcdef";
  for (int step = 0; step < 20'000; ++step) {
    const char digit = digits[random() % digits.size()];
    const Word word = random() % 2 == 0 ? Word::added : Word::removed;
    const std::string before = seeds_of(lists);
    switch (random() % 3) {
      case 0: {
        if (word == Word::added) named.insert(digit);
        if (word == Word::removed) named.erase(digit);
        lists.set_settings(seeds({named.begin(), named.end()}));
        break;
      }
      case 1: {
        const bool changed = lists.say(seed(digit, word));
        EXPECT_EQ(changed, before != seeds_of(lists));
        EXPECT_EQ(seeds_of(lists).find(digit) != std::string::npos, word == Word::added);
        break;
      }
      default: {
        lists.saved(seed(digit, word));
        if (word == Word::added) named.insert(digit);
        if (word == Word::removed) named.erase(digit);
        EXPECT_EQ(seeds_of(lists).find(digit) != std::string::npos, word == Word::added);
      }
    }
    for (const auto& [text, said] : lists.since_start().seeds.said()) {
      ASSERT_EQ(named.contains(text.front()), said.word == Word::removed) << text;
    }
  }
}

}  // namespace
}  // namespace peerage::cmd
