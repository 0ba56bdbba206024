// Which addresses a new one replaces, and which it does not.
#include <gtest/gtest.h>

#include "addrbook/book/address_book.h"
#include "tests/support/book_fixture.h"

namespace peerage::addrbook {
namespace {

using test::address;
using test::scattered;
using namespace std::chrono_literals;

class Displacing : public test::BookTest {
 protected:
  using BookTest::BookTest;
  void make_bad(const conn::NetAddress& each) {
    ASSERT_TRUE(book.mark_bad(each, conn::Reason::packet_malformed, now + 1h, now));
  }
};

class DisplacingInOneBucket : public Displacing {
 protected:
  DisplacingInOneBucket() : Displacing(with({1, 1, 4})) {}
};

class DisplacingInOnePlace : public Displacing {
 protected:
  DisplacingInOnePlace() : Displacing(with({1, 1, 1})) {}
};

TEST_F(DisplacingInOnePlace, ANewAddressGetsAPlaceOnlyIfItIsFreeOrItsHolderIsBad) {
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

TEST_F(DisplacingInOnePlace, AnAddressUnheardOfForAMonthIsReplaced) {
  hear(address(1, "8.8.8.8"));
  now += kUnheardOfLimit;
  EXPECT_EQ(hear(scattered(5)), Added::no_place);
  now += 1s;
  EXPECT_EQ(hear(scattered(5)), Added::added);
}

TEST_F(DisplacingInOneBucket, ARefusedAddressReplacesNone) {
  const auto resting = address(1, "31.1.1.1");
  ASSERT_EQ(hear(resting), Added::added);
  ASSERT_EQ(hear(address(2, "31.1.1.1")), Added::added);
  ASSERT_EQ(hear(address(3, "32.1.1.1")), Added::added);
  ASSERT_EQ(hear(address(4, "33.1.1.1")), Added::added);
  make_bad(resting);
  // Of this host, and so it could take the bad one's share; but mostly there is no place for it.
  int refused = 0;
  for (std::uint16_t port = 1; port < 200; ++port) {
    if (hear(address(5, "31.1.1.1", port)) != Added::no_place) break;
    ++refused;
    ASSERT_NE(book.find(resting), nullptr) << port;
  }
  EXPECT_GT(refused, 0);
}

TEST_F(Displacing, ASourceAtItsLimitForAnIdReplacesOnlyItsOwnAddresses) {
  const auto of_another = address(1, "31.1.1.1");
  ASSERT_EQ(hear(of_another, "41.1.1.1"), Added::added);
  ASSERT_EQ(hear(address(1, "32.1.1.1"), "42.1.1.1"), Added::added);
  ASSERT_EQ(hear(address(1, "33.1.1.1"), "42.1.1.1"), Added::added);
  make_bad(of_another);
  EXPECT_EQ(hear(address(1, "34.1.1.1"), "42.1.1.1"), Added::too_many_candidates);
  EXPECT_NE(book.find(of_another), nullptr);
  make_bad(address(1, "32.1.1.1"));
  EXPECT_EQ(hear(address(1, "34.1.1.1"), "42.1.1.1"), Added::added);
  EXPECT_NE(book.find(of_another), nullptr);
  EXPECT_EQ(book.find(address(1, "32.1.1.1")), nullptr);
}

TEST_F(Displacing, FourLiarsDoNotKeepTheTrueAddressOfAnIdOut) {
  for (std::uint32_t i = 0; i < 8; ++i) {
    ASSERT_EQ(hear(address(1, "3" + std::to_string(i) + ".1.1.1"),
                   "4" + std::to_string(i / 2) + ".1.1.1"),
              Added::added);
    now += 1s;
  }
  EXPECT_EQ(hear(address(1, "50.1.1.1"), "60.1.1.1"), Added::added);
  EXPECT_EQ(book.find(address(1, "30.1.1.1")), nullptr) << "what was said first of a busy group";
  // One that has its share gets no more.
  EXPECT_EQ(hear(address(1, "51.1.1.1"), "60.1.1.1"), Added::too_many_candidates);
  EXPECT_EQ(book.find(conn::NodeId(address(1, "50.1.1.1").id)).size(), 8u);
}

TEST_F(Displacing, ConfiguredAddressesDoNotCountForTheCapsAndAreNotReplaced) {
  const Source configured = {test::ip("127.0.0.1"), {}, Origin::configuration};
  for (std::uint32_t i = 1; i <= 5; ++i) {
    ASSERT_EQ(book.add(address(i, "31.1.1.1"), configured, now), Added::added);
    make_bad(address(i, "31.1.1.1"));
  }
  EXPECT_EQ(hear(address(11, "31.1.1.1")), Added::added);
  EXPECT_EQ(hear(address(12, "31.1.1.1")), Added::added);
  EXPECT_EQ(hear(address(13, "31.1.1.1")), Added::too_many_for_host);
  for (std::uint32_t i = 1; i <= 5; ++i) EXPECT_NE(book.find(address(i, "31.1.1.1")), nullptr);
}

TEST_F(Displacing, GossipDoesNotBringBackAProvenNodeThatRests) {
  const auto proven = address(1, "31.1.1.1");
  ASSERT_EQ(hear(proven), Added::added);
  visit(proven);
  make_bad(proven);
  EXPECT_EQ(hear(address(1, "32.1.1.1")), Added::proven_elsewhere);
  now += 2h;
  EXPECT_EQ(book.pick({100}, now), proven);
}

}  // namespace
}  // namespace peerage::addrbook
