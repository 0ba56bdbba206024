#include "addrbook/file/provenance_log.h"

#include <limits>
#include <map>
#include <set>
#include <utility>

#include <gtest/gtest.h>

#include "tests/support/book_rows.h"

namespace peerage::addrbook {
namespace {

using namespace std::chrono_literals;
using test::id_of;
using test::kBookNow;
using test::told_of;

conn::NetAddress address(std::size_t number) {
  return test::row_of(number).address;
}

TEST(ProvenanceLog, WhatATellerRepeatsIsOneRow) {
  ProvenanceLog log;
  log.note("net", id_of(1), address(1), kBookNow);
  log.note("net", id_of(1), address(1), kBookNow + 1h);
  log.note("net", id_of(1), address(1), kBookNow + 30min);
  const auto rows = log.take(10);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0], (Provenance{"net", id_of(1), address(1), kBookNow, kBookNow + 1h, 3}));
}

TEST(ProvenanceLog, OtherTellersAddressesAndNetworksAreOtherRows) {
  ProvenanceLog log;
  log.note("net", id_of(1), address(1), kBookNow);
  log.note("net", id_of(2), address(1), kBookNow);
  log.note("net", id_of(1), address(2), kBookNow);
  log.note("other", id_of(1), address(1), kBookNow);
  conn::NetAddress other_port = address(1);
  ++other_port.endpoint.port;
  log.note("net", id_of(1), other_port, kBookNow);
  EXPECT_EQ(log.size(), 5u);
}

TEST(ProvenanceLog, WhatHasBeenTakenIsNotTakenAgain) {
  ProvenanceLog log;
  for (std::size_t i = 0; i < 10; ++i) log.note("net", id_of(1), address(i), kBookNow);
  std::set<conn::NetAddress> taken;
  for (const std::size_t rows : {4u, 4u, 2u, 0u}) {
    const auto part = log.take(4);
    EXPECT_EQ(part.size(), rows);
    for (const Provenance& row : part) EXPECT_TRUE(taken.insert(row.address).second);
  }
  EXPECT_TRUE(log.empty());
  log.note("net", id_of(1), address(1), kBookNow + 1h);
  EXPECT_EQ(log.take(4).at(0).times, 1u) << "what it has told since";
}

TEST(ProvenanceLog, NoRowWaitsForEverBehindOthers) {
  ProvenanceLog log;
  log.note("z", id_of(9), address(9), kBookNow);
  bool taken = false;
  for (std::size_t i = 0; i < 20 && !taken; ++i) {
    for (std::size_t j = 0; j < 5; ++j) log.note("a", id_of(j), address(i), kBookNow);
    for (const Provenance& row : log.take(5)) taken = taken || row.network == "z";
  }
  EXPECT_TRUE(taken);
}

TEST(ProvenanceLog, WhatIsPutBackIsMergedWithWhatCameSince) {
  ProvenanceLog log;
  log.note("net", id_of(1), address(1), kBookNow);
  log.note("net", id_of(1), address(2), kBookNow);
  auto rows = log.take(10);
  log.note("net", id_of(1), address(1), kBookNow + 1h);
  log.note("net", id_of(1), address(3), kBookNow + 1h);
  log.put_back(std::move(rows));
  ASSERT_EQ(log.size(), 3u);
  std::map<conn::NetAddress, Provenance> found;
  for (const Provenance& row : log.take(10)) found.emplace(row.address, row);
  EXPECT_EQ(found.at(address(1)),
            (Provenance{"net", id_of(1), address(1), kBookNow, kBookNow + 1h, 2}));
  EXPECT_EQ(found.at(address(2)), (Provenance{"net", id_of(1), address(2), kBookNow, kBookNow, 1}));
  EXPECT_EQ(found.at(address(3)).times, 1u);
}

TEST(ProvenanceLog, CountsUpToTheLargestNumberAndNoFurther) {
  const auto most = std::numeric_limits<std::uint32_t>::max();
  ProvenanceLog log;
  log.put_back({{"net", id_of(1), address(1), kBookNow, kBookNow, most - 1}});
  log.note("net", id_of(1), address(1), kBookNow);
  log.note("net", id_of(1), address(1), kBookNow);
  EXPECT_EQ(log.take(1).at(0).times, most);
}

TEST(ProvenanceLog, WhatIsBeyondItsBoundIsLostAndCounted) {
  ProvenanceLog log(3);
  for (std::size_t i = 0; i < 5; ++i) log.note("net", id_of(1), address(i), kBookNow);
  EXPECT_EQ(log.size(), 3u);
  EXPECT_EQ(log.lost(), 2u);
  log.note("net", id_of(1), address(0), kBookNow);
  EXPECT_EQ(log.lost(), 2u) << "what is known already needs no room";
  auto rows = log.take(2);
  for (std::size_t i = 10; i < 12; ++i) log.note("net", id_of(1), address(i), kBookNow);
  std::uint64_t times = 0;
  for (const Provenance& row : rows) times += row.times;
  log.put_back(std::move(rows));
  EXPECT_EQ(log.size(), 3u);
  EXPECT_EQ(log.lost(), 2u + times);
}

}  // namespace
}  // namespace peerage::addrbook
