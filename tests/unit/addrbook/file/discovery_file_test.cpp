// What discovery keeps in the address book's file: written, read, salvaged, and forged.
#include <algorithm>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "addrbook/file/book_file.h"
#include "addrbook/file/own_file.h"
#include "addrbook/file/schema.h"
#include "tests/support/book_rows.h"
#include "tests/support/files.h"
#include "tests/support/forge.h"

namespace peerage::addrbook {
namespace {

using namespace std::chrono_literals;
using test::discovered_of;
using test::kBookNow;

class DiscoveryFile : public testing::Test {
 protected:
  test::TemporaryDirectory directory;
  const std::filesystem::path path = directory / "addrbook.db";

  BookFile::Opened open() { return BookFile::open(path, test::options_with(1), kBookNow).value(); }
  static Batch batch_of(DiscoveryChanges changes) {
    Batch batch;
    batch.discovery = std::move(changes);
    return batch;
  }
  void apply(const DiscoveryChanges& changes) {
    auto opened = open();
    ASSERT_TRUE(opened.file.apply(batch_of(changes)));
    ASSERT_TRUE(opened.file.close());
  }
  static std::vector<DiscoveryNode> nodes(std::size_t first, std::size_t end) {
    std::vector<DiscoveryNode> made;
    for (std::size_t i = first; i < end; ++i) made.push_back(discovered_of(i));
    return made;
  }
  static DiscoveryBan ban(std::size_t number, std::optional<Time> until) {
    return {discovered_of(number).id, until};
  }
  struct Read {
    DiscoveryRows rows;
    Report report;
  };
  Read load() {
    auto opened = open();
    auto contents = opened.file.load(kBookNow, opened.report).value();
    auto& nodes = contents.discovery.nodes;
    std::sort(nodes.begin(), nodes.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return {std::move(contents.discovery), opened.report};
  }
  void forge(const std::string& sql) const { test::forge(path, sql); }
};

TEST_F(DiscoveryFile, HasNothingAtFirst) {
  EXPECT_EQ(load().rows, DiscoveryRows{});
}

TEST_F(DiscoveryFile, WhatIsWrittenIsReadAgain) {
  const Time end = kBookNow + 24h;
  apply({1'795'256'100'123, nodes(0, 20), false, {ban(1, end), ban(2, std::nullopt)}, {}});
  const DiscoveryRows rows = load().rows;
  EXPECT_EQ(rows.seq, 1'795'256'100'123u);
  EXPECT_EQ(rows.nodes, nodes(0, 20));
  EXPECT_EQ(rows.bans, (std::vector{ban(2, std::nullopt), ban(1, end)}));
}

TEST_F(DiscoveryFile, NodesAreReplacedAsAWholeAndBansOneByOne) {
  apply({1, nodes(0, 20), false, {ban(1, std::nullopt), ban(2, std::nullopt)}, {}});
  apply({std::nullopt, nodes(10, 12), false, {ban(3, std::nullopt)}, {ban(1, {}).id}});
  DiscoveryRows rows = load().rows;
  EXPECT_EQ(rows.seq, 1u);
  EXPECT_EQ(rows.nodes, nodes(10, 12));
  EXPECT_EQ(rows.bans, (std::vector{ban(2, std::nullopt), ban(3, std::nullopt)}));
  apply({std::nullopt, nodes(0, 0), true, {}, {}});
  EXPECT_EQ(load().rows, (DiscoveryRows{1, {}, {}}));
}

TEST_F(DiscoveryFile, TheSequenceOfOurRecordNeverBecomesLower) {
  static constexpr std::uint64_t kLargest = ~std::uint64_t{0};
  apply({255, std::nullopt, false, {}, {}});
  apply({256, std::nullopt, false, {}, {}});
  apply({7, std::nullopt, false, {}, {}});
  EXPECT_EQ(load().rows.seq, 256u);
  apply({kLargest, std::nullopt, false, {}, {}});
  EXPECT_EQ(load().rows.seq, kLargest);
}

TEST_F(DiscoveryFile, OneThatIsNoNumberIsLeftOutAndReplaced) {
  apply({7, nodes(0, 3), false, {}, {}});
  for (const char* value : {"x'ffffffffffffffffff'", "x''"}) {
    forge(std::string("UPDATE meta SET value = ") + value + " WHERE name = 'discovery_seq'");
    const Read read = load();
    EXPECT_EQ(read.rows.seq, 0u);
    EXPECT_EQ(read.rows.nodes.size(), 3u);
    EXPECT_EQ(read.report.dropped.total(), 1u);
    apply({9, std::nullopt, false, {}, {}});
    EXPECT_EQ(load().rows.seq, 9u);
  }
}

TEST_F(DiscoveryFile, RowsThatMakeNoSenseAreLeftOutAndTheOthersStay) {
  const std::vector<std::string> forged = {
      "id = x'00'",        "key = x'00'",  "ip = x'7f000001'",
      "ip = zeroblob(16)", "udp = 0",      "udp = 65536",
      "tcp = -1",          "record = x''", "record = zeroblob(301)",
      "speaks_v4 = 2",     "checks = -1",  "checks = 4294967296"};
  apply({1, nodes(0, forged.size() + 5), false, {}, {}});
  for (std::size_t i = 0; i < forged.size(); ++i) {
    forge("UPDATE discovery_node SET " + forged[i] + " WHERE id = x'" +
          conn::to_hex(discovered_of(i).id) + "'");
  }
  const Read read = load();
  EXPECT_EQ(read.rows.nodes, nodes(forged.size(), forged.size() + 5));
  EXPECT_EQ(read.report.dropped.total(), forged.size()) << read.report.dropped.text();
  const Read again = load();
  EXPECT_EQ(again.report.dropped.total(), 0u) << "they have left the file, too";
  EXPECT_EQ(again.rows, read.rows);
}

TEST_F(DiscoveryFile, TimesFromTheFutureBecomeNow) {
  apply({1, nodes(2, 3), false, {}, {}});
  forge("UPDATE discovery_node SET first_seen = 9000000000000, last_live = 9000000000000");
  const DiscoveryNode node = load().rows.nodes.at(0);
  EXPECT_EQ(node.last_live, kBookNow);
  EXPECT_LE(node.first_seen, kBookNow);
}

TEST_F(DiscoveryFile, OfMoreRowsThanDiscoveryKeepsTheLatestAreRead) {
  apply({1, nodes(0, 1), false, {}, {}});
  forge(
      "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 20000) "
      "INSERT INTO discovery_node SELECT cast(printf('%032d', x) AS BLOB), zeroblob(64), "
      "x'00000000000000000000ffff0b000001', 1, 1, NULL, 1, 1, x, x, 3 FROM c");
  forge(
      "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 20000) "
      "INSERT INTO discovery_ban SELECT cast(printf('%032d', x) AS BLOB), NULL FROM c");
  const Read read = load();
  EXPECT_EQ(read.rows.nodes.size(), DiscoveryRows::kMaxNodes);
  EXPECT_EQ(read.rows.bans.size(), DiscoveryRows::kMaxBans);
  for (const DiscoveryNode& node : read.rows.nodes) {
    EXPECT_GT(node.last_live.time_since_epoch(), Seconds(20'000 - DiscoveryRows::kMaxNodes));
  }
  EXPECT_EQ(load().report.dropped.total(), 0u);
}

TEST_F(DiscoveryFile, OfAPreviousVersionKeepsItsAddressesAndHasNothingOfDiscovery) {
  {
    ASSERT_TRUE(create_private(path));
    auto database = sqlite::Database::open(path, sqlite::Access::write).value();
    const auto before = static_cast<std::size_t>(schema::kFirstWithDiscovery - 1);
    ASSERT_TRUE(schema::migrate(database, schema::steps().first(before)));
  }
  Report report;
  const auto as_guest = BookFile::read(path, kBookNow, report);
  ASSERT_TRUE(as_guest) << as_guest.error().text();
  EXPECT_EQ(as_guest->discovery, DiscoveryRows{});
  apply({5, nodes(0, 2), false, {}, {}});
  EXPECT_EQ(load().rows.nodes.size(), 2u);
}

TEST_F(DiscoveryFile, WhatADamagedFileHasIsInTheNewOne) {
  {
    auto opened = open();
    ASSERT_TRUE(opened.file.apply(test::rows_of("net", 0, 3000)));
    ASSERT_TRUE(opened.file.apply(batch_of({42, nodes(0, 20), false, {ban(1, std::nullopt)}, {}})));
    ASSERT_TRUE(opened.file.close());
  }
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(4096 * 60);  // a page of addresses
  file << std::string(4096, '\xa5');
  file.close();
  const Read read = load();
  ASSERT_EQ(read.report.found, Report::Found::corrupt);
  EXPECT_EQ(read.rows.seq, 42u);
  EXPECT_EQ(read.rows.nodes, nodes(0, 20));
  EXPECT_EQ(read.rows.bans, (std::vector{ban(1, std::nullopt)}));
}

TEST_F(DiscoveryFile, IsReadByAGuestBesideTheNode) {
  auto opened = open();
  ASSERT_TRUE(opened.file.apply(batch_of({42, nodes(0, 20), false, {}, {}})));
  Report report;
  const auto contents = BookFile::read(path, kBookNow, report);
  ASSERT_TRUE(contents);
  EXPECT_EQ(contents->discovery.seq, 42u);
  EXPECT_EQ(contents->discovery.nodes.size(), 20u);
}

}  // namespace
}  // namespace peerage::addrbook
