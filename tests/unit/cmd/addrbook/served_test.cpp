// Which addresses of a book strangers are told, and in which order.
#include "cmd/addrbook/served.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "tests/unit/cmd/status/lists_fixture.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using addrbook::BookConfig;
using addrbook::kNever;
using addrbook::KnownAddress;
using addrbook::Origin;
using test::kBookNow;
using test::verified_row;
using test::verified_rows;
using Rows = std::vector<KnownAddress>;

ServedNetwork draw(const Rows& rows, std::uint8_t seed = 1, std::size_t most = 1000,
                   BookConfig rules = {}) {
  conn::Random random(test::seed(seed));
  return draw_served("net-1", rows, test::rules(std::move(rules)), most, random, kBookNow);
}
std::vector<std::string> served(const ServedNetwork& network, ServedQuery query = {},
                                addrbook::Time now = kBookNow) {
  std::vector<std::string> found;
  for (const KnownAddress* row : take_served(network, query, now)) {
    found.push_back(row->address.to_string());
  }
  return found;
}
std::set<std::string> served_of(const Rows& rows, BookConfig rules = {}) {
  const auto all = served(draw(rows, 1, 1000, std::move(rules)), {.most = 1000});
  return {all.begin(), all.end()};
}
std::string text(const KnownAddress& row) {
  return row.address.to_string();
}

// --- which ---

TEST(Served, WhatWeHaveVerifiedWithinADayIsOnTheList) {
  const KnownAddress now = verified_row(1), day = verified_row(2, 24h),
                     late = verified_row(3, 24h + 1s);
  KnownAddress heard = verified_row(4);
  heard.last_verified = heard.last_connected = kNever;
  KnownAddress answered = verified_row(5);  // it proved its ID, and said no network
  answered.last_verified = kNever;
  EXPECT_EQ(served_of({now, day, late, heard, answered}), (std::set{text(now), text(day)}));
}

TEST(Served, OneThatRestsOrHasFailedTwiceSinceIsNot) {
  KnownAddress resting = verified_row(1), failing = verified_row(2), once = verified_row(3),
               rested = verified_row(4);
  resting.bad_until = kBookNow + 1s;
  failing.failures = 2;
  once.failures = 1;
  rested.bad_until = kBookNow;
  EXPECT_EQ(served_of({resting, failing, once, rested}), (std::set{text(once), text(rested)}));
}

TEST(Served, PrivateIdsAndWhatTheSettingsNameAreNot) {
  const KnownAddress open = verified_row(1), secret = verified_row(2);
  KnownAddress named = verified_row(3);
  named.origin = Origin::configuration;
  BookConfig rules;
  rules.private_ids = {secret.address.id};
  EXPECT_EQ(served_of({open, secret, named}, rules), std::set{text(open)});
}

TEST(Served, AnIdHasOneAddressWhereItShowedItselfLast) {
  KnownAddress before = verified_row(1, 2h), after = verified_row(2, 1h);
  after.address.id = before.address.id;
  EXPECT_EQ(served_of({before, after}), std::set{text(after)});
  after.failures = 1;
  EXPECT_EQ(served_of({before, after}), std::set{text(before)}) << "it is not there any more";
  // Of the same second: one of both, never both.
  after = verified_row(2, 2h);
  after.address.id = before.address.id;
  EXPECT_EQ(served_of({before, after}).size(), 1U);
}

// It may be seen elsewhere by word of its own, without having been dialled there.
TEST(Served, WhereANodeWasBeforeItMovedIsNotListed) {
  const KnownAddress before = verified_row(1, 2h);
  KnownAddress moved = verified_row(2);
  moved.address.id = before.address.id;
  moved.last_verified = moved.last_connected = kNever;
  moved.said_itself = kBookNow - 1h;
  EXPECT_EQ(served_of({before, moved}), std::set<std::string>());
}

TEST(Served, WhoToldUsIsLeftOut) {
  const ServedNetwork network = draw(verified_rows(0, 5));
  ASSERT_EQ(network.addresses.size(), 5U);
  for (const KnownAddress& each : network.addresses) {
    EXPECT_EQ(each.source, each.address.endpoint.ip);
  }
}

TEST(Served, TheListIsBoundedAndTheBookIsCounted) {
  const Rows rows = verified_rows(0, 50);
  const ServedNetwork network = draw(rows, 1, 20);
  EXPECT_EQ(network.addresses.size(), 20U);
  EXPECT_EQ(network.known, 50U);
  EXPECT_EQ(draw({}).addresses.size(), 0U);
}

// --- in which order ---

TEST(Served, AllWhoAskAlikeGetTheSameUntilItIsDrawnAnew) {
  const Rows rows = verified_rows(0, 200);
  const ServedNetwork network = draw(rows, 1);
  EXPECT_EQ(served(network), served(network));
  EXPECT_EQ(served(network), served(draw(rows, 1)));
  EXPECT_NE(served(network), served(draw(rows, 2)));
}

