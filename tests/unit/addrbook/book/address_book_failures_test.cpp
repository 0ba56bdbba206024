// What a failure says about an address, and what it does not.
#include <gtest/gtest.h>

#include "addrbook/book/address_book.h"
#include "tests/support/book_fixture.h"

namespace peerage::addrbook {
namespace {

using conn::Reason;
using conn::Stage;
using test::address;
using test::scattered;
using namespace std::chrono_literals;

class AddressBookFailures : public test::BookTest {};

class FailuresInASmallBook : public test::BookTest {
 protected:
  FailuresInASmallBook() : BookTest(with({64, 1, 1})) {}
};

TEST_F(AddressBookFailures, AFaultOfOursIsNoFailureOfTheNode) {
  const auto node = scattered(1);
  ASSERT_EQ(hear(node), Added::added);
  for (const Reason ours : {Reason::out_of_descriptors, Reason::address_in_use, Reason::stopping,
                            Reason::stopped_locally}) {
    now += 1h;
    meet_someone();
    fail(node, ours);
  }
  EXPECT_EQ(book.find(node)->failures, 0u);
  EXPECT_EQ(book.find(node)->reliability, Reliability());
  EXPECT_EQ(book.find(node)->failure, Reason::stopped_locally) << "it is shown nevertheless";
  now += 1h;
  meet_someone();
  fail(node);
  EXPECT_EQ(book.find(node)->failures, 1u);
}

TEST_F(AddressBookFailures, AnotherNetworkDoesNotShortenARest) {
  const auto node = scattered(1);
  ASSERT_EQ(hear(node), Added::added);
  const Time until = now + std::chrono::days(100);
  ASSERT_TRUE(book.mark_bad(node, Reason::packet_malformed, until, now));
  fail(node, Reason::wrong_network, Stage::node_info);
  EXPECT_EQ(book.find(node)->bad_until, until);
}

TEST_F(FailuresInASmallBook, AClaimUntestedForADayTakesNoPlace) {
  const auto holder = scattered(1), challenger = scattered(2);
  ASSERT_EQ(hear(holder), Added::added);
  make_tried(holder);
  ASSERT_EQ(book.find(holder)->kind, Kind::tried);
  now += 5h;
  ASSERT_EQ(hear(challenger), Added::added);
  make_tried(challenger);
  ASSERT_EQ(book.contests(), 1u);
  now += 25h;  // and to_test was not called
  meet_someone();
  fail(holder);
  EXPECT_EQ(book.find(holder)->kind, Kind::tried);
  EXPECT_EQ(book.contests(), 0u);
}

TEST_F(AddressBookFailures, AnAddressThatNeverAnswersIsGivenUp) {
  hear(address(1, "8.8.8.8"));
  for (std::uint32_t i = 0; i < kFailuresToForget; ++i) {
    ASSERT_TRUE(book.find(address(1, "8.8.8.8"))) << i;
    fail(address(1, "8.8.8.8"));
    now += 1h;
    meet_someone();
  }
  EXPECT_EQ(book.size(), 0u);
}

TEST_F(AddressBookFailures, OneThatAnsweredThisWeekIsNotGivenUp) {
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

class FailuresInOnePlace : public test::BookTest {
 protected:
  FailuresInOnePlace() : BookTest(with({1, 1, 1})) {}
};

TEST_F(FailuresInOnePlace, FailuresCountOnlyWhileWeReachSomeNode) {
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

}  // namespace
}  // namespace peerage::addrbook
