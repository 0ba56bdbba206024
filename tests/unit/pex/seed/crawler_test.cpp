#include "pex/seed/crawler.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "tests/support/book_fixture.h"

namespace peerage::pex {
namespace {

using addrbook::KnownAddress;
using addrbook::Outcome;
using conn::NetAddress;
using test::address;
using test::scattered;
using namespace std::chrono_literals;

class CrawlerTest : public test::BookTest {
 protected:
  std::optional<NetAddress> next() {
    const auto target = crawler.next(book, {steady, now, [this](const KnownAddress& known) {
                                              return busy.contains(known.address.id);
                                            }});
    if (target) book.mark_attempt(*target, now);
    return target;
  }
  void wait(std::chrono::seconds span) {
    now += span;
    steady += span;
  }
  // How often each is visited within `span`, when all that `answers` accepts answer at once.
  std::map<NetAddress, int> crawl(std::chrono::seconds span) {
    std::map<NetAddress, int> visits;
    for (auto i = 0s; i < span; i += 20s, wait(20s)) {
      while (const auto target = next()) {
        ++visits[*target];
        if (answers(*target)) {
          visit(*target);
        } else {
          fail(*target);
        }
      }
    }
    return visits;
  }

  CrawlLimits limits;
  Crawler crawler{limits};
  conn::TimePoint steady{1h};
  std::set<conn::NodeId> busy;
  std::function<bool(const NetAddress&)> answers = [](const NetAddress&) { return true; };
};

TEST_F(CrawlerTest, AnAddressThatItHasHeardOfIsVisitedOnce) {
  std::set<NetAddress> heard;
  for (std::uint32_t i = 0; i < 200; ++i) {
    heard.insert(scattered(i));
    hear(scattered(i));
  }
  std::set<NetAddress> visited;
  while (const auto target = next()) EXPECT_TRUE(visited.insert(*target).second);
  EXPECT_EQ(visited, heard);
}

TEST_F(CrawlerTest, NoNodeIsVisitedThatIsConnectedOrBeingDialled) {
  hear(address(1, "20.1.1.1"));
  busy.insert(test::numbered_id(1));
  EXPECT_FALSE(next());
  busy.clear();
  crawler.heard();
  EXPECT_TRUE(next());
}

TEST_F(CrawlerTest, AnAddressIsDialledOnceInTwoMinutesWhateverIdsAreSaidToBeThere) {
  std::vector<conn::TimePoint> times;
  for (std::uint32_t id = 1; id < 600; ++id) {
    // It fails, is forgotten, and comes again under another ID.
    const NetAddress told = address(id, "20.1.1.1");
    hear(told, "77." + std::to_string(id % 200) + ".1.1");
    crawler.heard();
    if (next()) times.push_back(steady);
    book.forget(told);
    wait(1s);
  }
  ASSERT_EQ(times.size(), 5u);
  for (std::size_t i = 1; i < times.size(); ++i) EXPECT_GE(times[i] - times[i - 1], 2min);
}

TEST_F(CrawlerTest, AFloodOfNewAddressesDoesNotKeepKnownOnesFromBeingVerified) {
  for (std::uint32_t i = 0; i < 10; ++i) {
    hear(scattered(i));
    visit(scattered(i));
  }
  wait(5h);
  for (std::uint32_t i = 100; i < 1100; ++i) hear(scattered(i));
  std::size_t again = 0;
  for (int i = 0; i < 20; ++i) {
    const auto target = next();
    ASSERT_TRUE(target);
    if (book.find(*target)->last_connected != addrbook::kNever) ++again;
  }
  EXPECT_EQ(again, 10u) << "they take turns";
}

TEST_F(CrawlerTest, AFloodOfNodesThatHaveMovedDoesNotKeepTheOthersWaiting) {
  for (std::uint32_t i = 0; i < 30; ++i) {
    hear(scattered(i));
    visit(scattered(i));
  }
  wait(5h);
  for (std::uint32_t i = 0; i < 20; ++i) {
    const NetAddress there = address(i, "9." + std::to_string(i) + ".1.1");
    const NetAddress moved{scattered(i).id, there.endpoint};
    ASSERT_EQ(book.add(moved, {moved.endpoint.ip, moved.id, addrbook::Origin::inbound}, now),
              addrbook::Added::added);
  }
  for (std::uint32_t i = 100; i < 200; ++i) hear(scattered(i));
  std::size_t moved = 0, again = 0;
  for (int i = 0; i < 30; ++i) {
    const auto target = next();
    ASSERT_TRUE(target);
    const KnownAddress& known = *book.find(*target);
    moved += known.said_itself != addrbook::kNever ? 1 : 0;
    again += known.last_connected != addrbook::kNever ? 1 : 0;
    busy.insert(target->id);
  }
  EXPECT_GE(moved, 8u);
  EXPECT_LE(moved, 12u);
  EXPECT_GE(again, 8u) << "they take turns";
  EXPECT_GE(30 - moved - again, 8u);
}

TEST_F(CrawlerTest, WhatDiscoveryHasFoundHasAQuarterOfTheVisitsWhateverPeersTell) {
  limits.discovered = CrawlLimits::Discovered::yes;
  crawler = Crawler(limits);
  answers = [](const NetAddress&) { return false; };
  std::set<NetAddress> found;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    hear(scattered(i));
    if (i >= 50) continue;
    const NetAddress address = scattered(100'000 + i);
    found.insert(address);
    const addrbook::Source source = {address.endpoint.ip, {}, addrbook::Origin::discovery};
    EXPECT_EQ(book.add(address, source, now), addrbook::Added::added);
  }
  std::size_t of_discovery = 0;
  for (int i = 0; i < 100; ++i) {
    const auto target = next();
    ASSERT_TRUE(target);
    if (found.contains(*target)) ++of_discovery;
  }
  // Nobody has moved, and nobody is known: two kinds are left, which take turns.
  EXPECT_EQ(of_discovery, 50u);
}

TEST_F(CrawlerTest, AFloodOfWhatDiscoveryHasFoundDoesNotKeepTheOthersWaiting) {
  limits.discovered = CrawlLimits::Discovered::yes;
  crawler = Crawler(limits);
  std::set<NetAddress> told;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    if (i < 20) {
      told.insert(scattered(i));
      hear(scattered(i));
    }
    const NetAddress address = scattered(100'000 + i);
    book.add(address, {address.endpoint.ip, {}, addrbook::Origin::discovery}, now);
  }
  for (int i = 0; i < 40; ++i) {
    const auto target = next();
    ASSERT_TRUE(target);
    told.erase(*target);
  }
  EXPECT_TRUE(told.empty());
}

TEST_F(CrawlerTest, ANodeThatAlwaysAnswersIsVisitedEverLessOften) {
  hear(address(1, "20.1.1.1"));
  const auto first_day = crawl(24h).begin()->second;
  const auto second_day = crawl(24h).begin()->second;
  EXPECT_GT(first_day, second_day);
  crawl(30 * 24h);
  const auto later = crawl(24h).begin()->second;
  EXPECT_NEAR(later, 6, 1) << "each four hours";
}

TEST_F(CrawlerTest, ANodeThatAnswersNowAndThenIsVerifiedOftenEnoughToBeServed) {
  // A node that answers every other time.
  hear(address(1, "20.1.1.1"));
  int turn = 0;
  answers = [&turn](const NetAddress&) { return ++turn % 2 == 0; };
  crawl(48h);
  conn::Duration longest{};
  for (int hour = 0; hour < 48; ++hour) {
    crawl(1h);
    longest =
        std::max<conn::Duration>(longest, now - book.find(address(1, "20.1.1.1"))->last_verified);
  }
  EXPECT_LT(longest, 2h);
}

TEST_F(CrawlerTest, ANodeThatNeverAnswersIsDialledEverLessOften) {
  // Another node answers, so a failure is its own.
  hear(address(1, "20.1.1.1"));
  hear(address(2, "21.1.1.1"));
  answers = [](const NetAddress& each) { return each.endpoint.ip == test::ip("21.1.1.1"); };
  const auto visits = crawl(24h);
  const auto dead = visits.find(address(1, "20.1.1.1"));
  ASSERT_NE(dead, visits.end());
  // After 5, 10, 20, 40, 80, 160, 320 minutes, ...
  EXPECT_NEAR(dead->second, 9, 1);
}

TEST_F(CrawlerTest, NoMoreThanItsBoundIsRemembered) {
  limits.remembered = 100;
  Crawler small(limits);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    hear(scattered(i));
    small.heard();
    (void)small.next(book, {steady, now, [](const KnownAddress&) { return false; }});
    book.forget(scattered(i));
  }
  EXPECT_EQ(small.remembered(), 100u);
}

TEST_F(CrawlerTest, HavingFoundNothingItLooksAgainAfterASecondOrWhenThereIsNews) {
  EXPECT_FALSE(next());
  hear(address(1, "20.1.1.1"));
  EXPECT_FALSE(next()) << "it has just looked";
  crawler.heard();
  EXPECT_TRUE(next());
  EXPECT_FALSE(next());
  hear(address(2, "21.1.1.1"));
  wait(1s);
  EXPECT_TRUE(next());
}

}  // namespace
}  // namespace peerage::pex