TEST(Served, AShorterListIsTheBeginningOfALongerOne) {
  const ServedNetwork network = draw(verified_rows(0, 200));
  const auto longer = served(network, {.most = 100});
  ASSERT_EQ(longer.size(), 100U);
  const auto shorter = served(network, {.most = 10});
  EXPECT_EQ(shorter, std::vector(longer.begin(), longer.begin() + 10));
  EXPECT_EQ(served(network).size(), kShortList);
}

TEST(Served, ABetterRecordIsInFrontMoreOften) {
  KnownAddress good = verified_row(1), bad = verified_row(2);
  bad.reliability = {};
  bad.reliability.record(addrbook::Outcome::failed, kBookNow);
  std::size_t in_front = 0;
  for (std::uint8_t seed = 1; seed <= 200; ++seed) {
    in_front += served(draw({bad, good}, seed)).front() == text(good) ? 1 : 0;
  }
  EXPECT_GT(in_front, 150U);
  EXPECT_LT(in_front, 200U) << "seldom, not never";
}

// --- what is wanted ---

TEST(Served, OneOfANeighbourhoodIsOnAShortList) {
  Rows rows;
  for (std::uint32_t i = 0; i < 9; ++i) {
    rows.push_back(verified_row(i));
    rows.back().address.endpoint.ip = test::ip("11.2.3." + std::to_string(1 + i));
  }
  rows.push_back(verified_row(9));
  rows.back().address.endpoint.ip = test::ip("11.2.4.1");
  const ServedNetwork network = draw(rows);
  EXPECT_EQ(served(network).size(), 2U);
  EXPECT_EQ(served(network, {.spread = ServedQuery::Spread::no}).size(), 10U);
}

TEST(Served, APrivateNetworkMayBeOneNeighbourhood) {
  Rows rows;
  for (std::uint32_t i = 0; i < 9; ++i) {
    rows.push_back(verified_row(i));
    rows.back().address.endpoint.ip = test::ip("10.0.0." + std::to_string(1 + i));
  }
  BookConfig lax;
  lax.strict = conn::IpAddress::Strict::no;
  EXPECT_EQ(served(draw(rows, 1, 1000, lax)).size(), 9U);
  BookConfig exempt;
  exempt.exempt_networks = {test::network("10.0.0.0/8")};
  EXPECT_EQ(served(draw(rows, 1, 1000, exempt)).size(), 9U);
}

TEST(Served, AListIsNarrowedByVersionAgeAndSeeds) {
  KnownAddress old_version = verified_row(1), unread = verified_row(2), late = verified_row(3, 5h),
               seed = verified_row(4);
  test::say(old_version, "old", "0.34.1");
  unread.facts = nullptr;
  seed.facts = std::make_shared<const addrbook::NodeFacts>(
      addrbook::NodeFacts{"seed", "v1", {conn::kPexChannel}});
  const ServedNetwork network = draw({old_version, unread, late, seed});
  const auto only = [&](ServedQuery query) {
    const auto all = served(network, std::move(query));
    return std::set<std::string>(all.begin(), all.end());
  };
  EXPECT_EQ(only({.version_prefix = "0.3"}), (std::set{text(old_version), text(late)}));
  EXPECT_EQ(only({.version_prefix = "0.34.1"}), std::set{text(old_version)});
  EXPECT_EQ(only({.version_prefix = "0.34.10"}), std::set<std::string>());
  EXPECT_EQ(only({.max_age = 4h}), (std::set{text(old_version), text(unread), text(seed)}));
  EXPECT_EQ(only({.max_age = 5h}).size(), 4U);
  EXPECT_EQ(only({.seeds = ServedQuery::Seeds::only}), std::set{text(seed)});
}

// Nobody may have asked for hours.
TEST(Served, WhatHasBecomeTooOldSinceItWasDrawnIsLeftOut) {
  const ServedNetwork network = draw({verified_row(1, 23h), verified_row(2, 1h)});
  EXPECT_EQ(served(network).size(), 2U);
  EXPECT_EQ(served(network, {}, kBookNow + 2h).size(), 1U);
  EXPECT_EQ(served(network, {}, kBookNow + 24h).size(), 0U);
}

// --- as text ---

TEST(PeersLine, IsOneLineThatAConfigTakes) {
  KnownAddress four = verified_row(1), six = verified_row(2);
  four.address = test::address(1, "20.0.0.1");
  six.address = test::address(2, "2001:db9::1", 26670);
  const std::string first = test::numbered_id(1).to_string() + "@20.0.0.1:26656",
                    second = test::numbered_id(2).to_string() + "@[2001:db9::1]:26670";
  EXPECT_EQ(peers_line({&four, &six}), first + "," + second);
  EXPECT_EQ(peers_line({&four, &six}, '\n'), first + "\n" + second);
  EXPECT_EQ(peers_line({}), "");
}

}  // namespace
}  // namespace peerage::cmd
