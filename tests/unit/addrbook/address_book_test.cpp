// What enters the book, and what must give way to what.
#include "addrbook/address_book.h"

#include <gtest/gtest.h>

#include "tests/support/book_fixture.h"
#include "tests/support/vectors.h"

namespace peerage::addrbook {
namespace {

using conn::IpAddress;
using conn::NetAddress;
using conn::Reason;
using conn::Stage;
using test::address;
using test::ip;
using test::numbered_id;
using test::scattered;
using test::told_by;
using namespace std::chrono_literals;

class AddressBookTest : public test::BookTest {
 protected:
  explicit AddressBookTest(BookConfig config = roomy()) : BookTest(std::move(config)) {}
};

class LaxBook : public AddressBookTest {
 protected:
  static BookConfig lax() {
    BookConfig config = roomy();
    config.strict = IpAddress::Strict::no;
    return config;
  }
  LaxBook() : AddressBookTest(lax()) {}
};

class SmallBook : public AddressBookTest {
 protected:
  static BookConfig small() {
    BookConfig config = roomy();
    config.geometry = {1, 1, 1};
    return config;
  }
  SmallBook() : AddressBookTest(small()) {}
};

// --- what enters ---

TEST_F(AddressBookTest, RecordedDecisionsOfARealNodeAreOursToo) {
  const auto cases = test::load_vectors("addrbook")["add_address"];
  ASSERT_EQ(cases.size(), 30u);
  for (const auto& each : cases) {
    SCOPED_TRACE(each["name"].get<std::string>());
    const auto what = NetAddress::parse(each["addr"].get<std::string>());
    const auto source = NetAddress::parse(each["src"].get<std::string>());
    // A banned ID is the ban list's business; a source always has a socket.
    if (!what || !source || each["name"] == "banned") continue;
    BookConfig config = roomy();
    config.strict = each["strict"] ? IpAddress::Strict::yes : IpAddress::Strict::no;
    AddressBook own("n", conn::NodeId::parse("17b1f6c577806cad160cd213e0975e6845cc4876").value(),
                    test::book_key(), test::seed(), config);
    own.add_own({ip("1.1.1.1"), 26656});
    own.set_private_ids({conn::NodeId::parse("b8de92e16360b0fcba93d84600c3de6b81199b2f").value()});
    const Added outcome = own.add(*what, {source->endpoint.ip, source->id, Origin::pex}, now);
    if (each["name"] == "our id with another ip (accepted: ourAddrs compares the full string)") {
      EXPECT_EQ(outcome, Added::own);  // where the Go node's comment says it should be so
    } else {
      EXPECT_EQ(outcome == Added::added, each["error"].is_null()) << name(outcome);
    }
  }
}

TEST_F(AddressBookTest, WhatNoPeerCouldHaveNeverEnters) {
  EXPECT_EQ(hear(address(0, "8.8.8.8")), Added::own);
  EXPECT_EQ(hear({{}, {ip("8.8.8.8"), 26656}}), Added::invalid);
  EXPECT_EQ(hear(address(1, "8.8.8.8", 0)), Added::invalid);
  for (const char* text :
       {"0.0.0.0", "::", "224.0.0.1", "239.1.2.3", "ff02::1", "240.0.0.1", "255.255.255.255",
        "192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1"}) {
    EXPECT_EQ(hear(address(1, text)), Added::invalid) << text;
  }
  for (const char* text : {"10.0.0.1", "172.16.0.1", "192.168.0.1", "127.0.0.1", "169.254.1.1",
                           "100.64.0.1", "198.18.0.1", "192.0.0.8", "::1", "fe80::1", "fd00::1"}) {
    EXPECT_EQ(hear(address(1, text)), Added::unroutable) << text;
  }
  EXPECT_EQ(book.size(), 0u);
}

TEST_F(LaxBook, TakesPrivateAddressesAndStillNoImpossibleOnes) {
  for (const char* text : {"10.0.0.1", "127.0.0.1", "100.64.0.1", "::1", "fd00::1"}) {
    EXPECT_EQ(hear(address(1000, text)), Added::added) << text;
    book.forget(numbered_id(1000));
  }
  for (const char* text : {"0.0.0.0", "224.0.0.1", "203.0.113.1", "255.255.255.255"}) {
    EXPECT_EQ(hear(address(1, text)), Added::invalid) << text;
  }
}

TEST_F(AddressBookTest, OurOwnAddressesLeaveAndNeverComeBack) {
  const NetAddress ours = address(1, "8.8.8.8");
  EXPECT_EQ(hear(ours), Added::added);
  book.add_own(ours.endpoint);
  EXPECT_EQ(book.size(), 0u);
  EXPECT_EQ(hear(ours), Added::own);
  EXPECT_EQ(hear(address(2, "8.8.8.8", 26657)), Added::added);
}

TEST_F(AddressBookTest, OnlySoManyAddressesAreOurs) {
  for (std::uint16_t i = 0; i < 100; ++i)
    book.add_own({ip("8.8.4.4"), static_cast<std::uint16_t>(1 + i)});
  EXPECT_EQ(hear(address(1, "8.8.4.4", kMaxOwnAddresses)), Added::own);
  EXPECT_EQ(hear(address(1, "8.8.4.4", kMaxOwnAddresses + 1)), Added::added);
}

TEST_F(AddressBookTest, PrivateIdsNeitherEnterNorTeachNorStay) {
  EXPECT_EQ(hear(address(7, "8.8.8.8")), Added::added);
  book.set_private_ids({numbered_id(7)});
  EXPECT_EQ(book.size(), 0u);
  EXPECT_EQ(hear(address(7, "8.8.8.8")), Added::private_id);
  EXPECT_EQ(book.add(address(8, "8.8.8.8"), {ip("5.5.5.5"), numbered_id(7), Origin::pex}, now),
            Added::private_id);
  EXPECT_TRUE(book.selection(now).empty());
}

TEST_F(AddressBookTest, HearingOfAnAddressAgainChangesNothingButWhenItWasSeen) {
  hear(address(1, "8.8.8.8"), "77.1.2.3");
  const Time first = now;
  now += 1h;
  EXPECT_EQ(hear(address(1, "8.8.8.8"), "88.1.2.3"), Added::known);
  const KnownAddress* known = book.find(address(1, "8.8.8.8"));
  ASSERT_TRUE(known);
  EXPECT_EQ(known->source, ip("77.1.2.3"));
  EXPECT_EQ(known->first_seen, first);
  EXPECT_EQ(known->last_seen, now);
  EXPECT_EQ(book.size(), 1u);
}

// --- caps ---

TEST_F(AddressBookTest, AtMostTwoAddressesOfAHostAndEightOfANeighbourhood) {
  EXPECT_EQ(hear(address(1, "5.6.7.1", 1)), Added::added);
  EXPECT_EQ(hear(address(2, "5.6.7.1", 2)), Added::added);
  EXPECT_EQ(hear(address(3, "5.6.7.1", 3)), Added::too_many_for_host);
  for (std::uint32_t i = 2; i < 8; ++i) {
    EXPECT_EQ(hear(address(10 + i, "5.6.7." + std::to_string(i))), Added::added);
  }
  EXPECT_EQ(hear(address(30, "5.6.7.200")), Added::too_many_for_neighbourhood);
  EXPECT_EQ(hear(address(31, "5.6.8.1")), Added::added);
  EXPECT_EQ(book.count(Added::too_many_for_neighbourhood), 1u);
}

TEST_F(AddressBookTest, InIpv6AHostIsASlash64AndANeighbourhoodASlash48) {
  EXPECT_EQ(hear(address(1, "2a01:4f8:1:1::1")), Added::added);
  EXPECT_EQ(hear(address(2, "2a01:4f8:1:1::2")), Added::added);
  EXPECT_EQ(hear(address(3, "2a01:4f8:1:1:5::3")), Added::too_many_for_host);
  for (std::uint32_t i = 2; i < 8; ++i) {
    EXPECT_EQ(hear(address(10 + i, "2a01:4f8:1:" + std::to_string(i) + "::1")), Added::added);
  }
  EXPECT_EQ(hear(address(30, "2a01:4f8:1:9::1")), Added::too_many_for_neighbourhood);
  EXPECT_EQ(hear(address(31, "2a01:4f8:2:9::1")), Added::added);
}

TEST_F(AddressBookTest, ABadOneGivesItsShareOfTheCapUp) {
  hear(address(1, "5.6.7.1", 1));
  hear(address(2, "5.6.7.1", 2));
  for (std::uint32_t i = 0; i < kFailuresNeverMet; ++i) {
    fail(address(1, "5.6.7.1", 1));
    now += 5min;
    meet_someone();
  }
  EXPECT_EQ(hear(address(3, "5.6.7.1", 3)), Added::added);
  EXPECT_EQ(book.find(address(1, "5.6.7.1", 1)), nullptr);
  EXPECT_NE(book.find(address(2, "5.6.7.1", 2)), nullptr);
}

TEST_F(AddressBookTest, TheOperatorsWordIsNotCapped) {
  for (std::uint32_t i = 0; i < 20; ++i) {
    EXPECT_EQ(book.add(address(1 + i, "5.6.7.8", static_cast<std::uint16_t>(1 + i)),
                       {ip("5.6.7.8"), {}, Origin::configuration}, now),
              Added::added);
  }
}

TEST_F(LaxBook, PrivateNetworksAreNotCapped) {
  for (std::uint32_t i = 0; i < 20; ++i) {
    EXPECT_EQ(hear(address(1 + i, "10.0.0.1", static_cast<std::uint16_t>(1 + i))), Added::added);
  }
  hear(address(101, "5.6.7.1", 1));
  hear(address(102, "5.6.7.1", 2));
  EXPECT_EQ(hear(address(103, "5.6.7.1", 3)), Added::too_many_for_host);
}

class BookWithExemptions : public AddressBookTest {
 protected:
  static BookConfig exempting() {
    BookConfig config = roomy();
    config.exempt_networks = {*conn::Cidr::parse("5.6.0.0/16")};
    return config;
  }
  BookWithExemptions() : AddressBookTest(exempting()) {}
};

TEST_F(LaxBook, APrivateNetworkOfASingleSlash16IsKnownWhole) {
  std::size_t added = 0;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const auto each =
        address(1 + i, "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250));
    added += hear(each, "10.0.0.1") == Added::added ? 1 : 0;
    book.mark_connected(each, {}, now);
    book.mark_verified(each, {}, now);
    book.mark_useful(each, now);
  }
  EXPECT_EQ(added, 1000u);
  EXPECT_GT(book.size_of(Kind::vetted), 990u);
}

TEST_F(BookWithExemptions, ExemptNetworksAreNotCapped) {
  for (std::uint32_t i = 0; i < 20; ++i) {
    EXPECT_EQ(hear(address(1 + i, "5.6.7.8", static_cast<std::uint16_t>(1 + i))), Added::added);
  }
}

class TrickleBook : public AddressBookTest {
 protected:
  TrickleBook() : AddressBookTest(BookConfig{}) {}
};

TEST_F(TrickleBook, ASourceGroupIsHeardSlowlyUnlessWeHaveAsked) {
  std::size_t heard = 0;
  for (std::uint32_t i = 0; i < 500; ++i) {
    // From anywhere in the group.
    const std::string source = "66.1.2." + std::to_string(i % 200);
    heard += hear(scattered(i), source) == Added::added ? 1 : 0;
  }
  EXPECT_EQ(heard, 10u);
  EXPECT_EQ(hear(scattered(600), "67.1.2.3"), Added::added);
  now += 100s;
  heard = 0;
  for (std::uint32_t i = 1000; i < 1500; ++i) {
    heard += hear(scattered(i), "66.1.2.3") == Added::added ? 1 : 0;
  }
  EXPECT_EQ(heard, 10u);
  book.expect_answer(ip("66.1.2.3"), now);
  std::size_t refused = 0;
  for (std::uint32_t i = 2000; i < 3500; ++i) {
    refused += hear(scattered(i), "66.1.2.3") == Added::told_too_fast ? 1 : 0;
  }
  EXPECT_EQ(refused, 500u);
  EXPECT_EQ(hear(scattered(2000), "66.1.2.3"), Added::known);  // costs nothing
}

class TricklesOfNeighbours : public AddressBookTest {
 protected:
  static BookConfig neighbourly() {
    BookConfig config;
    config.strict = IpAddress::Strict::no;
    config.exempt_networks = {*conn::Cidr::parse("66.1.0.0/16")};
    return config;
  }
  TricklesOfNeighbours() : AddressBookTest(neighbourly()) {}
};

TEST_F(TricklesOfNeighbours, WhoIsExemptIsHeardHoweverMuchItTells) {
  std::uint32_t next = 0;
  for (const char* source : {"10.0.0.1", "127.0.0.1", "fd00::1", "66.1.2.3"}) {
    for (int i = 0; i < 100; ++i) {
      EXPECT_NE(hear(scattered(next++), source), Added::told_too_fast) << source;
    }
  }
  EXPECT_GT(book.size(), 350u);
  std::size_t heard = 0;
  for (int i = 0; i < 100; ++i) {
    heard += hear(scattered(next++), "67.1.2.3") == Added::added ? 1 : 0;
  }
  EXPECT_EQ(heard, 10u) << "others are heard as slowly as ever";
}

// --- no overwriting ---

TEST_F(SmallBook, AFreshAddressHasAPlaceOnlyIfItIsFreeOrItsHolderIsBad) {
  EXPECT_EQ(hear(address(1, "8.8.8.8")), Added::added);
  for (std::uint32_t i = 0; i < 1000; ++i) EXPECT_EQ(hear(scattered(i)), Added::no_place);
  EXPECT_NE(book.find(address(1, "8.8.8.8")), nullptr);
  for (std::uint32_t i = 0; i < kFailuresNeverMet; ++i) {
    EXPECT_EQ(hear(scattered(i)), Added::no_place);
    fail(address(1, "8.8.8.8"));
    now += 5min;
    meet_someone();
  }
  EXPECT_EQ(hear(scattered(5)), Added::added);
  EXPECT_EQ(book.find(address(1, "8.8.8.8")), nullptr);
}

TEST_F(SmallBook, WhatNobodySpeaksOfForAMonthGivesWay) {
  hear(address(1, "8.8.8.8"));
  now += kUnheardOfLimit;
  EXPECT_EQ(hear(scattered(5)), Added::no_place);
  now += 1s;
  EXPECT_EQ(hear(scattered(5)), Added::added);
}

TEST_F(SmallBook, FailuresCountOnlyWhileWeReachAnybody) {
  hear(address(1, "8.8.8.8"));
  for (int i = 0; i < 100; ++i) {
    fail(address(1, "8.8.8.8"));
    now += 10min;
  }
  ASSERT_TRUE(book.find(address(1, "8.8.8.8")));
  EXPECT_EQ(book.find(address(1, "8.8.8.8"))->failures, 1u);
  EXPECT_EQ(book.find(address(1, "8.8.8.8"))->attempts, 100u);
  EXPECT_EQ(hear(scattered(5)), Added::no_place);
}

TEST_F(AddressBookTest, AnAddressThatNeverAnswersIsGivenUp) {
  hear(address(1, "8.8.8.8"));
  for (std::uint32_t i = 0; i < kFailuresToForget; ++i) {
    ASSERT_TRUE(book.find(address(1, "8.8.8.8"))) << i;
    fail(address(1, "8.8.8.8"));
    now += 1h;
    meet_someone();
  }
  EXPECT_EQ(book.size(), 0u);
}

TEST_F(AddressBookTest, OneThatAnsweredThisWeekIsNotGivenUp) {
  hear(address(1, "8.8.8.8"));
  visit(address(1, "8.8.8.8"));
  for (int i = 0; i < 100; ++i) {
    fail(address(1, "8.8.8.8"));
    now += 1h;
    meet_someone();
  }
  EXPECT_EQ(book.size(), 1u);
  for (int i = 0; i < 100; ++i) {
    fail(address(1, "8.8.8.8"));
    now += 1h;
    meet_someone();
  }
  EXPECT_EQ(book.size(), 0u);
}

// --- one ID, several addresses ---

TEST_F(AddressBookTest, AnIdMayHaveSeveralAddressesUntilOneIsProven) {
  EXPECT_EQ(hear(address(1, "5.1.1.1"), "66.1.1.1"), Added::added);
  EXPECT_EQ(hear(address(1, "5.2.1.1"), "67.1.1.1"), Added::added);
  EXPECT_EQ(hear(address(1, "5.3.1.1"), "68.1.1.1"), Added::added);
  EXPECT_EQ(book.find(numbered_id(1)).size(), 3u);
  visit(address(1, "5.2.1.1"));
  ASSERT_EQ(book.find(numbered_id(1)).size(), 1u);
  EXPECT_EQ(book.find(numbered_id(1)).front()->address, address(1, "5.2.1.1"));
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const std::string evil = "6." + std::to_string(i % 250) + ".1.1";
    EXPECT_EQ(hear(address(1, evil), "69.1.1.1"), Added::proven_elsewhere);
  }
  EXPECT_EQ(book.find(numbered_id(1)).front()->address, address(1, "5.2.1.1"));
}

TEST_F(AddressBookTest, ASourceCannotSquatOnAnId) {
  for (std::uint32_t i = 0; i < 10; ++i) {
    hear(address(1, "5." + std::to_string(1 + i) + ".1.1"), "66.1.1." + std::to_string(i));
  }
  EXPECT_EQ(book.find(numbered_id(1)).size(), 2u);
  EXPECT_EQ(hear(address(1, "8.8.8.8"), "67.1.1.1"), Added::added);
}

TEST_F(AddressBookTest, AProvenAddressThatHasBeenDeadForLongMayHaveARival) {
  hear(address(1, "5.1.1.1"));
  visit(address(1, "5.1.1.1"));
  now += 8 * 24h;
  for (std::uint32_t i = 0; i < kFailuresOnceMet; ++i) {
    fail(address(1, "5.1.1.1"));
    now += 1h;
    meet_someone();
  }
  EXPECT_EQ(hear(address(1, "5.2.1.1")), Added::added);
  visit(address(1, "5.2.1.1"));
  EXPECT_EQ(book.find(numbered_id(1)).size(), 1u);
}

// --- another ID than the one dialled ---

TEST_F(AddressBookTest, TwoDialsThatProveAnotherIdRemoveTheEntryAndBlameWhoTaughtIt) {
  // 500 wrong IDs for ten honest hosts, told by one group; the honest addresses by others.
  std::vector<NetAddress> honest;
  for (std::uint32_t host = 0; host < 10; ++host) {
    honest.push_back(address(100 + host, "5." + std::to_string(host) + ".1.1"));
    EXPECT_EQ(hear(honest.back(), "88.1.1.1"), Added::added);
  }
  std::size_t wrong = 0;
  for (std::uint32_t i = 0; i < 500; ++i) {
    const auto at = address(1000 + i, "5." + std::to_string(i % 10) + ".1.1");
    wrong += hear(at, "66.6.6.6") == Added::added ? 1 : 0;
  }
  EXPECT_EQ(wrong, 10u);  // the cap for a host
  std::set<NetAddress> reached;
  std::size_t dials = 0;
  for (; reached.size() < honest.size() && dials < 100; ++dials) {
    const auto target = book.pick({100}, now, [&](const KnownAddress& known) {
      return !reached.contains(known.address) && now - known.last_attempt >= 1min;
    });
    now += 1min;
    if (!target) continue;
    if (std::find(honest.begin(), honest.end(), *target) != honest.end()) {
      visit(*target);
      reached.insert(*target);
    } else {
      fail(*target, Reason::wrong_id, Stage::authentication);
    }
  }
  EXPECT_EQ(reached.size(), 10u);
  EXPECT_LE(dials, 40u);
  for (const auto& each : honest) {
    EXPECT_EQ(book.find(each)->failures, 0u);
    EXPECT_EQ(book.find(each)->wrong_ids, 0u);
  }
}

TEST_F(AddressBookTest, AnEntryThatProvedAnotherIdOnceIsForgivenWhenItProvesItsOwn) {
  hear(address(1, "5.1.1.1"));
  fail(address(1, "5.1.1.1"), Reason::wrong_id, Stage::authentication);
  visit(address(1, "5.1.1.1"));
  fail(address(1, "5.1.1.1"), Reason::wrong_id, Stage::authentication);
  EXPECT_EQ(book.size(), 1u);
  fail(address(1, "5.1.1.1"), Reason::wrong_id, Stage::authentication);
  EXPECT_EQ(book.size(), 0u);
}

TEST_F(AddressBookTest, WhereAnotherIdAnsweredIsNotServedUntilItIsVerifiedAgain) {
  const NetAddress a = address(1, "5.1.1.1");
  hear(a);
  visit(a);
  EXPECT_EQ(book.verified_selection(now).size(), 1u);
  fail(a, Reason::wrong_id, Stage::authentication);
  EXPECT_TRUE(book.verified_selection(now).empty());
  EXPECT_EQ(book.find(a)->last_verified, kNever);
  EXPECT_EQ(book.find(a)->verified_since, kNever);
  // A rest that ends does not bring it back.
  book.mark_bad(a, Reason::misbehaved, now + 1h, now);
  now += 1h;
  EXPECT_TRUE(book.verified_selection(now).empty());
  visit(a);
  EXPECT_EQ(book.verified_selection(now).size(), 1u);
  EXPECT_EQ(book.find(a)->verified_since, now);
}

TEST_F(AddressBookTest, WhatABlamedGroupTaughtIsPickedSeldom) {
  for (std::uint32_t i = 0; i < 50; ++i) hear(scattered(i), "66.6.6.6");
  for (std::uint32_t i = 100; i < 150; ++i) hear(scattered(i), "88.8.8.8");
  for (std::uint32_t i = 0; i < 9; ++i) {
    fail(scattered(i), Reason::wrong_id, Stage::authentication);
  }
  int blamed = 0;
  constexpr int kPicks = 10'000;
  for (int i = 0; i < kPicks; ++i) {
    const auto picked = book.pick({100}, now);
    ASSERT_TRUE(picked);
    blamed += book.find(*picked)->source == ip("66.6.6.6") ? 1 : 0;
  }
  // One in ten of what they had.
  EXPECT_NEAR(blamed, kPicks / 11, kPicks / 50);
}

// --- rest ---

TEST_F(AddressBookTest, ABadAddressIsNeitherPickedNorTold) {
  hear(address(1, "8.8.8.8"));
  EXPECT_TRUE(book.mark_bad(address(1, "8.8.8.8"), Reason::misbehaved, now + 1h, now));
  EXPECT_EQ(book.size(), 0u);
  EXPECT_EQ(book.resting(), 1u);
  EXPECT_FALSE(book.pick({50}, now));
  EXPECT_TRUE(book.selection(now).empty());
  EXPECT_EQ(hear(address(1, "8.8.8.8")), Added::known);
  now += 1h;
  EXPECT_TRUE(book.pick({50}, now));
  EXPECT_EQ(book.resting(), 0u);
}

TEST_F(AddressBookTest, ReinstatingEndsTheRest) {
  hear(address(1, "8.8.8.8"));
  book.mark_bad(numbered_id(1), Reason::misbehaved, now + 1h, now);
  EXPECT_TRUE(book.reinstate(address(1, "8.8.8.8"), now));
  EXPECT_EQ(book.size(), 1u);
  EXPECT_FALSE(book.reinstate(address(2, "8.8.8.8"), now));
}

TEST_F(AddressBookTest, NothingRestsForEver) {
  hear(address(1, "8.8.8.8"));
  book.mark_bad(address(1, "8.8.8.8"), Reason::misbehaved, Time::max(), now);
  now += kMaxRest - 1s;
  EXPECT_FALSE(book.pick({50}, now));
  now += 1s;
  EXPECT_TRUE(book.pick({50}, now));
}

TEST_F(AddressBookTest, ANodeOfAnotherNetworkRestsAndIsNotServed) {
  hear(address(1, "8.8.8.8"));
  visit(address(1, "8.8.8.8"));
  EXPECT_EQ(book.verified_selection(now).size(), 1u);
  fail(address(1, "8.8.8.8"), Reason::wrong_network, Stage::node_info);
  EXPECT_TRUE(book.verified_selection(now).empty());
  EXPECT_TRUE(book.selection(now).empty());
  now += kOtherNetworkRest;
  EXPECT_TRUE(book.verified_selection(now).empty());
  EXPECT_TRUE(book.pick({50}, now));
}

TEST_F(AddressBookTest, WhatANodeSaysOfItselfIsKeptPrintableAndShort) {
  hear(address(1, "8.8.8.8"));
  book.mark_connected(address(1, "8.8.8.8"), {}, now);
  const std::string long_words(1000, 'x'), unprintable(NodeFacts::kMaxText, '\xf0');
  book.mark_verified(address(1, "8.8.8.8"),
                     {long_words, unprintable, std::vector<conn::ChannelId>(200)}, now);
  const auto& facts = *book.find(address(1, "8.8.8.8"))->facts;
  EXPECT_EQ(facts.moniker.size(), NodeFacts::kMaxText);
  EXPECT_EQ(facts.version.size(), NodeFacts::kMaxText);
  EXPECT_EQ(facts.version.substr(0, 8), "\\xf0\\xf0");
  EXPECT_EQ(facts.channels.size(), NodeFacts::kMaxChannels);
}

// --- vetting ---

TEST_F(AddressBookTest, VettedIsWhatWeVerifiedAndWhatStayedOfUse) {
  const NetAddress a = address(1, "8.8.8.8");
  hear(a);
  book.mark_useful(a, now);
  book.mark_session(a, 10h, AddressBook::Brought::messages, now);
  EXPECT_EQ(book.find(a)->kind, Kind::fresh);  // never verified
  visit(a);
  EXPECT_EQ(book.find(a)->kind, Kind::fresh);
  book.mark_session(a, kVettingSession - 1s, AddressBook::Brought::messages, now);
  book.mark_session(a, kVettingSession, AddressBook::Brought::nothing, now);
  EXPECT_EQ(book.find(a)->kind, Kind::fresh);
  book.mark_session(a, kVettingSession, AddressBook::Brought::messages, now);
  EXPECT_EQ(book.find(a)->kind, Kind::vetted);
  EXPECT_EQ(book.size_of(Kind::vetted), 1u);
  EXPECT_EQ(book.size_of(Kind::fresh), 0u);
}

TEST_F(AddressBookTest, VisitsAloneVetNothing) {
  hear(address(1, "8.8.8.8"));
  for (int i = 0; i < 10; ++i, now += 1h) visit(address(1, "8.8.8.8"));
  EXPECT_EQ(book.size_of(Kind::vetted), 0u);
}

class SeedBook : public AddressBookTest {
 protected:
  static BookConfig seeding() {
    BookConfig config = roomy();
    config.vet_by_visits = BookConfig::VetByVisits::yes;
    return config;
  }
  SeedBook() : AddressBookTest(seeding()) {}
};

TEST_F(SeedBook, TwoVerificationsAnHourApartVet) {
  hear(address(1, "8.8.8.8"));
  visit(address(1, "8.8.8.8"));
  now += 59min;
  visit(address(1, "8.8.8.8"));
  EXPECT_EQ(book.size_of(Kind::vetted), 0u);
  now += 1min;
  visit(address(1, "8.8.8.8"));
  EXPECT_EQ(book.size_of(Kind::vetted), 1u);
}

// --- test before evict ---

class Contested : public SmallBook {
 protected:
  // One place for a vetted address: `holder` has it, `challenger` has come of use since.
  Contested() {
    hear(holder);
    vet(holder);
    now += 1 * 24h;
    hear(challenger);
    vet(challenger);
  }
  NetAddress holder = address(1, "8.8.8.8");
  NetAddress challenger = address(2, "9.9.9.9");
};

TEST_F(Contested, AVettedAddressIsTestedBeforeItIsDisplaced) {
  EXPECT_EQ(book.find(holder)->kind, Kind::vetted);
  EXPECT_EQ(book.find(challenger)->kind, Kind::fresh);
  EXPECT_EQ(book.to_test(now), std::vector{holder});
  fail(holder);
  EXPECT_EQ(book.find(challenger)->kind, Kind::vetted);
  EXPECT_EQ(book.find(holder)->kind, Kind::fresh);
  EXPECT_TRUE(book.to_test(now).empty());
}

TEST_F(Contested, OneThatAnswersStays) {
  visit(holder);
  EXPECT_EQ(book.find(holder)->kind, Kind::vetted);
  EXPECT_TRUE(book.to_test(now).empty());
  fail(holder);
  EXPECT_EQ(book.find(holder)->kind, Kind::vetted);
  // It has just answered: no need to ask again.
  book.mark_useful(challenger, now);
  EXPECT_TRUE(book.to_test(now).empty());
}

TEST_F(Contested, AFailureWhileWeReachNobodyDisplacesNobody) {
  now += kAbleToConnect + 1min;
  fail(holder);
  EXPECT_EQ(book.find(holder)->kind, Kind::vetted);
  EXPECT_EQ(book.to_test(now + 1min), std::vector{holder});
}

TEST_F(Contested, WhoIsConnectedNeedsNoTest) {
  book.forget(challenger);
  EXPECT_TRUE(book.to_test(now).empty());
  book.mark_joined(holder, now);
  now += 1 * 24h;
  hear(challenger);
  vet(challenger);
  EXPECT_TRUE(book.to_test(now).empty());
}

TEST_F(Contested, AClaimThatNobodyTestsLapses) {
  now += kContestLimit + 1s;
  EXPECT_TRUE(book.to_test(now).empty());
  EXPECT_EQ(book.contests(), 0u);
}

TEST_F(Contested, ABadHolderGivesWayAtOnce) {
  book.mark_bad(holder, Reason::misbehaved, now + 1h, now);
  book.mark_useful(challenger, now);
  EXPECT_EQ(book.find(challenger)->kind, Kind::vetted);
}

// --- without countermeasures ---

class Careless : public AddressBookTest {
 protected:
  static BookConfig careless() {
    BookConfig config = roomy();
    config.geometry = {1, 1, 1};
    config.fresh = BookConfig::Displace::any;
    config.vetted = BookConfig::Evict::at_once;
    return config;
  }
  Careless() : AddressBookTest(careless()) {}
};

TEST_F(Careless, AnExperimentMayTakeNoOverwritingAndTestingAway) {
  const NetAddress first = address(1, "8.8.8.8"), second = address(2, "9.9.9.9");
  EXPECT_EQ(hear(first), Added::added);
  EXPECT_EQ(hear(second), Added::added);
  EXPECT_EQ(book.find(first), nullptr);
  vet(second);
  hear(first);
  vet(first);
  EXPECT_EQ(book.find(first)->kind, Kind::vetted);
  EXPECT_EQ(book.find(second)->kind, Kind::fresh);
}

}  // namespace
}  // namespace peerage::addrbook
