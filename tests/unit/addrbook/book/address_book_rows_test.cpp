// What the book gives to a file, and what it takes from one.
#include <vector>

#include <gtest/gtest.h>

#include "addrbook/book/address_book.h"
#include "tests/support/book_fixture.h"

namespace peerage::addrbook {
namespace {

using conn::Reason;
using test::address;
using test::scattered;
using namespace std::chrono_literals;

class AddressBookRows : public test::BookTest {
 protected:
  static KnownAddress row(const conn::NetAddress& address, Time when = test::kBookStart - 1h) {
    KnownAddress known;
    known.address = address;
    known.source = test::ip("41.1.1.1");
    known.first_seen = known.last_seen = when;
    return known;
  }
  static KnownAddress proven(const conn::NetAddress& address, Time when = test::kBookStart - 1h) {
    KnownAddress known = row(address, when);
    known.last_attempt = known.last_connected = known.verified_since = known.last_verified = when;
    return known;
  }
  AddressBook::Loaded load(std::vector<KnownAddress> rows) {
    return book.load(test::book_key(2), std::move(rows), now);
  }
};

TEST_F(AddressBookRows, EmptyChangesMeanThatThereAreNoMore) {
  for (std::uint32_t i = 0; i < 100; ++i) ASSERT_EQ(hear(scattered(i)), Added::added);
  for (std::uint32_t i = 50; i < 100; ++i) ASSERT_TRUE(book.forget(scattered(i)));
  std::size_t written = 0;
  for (Changes part = book.take_changes(10); !part.empty(); part = book.take_changes(10)) {
    written += part.written.size();
  }
  EXPECT_EQ(written, 50u);
  EXPECT_FALSE(book.has_changes());
}

TEST_F(AddressBookRows, AProvenAddressIsKeptWhereverItStandsInTheFile) {
  const auto true_one = address(1, "31.1.1.1"), rumour = address(1, "32.1.1.1");
  const auto loaded = load({row(rumour), proven(true_one)});
  EXPECT_EQ(loaded.kept, 1u);
  EXPECT_EQ(loaded.dropped, 1u);
  EXPECT_NE(book.find(true_one), nullptr);
  EXPECT_EQ(book.find(rumour), nullptr);
}

TEST_F(AddressBookRows, AProvenAddressThatIsGivenUpAndAnotherCandidateAreBothKept) {
  const auto lost = address(1, "31.1.1.1"), rival = address(1, "32.1.1.1");
  const auto loaded = load({proven(lost, now - std::chrono::days(40)), row(rival)});
  EXPECT_EQ(loaded.kept, 2u);
}

TEST_F(AddressBookRows, HearsayBeforeTheFileIsReadDoesNotWipeOutWhatTheFileKnows) {
  const auto node = scattered(1);
  KnownAddress known = proven(node);
  known.kind = Kind::tried;
  known.reliability.record(Outcome::succeeded, now - 1h);
  ASSERT_EQ(hear(node), Added::added);
  EXPECT_EQ(load({known}).kept, 1u);
  ASSERT_NE(book.find(node), nullptr);
  EXPECT_EQ(book.find(node)->kind, Kind::tried);
  EXPECT_EQ(book.find(node)->reliability, known.reliability);
  EXPECT_EQ(book.find(node)->last_seen, now);
}

TEST_F(AddressBookRows, WhatWeHaveDialledCountsForMoreThanTheFile) {
  const auto node = scattered(1);
  ASSERT_EQ(hear(node), Added::added);
  visit(node);
  fail(node);
  EXPECT_EQ(load({proven(node)}).kept, 1u);
  EXPECT_EQ(book.find(node)->failures, 1u);
}

TEST_F(AddressBookRows, NoRowReplacesAnAddressThatWeHaveProvenOurselves) {
  const auto node = address(1, "31.1.1.1");
  ASSERT_EQ(hear(node), Added::added);
  visit(node);
  const auto elsewhere = address(1, "32.1.1.1");
  EXPECT_EQ(load({row(elsewhere)}).dropped, 1u) << "hearsay";
  EXPECT_EQ(load({proven(elsewhere)}).dropped, 0u);
  EXPECT_NE(book.find(node), nullptr);
  EXPECT_TRUE(book.stands_by(elsewhere)) << "that is how things were before";
}

TEST_F(AddressBookRows, ARowThatIsNotKeptAsItWasIsWrittenAgain) {
  const auto node = scattered(1);
  KnownAddress from_the_future = row(node);
  from_the_future.last_seen = now + std::chrono::days(400);
  from_the_future.kind = Kind::tried;
  load({from_the_future, row(scattered(2))});
  const Changes changes = book.take_changes(10);
  ASSERT_EQ(changes.written.size(), 1u);
  EXPECT_EQ(changes.written[0], *book.find(node));
}

TEST_F(AddressBookRows, NoTimeOfARecordLiesInTheFuture) {
  const auto node = scattered(1);
  KnownAddress from_the_future = row(node);
  from_the_future.reliability.record(Outcome::succeeded, now + std::chrono::days(400));
  load({from_the_future});
  EXPECT_EQ(book.find(node)->reliability.last(), now);
}

TEST_F(AddressBookRows, AnchorsAreAddressesOfTheBookThatDoNotRest) {
  book.set_private_ids({test::numbered_id(7)});
  std::vector<KnownAddress> rows = {proven(address(7, "31.1.1.1")), proven(scattered(1)),
                                    proven(scattered(2))};
  for (KnownAddress& each : rows) each.connected_since = now - 1h;
  rows[1].bad_until = now + 1h;
  load(rows);
  EXPECT_EQ(book.anchors(), std::vector{scattered(2)});
}

}  // namespace
}  // namespace peerage::addrbook
