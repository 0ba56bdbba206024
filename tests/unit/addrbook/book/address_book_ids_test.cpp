// One ID at several addresses, and an address at which another ID answers.
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
using test::ip;
using test::numbered_id;
using test::scattered;
using namespace std::chrono_literals;

class AddressBookIds : public BookTest {};

// --- one ID, several addresses ---

TEST_F(AddressBookIds, AnIdMayHaveSeveralAddressesUntilOneIsProven) {
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

TEST_F(AddressBookIds, ASourceCannotSquatOnAnId) {
  for (std::uint32_t i = 0; i < 10; ++i) {
    hear(address(1, "5." + std::to_string(1 + i) + ".1.1"), "66.1.1." + std::to_string(i));
  }
  EXPECT_EQ(book.find(numbered_id(1)).size(), 2u);
  EXPECT_EQ(hear(address(1, "8.8.8.8"), "67.1.1.1"), Added::added);
}

TEST_F(AddressBookIds, AProvenAddressThatHasBeenDeadForLongMayHaveAnotherCandidate) {
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
  EXPECT_TRUE(book.stands_by(address(1, "5.1.1.1")));
  EXPECT_FALSE(book.stands_by(address(1, "5.2.1.1")));
}

// --- another ID than the one dialled ---

TEST_F(AddressBookIds, TwoDialsThatProveAnotherIdRemoveTheEntryAndBlameItsSource) {
  // 500 wrong IDs for ten honest hosts, all from one group; the honest addresses from others.
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

TEST_F(AddressBookIds, AnEntryThatProvedAnotherIdOnceIsForgivenWhenItProvesItsOwn) {
  hear(address(1, "5.1.1.1"));
  fail(address(1, "5.1.1.1"), Reason::wrong_id, Stage::authentication);
  visit(address(1, "5.1.1.1"));
  fail(address(1, "5.1.1.1"), Reason::wrong_id, Stage::authentication);
  EXPECT_EQ(book.size(), 1u);
  fail(address(1, "5.1.1.1"), Reason::wrong_id, Stage::authentication);
  EXPECT_EQ(book.size(), 0u);
}

TEST_F(AddressBookIds, AnAddressWhereAnotherIdAnsweredIsNotServedUntilItIsVerifiedAgain) {
  const NetAddress a = address(1, "5.1.1.1");
  hear(a);
  visit(a);
  EXPECT_EQ(book.verified_selection(now).size(), 1u);
  fail(a, Reason::wrong_id, Stage::authentication);
  EXPECT_TRUE(book.verified_selection(now).empty());
  EXPECT_EQ(book.find(a)->last_verified, kNever);
  EXPECT_EQ(book.find(a)->verified_since, kNever);
  // A rest that ends does not bring it back.
  book.mark_bad(a, Reason::packet_malformed, now + 1h, now);
  now += 1h;
  EXPECT_TRUE(book.verified_selection(now).empty());
  visit(a);
  EXPECT_EQ(book.verified_selection(now).size(), 1u);
  EXPECT_EQ(book.find(a)->verified_since, now);
}

TEST_F(AddressBookIds, AddressesFromABlamedGroupAreSeldomPicked) {
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

}  // namespace
}  // namespace peerage::addrbook
