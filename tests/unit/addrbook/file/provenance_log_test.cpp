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

const auto kSocket = conn::IpAddress::v4(77, 1, 1, 1);
const std::uint64_t kGroup = kSocket.group(conn::IpAddress::Strict::no);

conn::NetAddress address(std::size_t number) {
  return test::row_of(number).address;
}

// A host in group `group`: a /16 each.
conn::IpAddress host(std::size_t group, std::size_t number = 1) {
  return conn::IpAddress::v4(
      static_cast<std::uint8_t>(20 + group / 256), static_cast<std::uint8_t>(group),
      static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number));
}

// Everything that waits, by source group.
std::map<std::uint64_t, std::size_t> groups_of(ProvenanceLog& log) {
  std::map<std::uint64_t, std::size_t> groups;
  for (const Provenance& row : log.take(log.size())) ++groups[row.source_group];
  return groups;
}
std::uint64_t group_of(const conn::IpAddress& ip) {
  return ip.group(conn::IpAddress::Strict::no);
}

TEST(ProvenanceLog, WhatATellerRepeatsIsOneRow) {
  ProvenanceLog log;
  log.note("net", id_of(1), kSocket, address(1), kBookNow);
  log.note("net", id_of(1), kSocket, address(1), kBookNow + 1h);
  log.note("net", id_of(1), kSocket, address(1), kBookNow + 30min);
  const auto rows = log.take(10);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0], (Provenance{"net", id_of(1), address(1), kBookNow, kBookNow + 1h, 3, kGroup}));
}

TEST(ProvenanceLog, OtherTellersAddressesAndNetworksAreOtherRows) {
  ProvenanceLog log;
  log.note("net", id_of(1), kSocket, address(1), kBookNow);
  log.note("net", id_of(2), kSocket, address(1), kBookNow);
  log.note("net", id_of(1), kSocket, address(2), kBookNow);
  log.note("other", id_of(1), kSocket, address(1), kBookNow);
  conn::NetAddress other_port = address(1);
  ++other_port.endpoint.port;
  log.note("net", id_of(1), kSocket, other_port, kBookNow);
  EXPECT_EQ(log.size(), 5u);
}

TEST(ProvenanceLog, WhatHasBeenTakenIsNotTakenAgain) {
  ProvenanceLog log;
  for (std::size_t i = 0; i < 10; ++i) log.note("net", id_of(1), kSocket, address(i), kBookNow);
  std::set<conn::NetAddress> taken;
  for (const std::size_t rows : {4u, 4u, 2u, 0u}) {
    const auto part = log.take(4);
    EXPECT_EQ(part.size(), rows);
    for (const Provenance& row : part) EXPECT_TRUE(taken.insert(row.address).second);
  }
  EXPECT_TRUE(log.empty());
  log.note("net", id_of(1), kSocket, address(1), kBookNow + 1h);
  EXPECT_EQ(log.take(4).at(0).times, 1u) << "what it has told since";
}

TEST(ProvenanceLog, NoRowWaitsForEverBehindOthers) {
  ProvenanceLog log;
  log.note("z", id_of(9), kSocket, address(9), kBookNow);
  bool taken = false;
  for (std::size_t i = 0; i < 20 && !taken; ++i) {
    for (std::size_t j = 0; j < 5; ++j) log.note("a", id_of(j), kSocket, address(i), kBookNow);
    for (const Provenance& row : log.take(5)) taken = taken || row.network == "z";
  }
  EXPECT_TRUE(taken);
}

TEST(ProvenanceLog, WhatIsPutBackIsMergedWithWhatCameSince) {
  ProvenanceLog log;
  log.note("net", id_of(1), kSocket, address(1), kBookNow);
  log.note("net", id_of(1), kSocket, address(2), kBookNow);
  auto rows = log.take(10);
  log.note("net", id_of(1), kSocket, address(1), kBookNow + 1h);
  log.note("net", id_of(1), kSocket, address(3), kBookNow + 1h);
  log.put_back(std::move(rows));
  ASSERT_EQ(log.size(), 3u);
  std::map<conn::NetAddress, Provenance> found;
  for (const Provenance& row : log.take(10)) found.emplace(row.address, row);
  EXPECT_EQ(found.at(address(1)),
            (Provenance{"net", id_of(1), address(1), kBookNow, kBookNow + 1h, 2, kGroup}));
  EXPECT_EQ(found.at(address(2)),
            (Provenance{"net", id_of(1), address(2), kBookNow, kBookNow, 1, kGroup}));
  EXPECT_EQ(found.at(address(3)).times, 1u);
}

TEST(ProvenanceLog, CountsUpToTheLargestNumberAndNoFurther) {
  const auto most = std::numeric_limits<std::uint32_t>::max();
  ProvenanceLog log;
  log.put_back({{"net", id_of(1), address(1), kBookNow, kBookNow, most - 1}});
  log.note("net", id_of(1), kSocket, address(1), kBookNow);
  log.note("net", id_of(1), kSocket, address(1), kBookNow);
  EXPECT_EQ(log.take(1).at(0).times, most);
}

