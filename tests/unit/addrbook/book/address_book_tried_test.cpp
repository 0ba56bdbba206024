// Which addresses rest, which are tried, and which are tested before they are displaced.
#include <gtest/gtest.h>

#include "addrbook/book/address_book.h"
#include "tests/support/book_fixture.h"

namespace peerage::addrbook {
namespace {

using conn::NetAddress;
using conn::Reason;
using conn::Stage;
using test::address;
using test::BookTest;
using test::numbered_id;
using namespace std::chrono_literals;

class AddressBookLife : public BookTest {};

// --- rest ---

TEST_F(AddressBookLife, ABadAddressIsNeitherPickedNorGivenOut) {
  hear(address(1, "8.8.8.8"));
  EXPECT_TRUE(book.mark_bad(address(1, "8.8.8.8"), Reason::packet_malformed, now + 1h, now));
  EXPECT_EQ(book.size(), 0u);
  EXPECT_EQ(book.resting(), 1u);
  EXPECT_FALSE(book.pick({50}, now));
  EXPECT_TRUE(book.selection(now).empty());
  EXPECT_EQ(hear(address(1, "8.8.8.8")), Added::known);
  now += 1h;
  EXPECT_TRUE(book.pick({50}, now));
  EXPECT_EQ(book.resting(), 0u);
}

TEST_F(AddressBookLife, ReinstatingEndsTheRest) {
  hear(address(1, "8.8.8.8"));
  book.mark_bad(numbered_id(1), Reason::packet_malformed, now + 1h, now);
  EXPECT_TRUE(book.reinstate(address(1, "8.8.8.8"), now));
  EXPECT_EQ(book.size(), 1u);
  EXPECT_FALSE(book.reinstate(address(2, "8.8.8.8"), now));
}

TEST_F(AddressBookLife, NothingRestsForEver) {
  hear(address(1, "8.8.8.8"));
  book.mark_bad(address(1, "8.8.8.8"), Reason::packet_malformed, Time::max(), now);
  now += kMaxRest - 1s;
  EXPECT_FALSE(book.pick({50}, now));
  now += 1s;
  EXPECT_TRUE(book.pick({50}, now));
}

TEST_F(AddressBookLife, ANodeOfAnotherNetworkRestsAndIsNotServed) {
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

TEST_F(AddressBookLife, WhatANodeSaysOfItselfIsKeptPrintableAndShort) {
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

// --- becoming tried ---

TEST_F(AddressBookLife, TriedIsWhatWeVerifiedAndWhatStayedOfUse) {
  const NetAddress a = address(1, "8.8.8.8");
  hear(a);
  book.mark_useful(a, now);
  book.mark_session(a, 10h, AddressBook::Brought::messages, now);
  EXPECT_EQ(book.find(a)->kind, Kind::new_);  // never verified
  visit(a);
  EXPECT_EQ(book.find(a)->kind, Kind::new_);
  book.mark_session(a, kTriedSession - 1s, AddressBook::Brought::messages, now);
  book.mark_session(a, kTriedSession, AddressBook::Brought::nothing, now);
  EXPECT_EQ(book.find(a)->kind, Kind::new_);
  book.mark_session(a, kTriedSession, AddressBook::Brought::messages, now);
  EXPECT_EQ(book.find(a)->kind, Kind::tried);
  EXPECT_EQ(book.size_of(Kind::tried), 1u);
  EXPECT_EQ(book.size_of(Kind::new_), 0u);
}

TEST_F(AddressBookLife, VisitsAloneMakeNothingTried) {
  hear(address(1, "8.8.8.8"));
  for (int i = 0; i < 10; ++i, now += 1h) visit(address(1, "8.8.8.8"));
  EXPECT_EQ(book.size_of(Kind::tried), 0u);
}

class SeedBook : public BookTest {
 protected:
  static BookConfig seeding() {
    BookConfig config = roomy();
    config.tried_by_visits = BookConfig::TriedByVisits::yes;
    return config;
  }
  SeedBook() : BookTest(seeding()) {}
};

TEST_F(SeedBook, TwoVerificationsAnHourApartMakeTried) {
  hear(address(1, "8.8.8.8"));
  visit(address(1, "8.8.8.8"));
  now += 59min;
  visit(address(1, "8.8.8.8"));
  EXPECT_EQ(book.size_of(Kind::tried), 0u);
  now += 1min;
  visit(address(1, "8.8.8.8"));
  EXPECT_EQ(book.size_of(Kind::tried), 1u);
}

// --- test before evict ---

class Contested : public BookTest {
 protected:
  // One place for a tried address: `holder` has it, `challenger` has proved useful since.
  Contested() : BookTest(with({1, 1, 1})) {
    hear(holder);
    make_tried(holder);
    now += 1 * 24h;
    hear(challenger);
    make_tried(challenger);
  }
  NetAddress holder = address(1, "8.8.8.8");
  NetAddress challenger = address(2, "9.9.9.9");
};

TEST_F(Contested, ATriedAddressIsTestedBeforeItIsDisplaced) {
  EXPECT_EQ(book.find(holder)->kind, Kind::tried);
  EXPECT_EQ(book.find(challenger)->kind, Kind::new_);
  EXPECT_EQ(book.to_test(now), std::vector{holder});
  fail(holder);
  EXPECT_EQ(book.find(challenger)->kind, Kind::tried);
  EXPECT_EQ(book.find(holder)->kind, Kind::new_);
  EXPECT_TRUE(book.to_test(now).empty());
}

TEST_F(Contested, WhatBecomesOfAddressesIsCounted) {
  const auto counts = [this] {
    std::vector<std::uint64_t> all;
    for (std::size_t i = 0; i < kTransitionCount; ++i) {
      all.push_back(book.count(static_cast<Transition>(i)));
    }
    return all;
  };
  EXPECT_EQ(counts(), (std::vector<std::uint64_t>{1, 0, 0, 0})) << "the holder became tried";
  fail(holder);
  EXPECT_EQ(counts(), (std::vector<std::uint64_t>{2, 1, 0, 0})) << "it gave way";
  book.mark_bad(holder, Reason::packet_malformed, now + 1h, now);
  EXPECT_EQ(hear(address(3, "10.9.8.7")), Added::unroutable);
  EXPECT_EQ(hear(address(3, "11.9.8.7")), Added::added);
  EXPECT_EQ(counts(), (std::vector<std::uint64_t>{2, 1, 1, 0})) << "it made room";
  book.forget(numbered_id(2));
  EXPECT_EQ(counts(), (std::vector<std::uint64_t>{2, 1, 1, 1}));
  EXPECT_EQ(name(Transition::expired), "expired");
}

TEST_F(Contested, AHolderThatAnswersStays) {
  visit(holder);
  EXPECT_EQ(book.find(holder)->kind, Kind::tried);
  EXPECT_TRUE(book.to_test(now).empty());
  fail(holder);
  EXPECT_EQ(book.find(holder)->kind, Kind::tried);
  // It has just answered: no need for another test.
  book.mark_useful(challenger, now);
  EXPECT_TRUE(book.to_test(now).empty());
}

TEST_F(Contested, AFailureWhileWeReachNoNodeDisplacesNone) {
  now += kAbleToConnect + 1min;
  fail(holder);
  EXPECT_EQ(book.find(holder)->kind, Kind::tried);
  EXPECT_EQ(book.to_test(now + 1min), std::vector{holder});
}

TEST_F(Contested, AConnectedHolderNeedsNoTest) {
  book.forget(challenger);
  EXPECT_TRUE(book.to_test(now).empty());
  book.mark_joined(holder, now);
  now += 1 * 24h;
  hear(challenger);
  make_tried(challenger);
  EXPECT_TRUE(book.to_test(now).empty());
}

TEST_F(Contested, AnUntestedClaimLapses) {
  now += kContestLimit + 1s;
  EXPECT_TRUE(book.to_test(now).empty());
  EXPECT_EQ(book.contests(), 0u);
}

TEST_F(Contested, ABadHolderIsDisplacedAtOnce) {
  book.mark_bad(holder, Reason::packet_malformed, now + 1h, now);
  book.mark_useful(challenger, now);
  EXPECT_EQ(book.find(challenger)->kind, Kind::tried);
}

// --- without countermeasures ---

class Careless : public BookTest {
 protected:
  static BookConfig careless() {
    BookConfig config = with({1, 1, 1});
    config.displace_new = BookConfig::Displace::any;
    config.evict_tried = BookConfig::Evict::at_once;
    return config;
  }
  Careless() : BookTest(careless()) {}
};

TEST_F(Careless, AnExperimentMaySwitchOffNoOverwritingAndTesting) {
  const NetAddress first = address(1, "8.8.8.8"), second = address(2, "9.9.9.9");
  EXPECT_EQ(hear(first), Added::added);
  EXPECT_EQ(hear(second), Added::added);
  EXPECT_EQ(book.find(first), nullptr);
  make_tried(second);
  hear(first);
  make_tried(first);
  EXPECT_EQ(book.find(first)->kind, Kind::tried);
  EXPECT_EQ(book.find(second)->kind, Kind::new_);
}

}  // namespace
}  // namespace peerage::addrbook
