#include "addrbook/book/placement.h"

#include <cmath>
#include <map>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/book_fixture.h"

namespace peerage::addrbook {
namespace {

using conn::IpAddress;
using conn::NetAddress;
using test::address;
using test::book_key;
using test::ip;
using test::numbered_id;
using test::scattered;

Placement placement(std::uint8_t key = 1) {
  return {book_key(key), IpAddress::Strict::yes};
}

// How far `counts` are from even, in standard deviations of the chi-square distribution: below 3.1
// with p > 0.001.
double unevenness(const std::vector<std::size_t>& counts, std::size_t total) {
  const double expected = static_cast<double>(total) / static_cast<double>(counts.size());
  double chi_square = 0;
  for (const std::size_t count : counts) {
    const double off = static_cast<double>(count) - expected;
    chi_square += off * off / expected;
  }
  const double freedom = static_cast<double>(counts.size() - 1);
  return (chi_square - freedom) / std::sqrt(2 * freedom);
}

TEST(Placement, ManyAddressesOfManyGroupsSpreadEvenlyOverBucketsAndPlaces) {
  std::vector<std::size_t> new_ones(kNewBuckets), tried(kTriedBuckets), places(kBucketSize);
  constexpr std::size_t kAddresses = 100'000;
  const Placement where = placement();
  for (std::uint32_t i = 0; i < kAddresses; ++i) {
    // Each of its own group, from a group of its own.
    const auto source =
        IpAddress::v6({0x26, static_cast<std::uint8_t>(i >> 16), static_cast<std::uint8_t>(i >> 8),
                       static_cast<std::uint8_t>(i)});
    const NetAddress each{
        numbered_id(i),
        {IpAddress::v6({0x2a, static_cast<std::uint8_t>(i >> 16), static_cast<std::uint8_t>(i >> 8),
                        static_cast<std::uint8_t>(i)}),
         26656}};
    const Place place = where.in_new(each, source);
    ++new_ones[place.bucket];
    ++places[place.position];
    ++tried[where.in_tried(each).bucket];
  }
  EXPECT_LT(unevenness(new_ones, kAddresses), 3.1);
  EXPECT_LT(unevenness(tried, kAddresses), 3.1);
  EXPECT_LT(unevenness(places, kAddresses), 3.1);
}

TEST(Placement, AddressesOfOneGroupFromOneGroupReachOneNewBucket) {
  // Ten thousand addresses of a /24, and as many of an IPv6 /32.
  for (const bool v6 : {false, true}) {
    std::set<std::uint16_t> new_ones, tried;
    for (std::uint32_t i = 0; i < 10'000; ++i) {
      const auto at = v6 ? IpAddress::v6({0x2a, 0x01, 0x04, 0xf8, static_cast<std::uint8_t>(i),
                                          static_cast<std::uint8_t>(i >> 8)})
                         : IpAddress::v4(5, 6, 7, static_cast<std::uint8_t>(i));
      const NetAddress each{numbered_id(i), {at, static_cast<std::uint16_t>(1 + i)}};
      new_ones.insert(placement().in_new(each, ip("8.8.8.8")).bucket);
      tried.insert(placement().in_tried(each).bucket);
    }
    EXPECT_EQ(new_ones.size(), 1u);
    EXPECT_EQ(tried.size(), kTriedBucketsPerGroup);
  }
}

TEST(Placement, OneSourceGroupReachesOnlyItsShareOfNewBuckets) {
  std::set<std::uint16_t> reached;
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    // It may use any address within its /16.
    const auto source = IpAddress::v4(66, 77, static_cast<std::uint8_t>(i), 1);
    reached.insert(placement().in_new(scattered(i), source).bucket);
  }
  EXPECT_LE(reached.size(), kNewBucketsPerSourceGroup);
  EXPECT_GT(reached.size(), kNewBucketsPerSourceGroup * 9 / 10);
}

TEST(Placement, EmbeddedAddressesAreOfTheGroupOfTheAddressWithin) {
  // 6to4, Teredo, NAT64, translated and mapped forms of 5.6.7.8.
  const Placement where = placement();
  std::set<std::uint16_t> buckets;
  for (const char* text : {"5.6.7.8", "::ffff:5.6.7.8", "2002:506:708::1",
                           "2001:0:1234:5678::faf9:f8f7", "64:ff9b::506:708", "::ffff:0:506:708"}) {
    buckets.insert(where.in_new(address(1, text), ip("8.8.8.8")).bucket);
  }
  EXPECT_EQ(buckets.size(), 1u);
}

TEST(Placement, ItIsAFunctionOfTheKeyAlone) {
  std::size_t moved = 0;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const NetAddress each = scattered(i);
    const auto source = ip("8.8.8.8");
    EXPECT_EQ(placement(1).in_new(each, source), placement(1).in_new(each, source));
    EXPECT_EQ(placement(1).in_tried(each), placement(1).in_tried(each));
    moved += placement(1).in_new(each, source) != placement(2).in_new(each, source) ? 1 : 0;
  }
  EXPECT_GT(moved, 990u);
}

TEST(Placement, BothHalvesOfTheKeyAreUsed) {
  for (const std::size_t byte : {0u, 15u, 16u, 31u}) {
    BookKey other = book_key();
    other[byte] ^= 1;
    std::size_t moved = 0;
    for (std::uint32_t i = 0; i < 200; ++i) {
      moved += placement().in_tried(scattered(i)) !=
                       Placement(other, IpAddress::Strict::yes).in_tried(scattered(i))
                   ? 1
                   : 0;
    }
    EXPECT_GT(moved, 150u) << byte;
  }
}

TEST(Placement, InABookThatIsNotStrictEachPrivateAddressIsAGroup) {
  const Placement strict = placement(), lax{book_key(), IpAddress::Strict::no};
  EXPECT_EQ(strict.group(ip("10.0.0.1")), strict.group(ip("192.168.0.1")));
  EXPECT_NE(lax.group(ip("10.0.0.1")), lax.group(ip("10.0.0.2")));
  EXPECT_EQ(lax.group(ip("5.6.0.1")), lax.group(ip("5.6.7.8")));
}

}  // namespace
}  // namespace peerage::addrbook