TEST(ProvenanceLog, WhatIsBeyondItsBoundIsLostAndCounted) {
  ProvenanceLog log(3);
  for (std::size_t i = 0; i < 5; ++i) log.note("net", id_of(1), kSocket, address(i), kBookNow);
  EXPECT_EQ(log.size(), 3u);
  EXPECT_EQ(log.lost(), 2u);
  log.note("net", id_of(1), kSocket, address(0), kBookNow);
  EXPECT_EQ(log.lost(), 2u) << "what is known already needs no room";
  auto rows = log.take(2);
  for (std::size_t i = 10; i < 12; ++i) log.note("net", id_of(1), kSocket, address(i), kBookNow);
  std::uint64_t times = 0;
  for (const Provenance& row : rows) times += row.times;
  log.put_back(std::move(rows));
  EXPECT_EQ(log.size(), 3u);
  EXPECT_EQ(log.lost(), 2u + times);
}

TEST(ProvenanceLog, OneGroupDoesNotKeepTheOthersOut) {
  static constexpr std::size_t kMost = 1000, kTellers = 50, kRows = 5;
  ProvenanceLog log(kMost);
  // A flood fills it before the others come, and goes on after them.
  const auto flood = [&log](std::size_t first) {
    for (std::size_t i = first; i < first + 10 * kMost; ++i) {
      log.note("net", id_of(100'000 + i / 250), host(0, i / 250), address(100'000 + i), kBookNow);
    }
  };
  flood(0);
  for (std::size_t i = 0; i < kTellers * kRows; ++i) {
    log.note("net", id_of(i / kRows), host(1 + i / kRows), address(i), kBookNow);
  }
  flood(10 * kMost);
  EXPECT_EQ(log.size(), kMost);
  EXPECT_EQ(log.lost(), 19 * kMost + kTellers * kRows);
  const auto groups = groups_of(log);
  for (std::size_t i = 1; i <= kTellers; ++i) {
    ASSERT_TRUE(groups.contains(group_of(host(i)))) << i;
    EXPECT_EQ(groups.at(group_of(host(i))), kRows) << i;
  }
}

TEST(ProvenanceLog, ManyGroupsShareTheBoundEvenly) {
  static constexpr std::size_t kMost = 1000, kGroups = 64;
  ProvenanceLog log(kMost);
  for (std::size_t group = 0; group < kGroups; ++group) {
    for (std::size_t i = 0; i < 100; ++i) {
      log.note("net", id_of(group), host(group), address(100 * group + i), kBookNow);
    }
  }
  EXPECT_EQ(log.size(), kMost);
  const auto groups = groups_of(log);
  ASSERT_EQ(groups.size(), kGroups);
  for (const auto& [group, rows] : groups) {
    EXPECT_GE(rows, kMost / kGroups - 1) << group;
    EXPECT_LE(rows, kMost / kGroups + 1) << group;
  }
}

TEST(ProvenanceLog, WhatIsTakenAndPutBackStillCountsForItsGroup) {
  ProvenanceLog log(100);
  for (std::size_t i = 0; i < 100; ++i) log.note("net", id_of(1), host(1), address(i), kBookNow);
  for (int round = 0; round < 3; ++round) {
    auto rows = log.take(60);
    log.put_back(std::move(rows));
  }
  for (std::size_t i = 100; i < 300; ++i) log.note("net", id_of(2), host(2), address(i), kBookNow);
  EXPECT_EQ(log.size(), 100u);
  const auto groups = groups_of(log);
  EXPECT_EQ(groups.at(group_of(host(1))), 50u);
  EXPECT_EQ(groups.at(group_of(host(2))), 50u);
  EXPECT_TRUE(log.empty());
}

TEST(ProvenanceLog, ATellerThatMovesTakesItsRowsToTheGroupWhereItIs) {
  ProvenanceLog log(10);
  for (std::size_t i = 0; i < 10; ++i) {
    log.note("net", id_of(1), host(1), address(i), kBookNow);
    log.note("net", id_of(1), host(2), address(i), kBookNow + 1h);
  }
  for (std::size_t i = 10; i < 15; ++i) log.note("net", id_of(2), host(1), address(i), kBookNow);
  const auto groups = groups_of(log);
  EXPECT_EQ(groups.at(group_of(host(1))), 5u);
  EXPECT_EQ(groups.at(group_of(host(2))), 5u);
}

TEST(ProvenanceLog, AGroupHasTheSameNumberInEveryRunAndNoneHasThatOfRowsOfBefore) {
  // The numbers are in files.
  ProvenanceLog log;
  log.note("net", id_of(1), conn::IpAddress::v4(1, 2, 3, 4), address(1), kBookNow);
  EXPECT_EQ(log.take(1).at(0).source_group, 0x0100000000000102u);
  log.note("net", id_of(1), *conn::IpAddress::parse("2a01:4f8::1"), address(1), kBookNow);
  EXPECT_EQ(log.take(1).at(0).source_group, 0x0200002a0104f800u);
  for (const char* ip : {"0.0.0.0", "::", "127.0.0.1", "10.0.0.1"}) {
    log.note("net", id_of(1), *conn::IpAddress::parse(ip), address(1), kBookNow);
    EXPECT_NE(log.take(1).at(0).source_group, 0u) << ip;
  }
}

}  // namespace
}  // namespace peerage::addrbook
