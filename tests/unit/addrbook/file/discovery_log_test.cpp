#include "addrbook/file/discovery_log.h"

#include <gtest/gtest.h>

#include "tests/support/book_rows.h"

namespace peerage::addrbook {
namespace {

using namespace std::chrono_literals;
using test::discovered_of;
using test::kBookNow;

DiscoveryBan ban_of(std::size_t number, std::optional<Time> until = std::nullopt) {
  return {discovered_of(number).id, until};
}

TEST(DiscoveryLog, GivesWhatHasChangedOnce) {
  DiscoveryLog log;
  EXPECT_TRUE(log.take().empty());
  log.set_seq(5);
  log.set_nodes({discovered_of(1)});
  log.ban(ban_of(2));
  const DiscoveryChanges changes = log.take();
  EXPECT_EQ(changes.seq, 5u);
  EXPECT_EQ(changes.nodes, std::vector{discovered_of(1)});
  EXPECT_EQ(changes.banned, std::vector{ban_of(2)});
  EXPECT_TRUE(log.empty());
  EXPECT_TRUE(log.take().empty());
  log.unban(ban_of(2).id);
  EXPECT_EQ(log.take().unbanned, std::vector{ban_of(2).id});
}

TEST(DiscoveryLog, WhatIsPutBackIsGivenAgainAsItIsThen) {
  DiscoveryLog log;
  log.set_seq(5);
  log.set_nodes({discovered_of(1)});
  log.ban(ban_of(2));
  log.ban(ban_of(3));
  const DiscoveryChanges taken = log.take();
  log.set_seq(6);
  log.unban(ban_of(3).id);
  log.put_back(taken);
  const DiscoveryChanges again = log.take();
  EXPECT_EQ(again.seq, 6u);
  EXPECT_EQ(again.nodes, std::vector{discovered_of(1)});
  EXPECT_EQ(again.banned, std::vector{ban_of(2)});
  EXPECT_EQ(again.unbanned, std::vector{ban_of(3).id});
}

TEST(DiscoveryLog, TheSequenceNeverBecomesLower) {
  DiscoveryLog log;
  log.set_seq(5);
  log.set_seq(4);
  EXPECT_EQ(log.rows().seq, 5u);
  log.load({9, {}, {}}, kBookNow);
  EXPECT_EQ(log.rows().seq, 9u);
  log.set_seq(10);
  log.load({3, {}, {}}, kBookNow);
  EXPECT_EQ(log.rows().seq, 10u);
  EXPECT_EQ(log.take().seq, 10u) << "the file has a lower one";
}

TEST(DiscoveryLog, WhatAFileHasIsNotWrittenToItAgain) {
  DiscoveryLog log;
  log.load({9, {discovered_of(1)}, {ban_of(2), ban_of(3, kBookNow + 1h)}}, kBookNow);
  EXPECT_TRUE(log.empty());
  EXPECT_EQ(log.rows(),
            (DiscoveryRows{9, {discovered_of(1)}, {ban_of(2), ban_of(3, kBookNow + 1h)}}));
  log.set_nodes({discovered_of(1)});
  EXPECT_TRUE(log.empty()) << "nothing has changed";
}

TEST(DiscoveryLog, BansThatAreOverLeaveTheFile) {
  DiscoveryLog log;
  log.load({0, {}, {ban_of(1, kBookNow), ban_of(2, kBookNow + 1s)}}, kBookNow);
  EXPECT_EQ(log.rows().bans, (std::vector{ban_of(2, kBookNow + 1s)}));
  EXPECT_EQ(log.take().unbanned, std::vector{ban_of(1).id});
}

TEST(DiscoveryLog, WhatWasSetBeforeTheFileWasReadHolds) {
  DiscoveryLog log;
  log.set_nodes({discovered_of(1)});
  log.ban(ban_of(2));
  log.ban(ban_of(3));
  log.unban(ban_of(3).id);
  log.load({0, {discovered_of(7)}, {ban_of(2, kBookNow + 1h), ban_of(3)}}, kBookNow);
  EXPECT_EQ(log.rows(), (DiscoveryRows{0, {discovered_of(1)}, {ban_of(2)}}));
}

TEST(DiscoveryLog, GivesEverythingForAFileThatIsNew) {
  DiscoveryLog log;
  log.load({9, {discovered_of(1)}, {ban_of(2)}}, kBookNow);
  log.everything_changed();
  const DiscoveryChanges all = log.take();
  EXPECT_EQ(all.seq, 9u);
  EXPECT_EQ(all.nodes, std::vector{discovered_of(1)});
  EXPECT_TRUE(all.rewrite_bans);
  EXPECT_EQ(all.banned, std::vector{ban_of(2)});
}

TEST(DiscoveryLog, IsBounded) {
  DiscoveryLog log;
  std::vector<DiscoveryNode> nodes;
  for (std::size_t i = 0; i < DiscoveryRows::kMaxNodes + 10; ++i) nodes.push_back(discovered_of(i));
  log.set_nodes(nodes);
  EXPECT_EQ(log.rows().nodes.size(), DiscoveryRows::kMaxNodes);
  log.ban(ban_of(0, kBookNow + 1h));
  for (std::size_t i = 1; i <= DiscoveryRows::kMaxBans; ++i) log.ban(ban_of(i, kBookNow + 2h));
  const auto bans = log.rows().bans;
  EXPECT_EQ(bans.size(), DiscoveryRows::kMaxBans);
  EXPECT_EQ(std::count(bans.begin(), bans.end(), ban_of(0, kBookNow + 1h)), 0)
      << "the one that ends first made room";
}

}  // namespace
}  // namespace peerage::addrbook
