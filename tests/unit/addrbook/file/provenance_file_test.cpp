// Which node told of which address, in the file.
#include <algorithm>
#include <cstdio>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sodium.h>

#include "addrbook/file/book_file.h"
#include "addrbook/file/own_file.h"
#include "addrbook/file/row.h"
#include "addrbook/file/schema.h"
#include "tests/support/book_rows.h"
#include "tests/support/faulty_vfs.h"
#include "tests/support/files.h"
#include "tests/support/forge.h"

namespace peerage::addrbook {
namespace {

using namespace std::chrono_literals;
using test::id_of;
using test::kBookNow;
using test::told_of;
using Who = ProvenanceQuery::Who;

// Those of the first version that had the table: what is forged says nothing of its group.
const std::string kColumns = "(network, teller, id, ip, port, first_seen, last_seen, times)";

struct ProvenanceFile : testing::Test {
  test::TemporaryDirectory directory;
  std::filesystem::path path = directory / "addrbook.db";

  static constexpr std::int64_t kMost = 1000;

  BookFile::Opened open() {
    auto options = test::options_with(1);
    options.max_provenance_rows = kMost;
    auto opened = BookFile::open(path, options, kBookNow);
    if (!opened) throw std::runtime_error(opened.error().text());
    return std::move(*opened);
  }
  static Batch batch_of(std::vector<Provenance> rows) {
    Batch batch;
    batch.provenance = std::move(rows);
    return batch;
  }
  // Provenance rows `first` up to `end`, in a file that is closed.
  void write(std::size_t first, std::size_t end) {
    std::vector<Provenance> rows;
    for (std::size_t i = first; i < end; ++i) rows.push_back(told_of(i));
    write(std::move(rows));
  }
  void write(std::vector<Provenance> rows) {
    auto opened = open();
    ASSERT_TRUE(opened.file.apply(batch_of(std::move(rows))));
    ASSERT_TRUE(opened.file.close());
  }
  ProvenanceList ask(ProvenanceQuery query, Drops* dropped = nullptr) {
    Report report;
    auto list = BookFile::read_provenance(path, query, kBookNow, report);
    if (!list) throw std::runtime_error(list.error().text());
    if (dropped != nullptr) *dropped = report.dropped;
    EXPECT_TRUE(dropped != nullptr || report.dropped.total() == 0) << report.dropped.text();
    return std::move(*list);
  }
  static ProvenanceQuery about(const conn::NodeId& id, Who who = Who::told_of_it,
                               std::size_t limit = 1000) {
    return {id, who, {}, {}, limit};
  }
  void forge(const std::string& sql) const { test::forge(path, sql); }
  std::int64_t count() {
    auto database = sqlite::Database::open(path, sqlite::Access::read);
    return database->number("SELECT count(*) FROM told").value();
  }
};

TEST_F(ProvenanceFile, ListsTheNodesThatToldOfANodeAndThoseThatItToldOf) {
  write(0, 100);
  const ProvenanceList of = ask(about(id_of(7)));
  ASSERT_EQ(of.rows.size(), 1u);
  EXPECT_EQ(of.rows[0], told_of(7));
  EXPECT_EQ(of.nodes, 1u);
  const ProvenanceList by = ask(about(told_of(7).teller, Who::it_told_of));
  ASSERT_EQ(by.rows.size(), 10u);
  EXPECT_EQ(by.nodes, 10u);
  EXPECT_EQ(by.total, 10u);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(by.rows[i], told_of(i)) << "the latest first";
  EXPECT_EQ(by.first, told_of(9).first_seen);
  EXPECT_EQ(by.last, told_of(0).last_seen);
  EXPECT_TRUE(ask(about(id_of(5000))).rows.empty());
}

TEST_F(ProvenanceFile, AnAnswerHasAtMostTheRowsAskedForAndCountsAll) {
  write(0, 100);
  const ProvenanceList by = ask(about(told_of(7).teller, Who::it_told_of, 3));
  ASSERT_EQ(by.rows.size(), 3u);
  EXPECT_EQ(by.rows[2], told_of(2));
  EXPECT_EQ(by.total, 10u);
  EXPECT_EQ(by.first, told_of(9).first_seen);
  EXPECT_EQ(ask(about(told_of(7).teller, Who::it_told_of, 0)).total, 10u);
}

TEST_F(ProvenanceFile, AnAnswerMayBeOfOneNetworkOrOneAddress) {
  Provenance elsewhere = told_of(1, "other"), at_another = told_of(1);
  ++at_another.address.endpoint.port;
  write({told_of(1), elsewhere, at_another});
  ProvenanceQuery query = about(id_of(1));
  EXPECT_EQ(ask(query).total, 3u);
  query.network = "other";
  EXPECT_EQ(ask(query).rows, std::vector{elsewhere});
  query.network = "net";
  query.endpoint = at_another.address.endpoint;
  EXPECT_EQ(ask(query).rows, std::vector{at_another});
  query.network = "none";
  EXPECT_EQ(ask(query).total, 0u);
}

TEST_F(ProvenanceFile, ARepeatedRowIsAddedToTheOneInTheFile) {
  Provenance row = told_of(1);
  row.times = 2;
  write({row});
  Provenance later = row;
  later.first_seen = row.last_seen + 1h - 2h;
  later.last_seen = row.last_seen + 1min;
  later.times = 3;
  Provenance earlier = row;
  earlier.first_seen = row.first_seen - 1h;
  earlier.last_seen = row.last_seen - 30min;
  earlier.times = 4;
  write({later});
  write({earlier});
  Provenance expected = row;
  expected.first_seen = earlier.first_seen;
  expected.last_seen = later.last_seen;
  expected.times = 9;
  EXPECT_EQ(ask(about(id_of(1))).rows, std::vector{expected});
  const auto most = std::numeric_limits<std::uint32_t>::max();
  row.times = most;
  write({row});
  EXPECT_EQ(ask(about(id_of(1))).rows.at(0).times, most);
}

TEST_F(ProvenanceFile, ABatchIsWrittenWholeOrNotAtAll) {
  auto opened = open();
  Batch batch = batch_of({told_of(1)});
  batch.addresses.push_back(test::rows_of("net", 0, 10));
  batch.bans.written.push_back(test::ban_of(0));
  EXPECT_EQ(batch.rows(), 12u);
  EXPECT_FALSE(batch.empty());
  EXPECT_FALSE(batch_of({told_of(1)}).empty());
  ASSERT_TRUE(opened.file.apply(batch));
  Batch unfit = batch_of({told_of(2), told_of(3, "bad\nname")});
  unfit.addresses.push_back(test::rows_of("net", 10, 20));
  EXPECT_FALSE(opened.file.apply(unfit));
  EXPECT_EQ(opened.file.provenance(about(id_of(2)), kBookNow, opened.report)->total, 0u);
  EXPECT_EQ(opened.file.provenance(about(id_of(1)), kBookNow, opened.report)->total, 1u);
  EXPECT_EQ(opened.file.load(kBookNow, opened.report)->addresses.at("net").size(), 10u);
}

TEST_F(ProvenanceFile, BeyondItsBoundTheRowsLeastRecentlySeenAreErased) {
  write(0, 1);
  // The file is full then, of rows that are older than ours.
  forge(
      std::string(
          "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 999) ") +
      "INSERT INTO told " + kColumns +
      " SELECT 1, cast(printf('%020d', x % 1000) AS BLOB), "
      "cast(printf('%020d', x) AS BLOB), x'00000000000000000000ffff0b000001', 1, 0, 1000000 + x, 1 "
      "FROM c");
  ASSERT_EQ(count(), kMost);
  write(1, 101);
  EXPECT_EQ(count(), kMost);
  for (std::size_t i = 0; i < 101; ++i) EXPECT_EQ(ask(about(id_of(i))).total, 1u) << i;
  auto database = sqlite::Database::open(path, sqlite::Access::read);
  EXPECT_EQ(database->number("SELECT min(last_seen) FROM told").value(), 1'000'101);
  write(1, 101);
  EXPECT_EQ(database->number("SELECT min(last_seen) FROM told").value(), 1'000'101)
      << "what is there already needs no room";
}

TEST_F(ProvenanceFile, FarBeyondItsBoundRowsAreErasedASliceAtATime) {
  write(0, 1);
  forge(
      std::string(
          "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 12999) ") +
      "INSERT INTO told " + kColumns +
      " SELECT 1, cast(printf('%020d', x % 1000) AS BLOB), "
      "cast(printf('%020d', x) AS BLOB), x'00000000000000000000ffff0b000001', 1, 0, 1000000 + x, 1 "
      "FROM c");
  auto opened = open();
  std::vector<std::int64_t> counts;
  for (std::size_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(opened.file.apply(batch_of({told_of(i)})));
    counts.push_back(count());
  }
  EXPECT_EQ(counts, (std::vector<std::int64_t>{7'999, 2'999, kMost, kMost}));
}

TEST_F(ProvenanceFile, AnInvalidRowIsNotInTheWayForEver) {
  write(0, 1);
  forge(
      std::string(
          "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000) ") +
      "INSERT INTO told " + kColumns +
      " SELECT 1, CASE x WHEN 1 THEN zeroblob(500000) ELSE zeroblob(20) END, "
      "cast(printf('%020d', x) AS BLOB), x'00000000000000000000ffff0b000001', 1, 0, 1000000 + x, 1 "
      "FROM c");
  write(1, 11);
  EXPECT_LE(count(), kMost);
  write(1, 11);
  EXPECT_EQ(ask(about(id_of(1))).rows.at(0).times, told_of(1).times);
}

TEST_F(ProvenanceFile, ATimeFromTheFutureDoesNotKeepARowForEver) {
  write(0, 3);
  const std::string where = " WHERE id = x'" + conn::to_hex(id_of(1).bytes()) + "'";
  forge("UPDATE told SET first_seen = 9223372036854775807, last_seen = 9223372036854775807" +
        where);
  write(3, 4);
  const ProvenanceList list = ask(about(id_of(1)));
  EXPECT_EQ(list.rows.at(0).last_seen, kBookNow);
  EXPECT_EQ(list.rows.at(0).first_seen, kBookNow);
  auto database = sqlite::Database::open(path, sqlite::Access::read);
  EXPECT_EQ(database->number("SELECT max(last_seen) FROM told").value(),
            kBookNow.time_since_epoch().count());
}

TEST_F(ProvenanceFile, InvalidRowsAreNotListedAndStopNothing) {
  write(0, 100);
  const auto forge_row = [this](std::size_t i, const std::string& set) {
    forge("UPDATE told SET " + set + " WHERE id = x'" + conn::to_hex(id_of(i).bytes()) + "'");
  };
  forge_row(0, "port = 0");
  forge_row(1, "times = 0");
  forge_row(2, "times = 9223372036854775807");
  forge_row(3, "ip = zeroblob(500000)");
  forge_row(4, "network = 77");
  forge_row(5, "first_seen = -9223372036854775808");
  forge_row(10, "teller = zeroblob(20)");
  forge_row(11, "teller = zeroblob(500000)");
  Drops dropped;
  const ProvenanceList by = ask(about(told_of(0).teller, Who::it_told_of), &dropped);
  EXPECT_EQ(dropped.text(), "bad_address=2 bad_number=2");
  EXPECT_EQ(by.total, 5u);
  EXPECT_EQ(by.first, kNever);
  ask(about(id_of(4)), &dropped);
  EXPECT_EQ(dropped.text(), "unknown_network=1");
  ask(about(id_of(10)), &dropped);
  EXPECT_EQ(dropped.text(), "bad_address=1");
  ask(about(id_of(11)), &dropped);
  EXPECT_EQ(dropped.text(), "bad_address=1");
  write(0, 100);
  EXPECT_EQ(ask(about(id_of(2))).rows.at(0).times, std::numeric_limits<std::uint32_t>::max());
  EXPECT_EQ(ask(about(id_of(1))).rows.at(0).times, told_of(1).times);
}

TEST_F(ProvenanceFile, SurvivesThatOtherRowsAreDropped) {
  {
    auto opened = open();
    Batch batch = batch_of({told_of(1, "b"), told_of(2, "c")});
    // "a" comes and goes, so that what is written anew is not numbered as before.
    for (const char* network : {"c", "a", "b"}) {
      batch.addresses.push_back(test::rows_of(network, 0, 10));
    }
    ASSERT_TRUE(opened.file.apply(batch));
    ASSERT_TRUE(opened.file.close());
  }
  forge("UPDATE address SET port = 0 WHERE id = x'" + conn::to_hex(id_of(0).bytes()) +
        "'; UPDATE network SET name = 'a' || char(10) WHERE name = 'a'");
  auto opened = open();
  ASSERT_TRUE(opened.file.load(kBookNow, opened.report));
  EXPECT_GT(opened.report.dropped.total(), 0u);
  ASSERT_TRUE(opened.file.close());
  EXPECT_EQ(ask(about(id_of(1))).rows, std::vector{told_of(1, "b")});
  EXPECT_EQ(ask(about(id_of(2))).rows, std::vector{told_of(2, "c")});
}

TEST_F(ProvenanceFile, ANetworkThatMakesRoomTakesItsRowsAlong) {
  auto opened = open();
  for (std::size_t i = 0; i < BookFile::kMaxNetworks; ++i) {
    ASSERT_TRUE(opened.file.apply(batch_of({told_of(i, "net " + std::to_string(i))})));
  }
  ASSERT_TRUE(opened.file.apply(test::rows_of("one more", 0, 1)));
  for (std::size_t i = 0; i < BookFile::kMaxNetworks; ++i) {
    EXPECT_EQ(opened.file.provenance(about(id_of(i)), kBookNow, opened.report)->total, 0u);
  }
  EXPECT_EQ(opened.report.dropped.total(), 0u);
}

// --- source groups ---

struct ProvenanceGroups : ProvenanceFile {
  static constexpr std::size_t kTellers = 50, kRowsOfOne = 5;
  static constexpr std::uint64_t kFlood = 7;

  // Row `number`, told from `group`, by a teller that has `of_one` rows, `ago` before now.
  static Provenance row(std::size_t number, std::uint64_t group, std::size_t of_one,
                        Seconds ago = 0s) {
    return {"net",
            id_of(2'000'000 + number - number % of_one),
            test::row_of(number).address,
            kBookNow - ago,
            kBookNow - ago,
            1,
            group};
  }
  // Tellers of fifty groups, a day ago.
  static std::vector<Provenance> rows_of_the_others() {
    std::vector<Provenance> rows;
    for (std::size_t i = 0; i < kTellers * kRowsOfOne; ++i) {
      rows.push_back(row(i, 100 + i / kRowsOfOne, kRowsOfOne, 24h));
    }
    return rows;
  }
  // One host with new IDs, each of which tells of as many addresses as a message holds.
  static void flood(BookFile& file, std::size_t first, std::size_t rows) {
    for (std::size_t i = first; i < first + rows; i += 250) {
      std::vector<Provenance> told;
      for (std::size_t j = i; j < i + 250; ++j) {
        told.push_back(row(100'000 + j, kFlood, 250, 20h - Seconds(j)));
      }
      ASSERT_TRUE(file.apply(batch_of(std::move(told))));
    }
  }
  void expect_the_others() {
    EXPECT_EQ(count(), kMost);
    for (std::size_t i = 0; i < kTellers; ++i) {
      EXPECT_EQ(ask(about(row(i * kRowsOfOne, 0, kRowsOfOne).teller, Who::it_told_of)).total,
                kRowsOfOne)
          << i;
    }
  }
  // Rows of each group, as they are in the file.
  std::map<std::int64_t, std::int64_t> groups() {
    std::map<std::int64_t, std::int64_t> found;
    auto database = sqlite::Database::open(path, sqlite::Access::read).value();
    auto query =
        database.prepare("SELECT source_group, count(*) FROM told NOT INDEXED GROUP BY 1").value();
    while (query.step().value()) {
      found[std::get<std::int64_t>(query.column(0))] = std::get<std::int64_t>(query.column(1));
    }
    return found;
  }
};

TEST_F(ProvenanceGroups, OneGroupDoesNotDisplaceWhatOthersTold) {
  auto opened = open();
  ASSERT_TRUE(opened.file.apply(batch_of(rows_of_the_others())));
  flood(opened.file, 0, 20 * kMost);
  expect_the_others();
  const std::size_t last = 100'000 + 20 * kMost - 1;
  EXPECT_EQ(ask(about(id_of(last))).total, 1u) << "of the flood, the newest are left";
}

TEST_F(ProvenanceGroups, OneThatHasFilledTheTableMakesRoomForOthers) {
  auto opened = open();
  flood(opened.file, 0, 3 * kMost);
  ASSERT_TRUE(opened.file.apply(batch_of(rows_of_the_others())));
  expect_the_others();
}

TEST_F(ProvenanceGroups, ManyShareTheBoundEvenly) {
  static constexpr std::size_t kGroups = 64;
  auto opened = open();
  for (std::size_t group = 0; group < kGroups; ++group) {
    std::vector<Provenance> rows;
    for (std::size_t i = 0; i < 100; ++i) rows.push_back(row(100 * group + i, 100 + group, 100));
    ASSERT_TRUE(opened.file.apply(batch_of(std::move(rows))));
  }
  EXPECT_EQ(count(), kMost);
  const auto found = groups();
  ASSERT_EQ(found.size(), kGroups);
  for (const auto& [group, rows] : found) {
    EXPECT_GE(rows, kMost / 64) << group;
    EXPECT_LE(rows, kMost / 64 + 1) << group;
  }
}

TEST_F(ProvenanceGroups, OfAGroupTheRowsLeastRecentlySeenMakeRoom) {
  auto opened = open();
  std::vector<Provenance> rows;
  for (std::size_t i = 0; i < kMost; ++i) {
    // In another order than that of their keys.
    rows.push_back(row(10'000 + i, kFlood, 250, Seconds((i * 7919) % kMost)));
  }
  ASSERT_TRUE(opened.file.apply(batch_of(rows)));
  ASSERT_TRUE(opened.file.apply(batch_of(rows_of_the_others())));
  auto database = sqlite::Database::open(path, sqlite::Access::read);
  const auto ages = [&](const std::string& which) {
    return kBookNow.time_since_epoch().count() -
           database->number("SELECT " + which + "(last_seen) FROM told WHERE source_group = 7")
               .value();
  };
  EXPECT_EQ(groups().at(kFlood), 750);
  EXPECT_EQ(ages("min"), 749);
  EXPECT_EQ(ages("max"), 0);
}

TEST_F(ProvenanceGroups, AreKnownWhenTheFileIsOpenedAgain) {
  {
    auto opened = open();
    ASSERT_TRUE(opened.file.apply(batch_of(rows_of_the_others())));
    flood(opened.file, 0, kMost);
    ASSERT_TRUE(opened.file.close());
  }
  for (std::size_t life = 1; life < 4; ++life) {
    auto opened = open();
    flood(opened.file, life * kMost, kMost);
    ASSERT_TRUE(opened.file.close());
  }
  expect_the_others();
}

TEST_F(ProvenanceGroups, WhatIsUndoneDoesNotCount) {
  auto opened = open();
  ASSERT_TRUE(opened.file.apply(batch_of(rows_of_the_others())));
  flood(opened.file, 0, kMost);
  const auto before = groups();
  for (int i = 0; i < 20; ++i) {
    // Rows that are new, and rows that change their group; and then one that cannot be written.
    auto rows = rows_of_the_others();
    for (Provenance& each : rows) each.source_group = kFlood;
    for (std::size_t j = 0; j < 500; ++j) rows.push_back(row(500'000 + j, 900 + j % 3, 10));
    rows.push_back(told_of(1, "not\na name"));
    ASSERT_FALSE(opened.file.apply(batch_of(std::move(rows))));
  }
  EXPECT_EQ(groups(), before);
  flood(opened.file, kMost, 3 * kMost);
  expect_the_others();
  EXPECT_EQ(groups(), before);
}

TEST_F(ProvenanceGroups, WhatADiskDidNotTakeDoesNotCount) {
  auto options = test::options_with(1, test::FaultyVfs::name());
  options.max_provenance_rows = kMost;
  auto opened = BookFile::open(path, options, kBookNow).value();
  ASSERT_TRUE(opened.file.apply(batch_of(rows_of_the_others())));
  flood(opened.file, 0, kMost);
  std::vector<Provenance> rows;
  for (std::size_t j = 0; j < 500; ++j) rows.push_back(row(500'000 + j, 900 + j % 3, 10));
  test::FaultyVfs::arm(test::Fault::full, 1'000'000, 1);
  flood(opened.file, kMost, 250);
  const auto calls = test::FaultyVfs::calls();
  // At first nothing is written; later all rows are, and room is made, and then the commit fails.
  for (const auto first : {std::uint64_t{1}, calls / 4, calls / 2, calls * 3 / 4}) {
    test::FaultyVfs::arm(test::Fault::full, first, 1'000'000);
    EXPECT_FALSE(opened.file.apply(batch_of(rows)));
    EXPECT_GT(test::FaultyVfs::hits(), 0u);
    test::FaultyVfs::disarm();
    flood(opened.file, 2 * kMost + 250 * first, 250);
    expect_the_others();
  }
  ASSERT_TRUE(opened.file.apply(batch_of(rows)));
  EXPECT_EQ(count(), kMost);
  const auto found = groups();
  EXPECT_EQ(found.at(kFlood), 250);
  EXPECT_EQ(found.at(900) + found.at(901) + found.at(902), 500);
}

TEST_F(ProvenanceGroups, ARowIsOfTheGroupThatToldLast) {
  auto opened = open();
  auto rows = rows_of_the_others();
  ASSERT_TRUE(opened.file.apply(batch_of(rows)));
  for (Provenance& each : rows) each.source_group = kFlood;
  ASSERT_TRUE(opened.file.apply(batch_of(rows)));
  EXPECT_EQ(groups(), (std::map<std::int64_t, std::int64_t>{{kFlood, 250}}));
  std::vector<Provenance> more;
  for (std::size_t i = 0; i < kMost; ++i) more.push_back(row(10'000 + i, 8, 250, 48h));
  ASSERT_TRUE(opened.file.apply(batch_of(std::move(more))));
  EXPECT_EQ(groups(), (std::map<std::int64_t, std::int64_t>{{kFlood, 250}, {8, kMost - 250}}));
}

TEST_F(ProvenanceGroups, ANetworkThatMakesRoomIsCountedNoMore) {
  auto opened = open();
  // The network that goes has nearly all rows, of one group.
  std::vector<Provenance> rows;
  for (std::size_t i = 0; i < kMost - 63; ++i) {
    rows.push_back(row(i, kFlood, 250));
    rows.back().network = "net that goes";
  }
  ASSERT_TRUE(opened.file.apply(batch_of(std::move(rows))));
  for (std::size_t i = 0; i < BookFile::kMaxNetworks - 1; ++i) {
    ASSERT_TRUE(opened.file.apply(test::rows_of("net " + std::to_string(i), 0, 1)));
  }
  ASSERT_TRUE(opened.file.apply(test::rows_of("one more", 0, 1)));
  EXPECT_EQ(count(), 0);
  std::vector<Provenance> others = rows_of_the_others();
  for (Provenance& each : others) each.network = "one more";
  ASSERT_TRUE(opened.file.apply(batch_of(others)));
  std::vector<Provenance> more;
  for (std::size_t i = 0; i < 2 * kMost; ++i) {
    more.push_back(row(10'000 + i, kFlood, 250));
    more.back().network = "one more";
  }
  ASSERT_TRUE(opened.file.apply(batch_of(std::move(more))));
  expect_the_others();
}

TEST_F(ProvenanceGroups, MoreThanThereCanBeRowsAreNotBelieved) {
  write(0, 1);
  forge(
      "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 3000) "
      "INSERT INTO told SELECT 1, cast(printf('%020d', x) AS BLOB), "
      "cast(printf('%020d', x) AS BLOB), x'00000000000000000000ffff0b000001', 1, 0, 1000000 + x, "
      "1, 1500 - x FROM c");
  auto opened = open();
  EXPECT_EQ(count(), 0);
  ASSERT_TRUE(opened.file.apply(batch_of(rows_of_the_others())));
  flood(opened.file, 0, 2 * kMost);
  expect_the_others();
}

TEST_F(ProvenanceGroups, MayHaveAnyNumbersInAForgedFile) {
  write(0, 1);
  forge(
      "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 999) "
      "INSERT INTO told SELECT 1, cast(printf('%020d', x) AS BLOB), "
      "cast(printf('%020d', x) AS BLOB), x'00000000000000000000ffff0b000001', 1, 0, 1000000 + x, "
      "1, CASE x % 2 WHEN 1 THEN -9223372036854775808 ELSE 9223372036854775807 END FROM c");
  auto opened = open();
  ASSERT_TRUE(opened.file.apply(batch_of(rows_of_the_others())));
  flood(opened.file, 0, 2 * kMost);
  expect_the_others();
}

TEST_F(ProvenanceGroups, RowsThatAnIndexAloneHasAreNotInTheWay) {
  write(0, 1);
  // Erased while the index, as it is declared, would not have had them.
  forge(std::string(
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 999) ") +
        "INSERT INTO told " + kColumns +
        " SELECT 1, cast(printf('%020d', x) AS BLOB), "
        "cast(printf('%020d', x) AS BLOB), x'00000000000000000000ffff0b000001', 1, 0, 1000000 + x, "
        "1 FROM c");
  const auto declare = [](const std::string& as) {
    return "UPDATE sqlite_schema SET sql = 'CREATE INDEX told_by_group ON told (source_group, "
           "last_seen)" +
           as + "' WHERE name = 'told_by_group'; ";
  };
  forge("PRAGMA writable_schema = ON; " + declare(" WHERE port > 1") +
        "PRAGMA schema_version = 1000");
  forge("DELETE FROM told WHERE port = 1");
  forge("PRAGMA writable_schema = ON; " + declare("") + "PRAGMA schema_version = 2000");
  auto opened = open();
  ASSERT_EQ(opened.report.found, Report::Found::book) << opened.report.why;
  ASSERT_TRUE(opened.file.apply(batch_of(rows_of_the_others())));
  for (std::size_t i = 0; i < 3; ++i) flood(opened.file, i * 2 * kMost, 2 * kMost);
  EXPECT_EQ(count(), kMost);
}

TEST_F(ProvenanceGroups, ARowTooLongFromTheFutureDoesNotKeepTheFileFromOpening) {
  write(0, 1);
  forge("UPDATE told SET teller = zeroblob(500000), last_seen = 9223372036854775807");
  write(1, 2);
  EXPECT_EQ(ask(about(id_of(1))).total, 1u);
}

// --- versions ---

// A file of the version before groups were kept, full of rows.
struct ThirdVersion : ProvenanceGroups {
  void SetUp() override {
    {
      ASSERT_TRUE(create_private(path));
      auto database = sqlite::Database::open(path, sqlite::Access::write).value();
      ASSERT_TRUE(schema::migrate(database, schema::steps().first(3)));
    }
    std::string sql = "INSERT INTO network VALUES (1, 'net'); BEGIN;";
    for (std::size_t i = 0; i < kMost; ++i) {
      const Provenance told = row(10'000 + i, 0, 250, Seconds(1 + i));
      const auto blob = [](const auto& bytes) { return ", x'" + conn::to_hex(bytes) + "', "; };
      const std::string seen = std::to_string(told.last_seen.time_since_epoch().count());
      sql += "INSERT INTO told VALUES (1" + blob(told.teller.bytes()) + "x'" +
             conn::to_hex(told.address.id.bytes()) + "'" + blob(told.address.endpoint.ip.bytes()) +
             std::to_string(told.address.endpoint.port) + ", " + seen + ", " + seen + ", 1);";
    }
    forge(sql + "COMMIT");
  }
};

TEST_F(ThirdVersion, IsReadByGuestsAsItIs) {
  EXPECT_EQ(ask(about(id_of(10'000))).total, 1u);
  auto database = sqlite::Database::open(path, sqlite::Access::read);
  EXPECT_EQ(database->number("PRAGMA user_version").value(), 3);
}

TEST_F(ThirdVersion, BecomesTheNewestAndItsRowsAreOneGroup) {
  auto opened = open();
  EXPECT_EQ(opened.report.found, Report::Found::book) << opened.report.why;
  EXPECT_EQ(groups(), (std::map<std::int64_t, std::int64_t>{{0, kMost}}));
  ASSERT_TRUE(opened.file.apply(batch_of(rows_of_the_others())));
  expect_the_others();
  EXPECT_EQ(groups().at(0), kMost - 250);
  EXPECT_EQ(ask(about(id_of(10'000))).total, 1u) << "the newest of them are left";
  flood(opened.file, 0, 2 * kMost);
  expect_the_others();
  EXPECT_EQ(groups().at(0), (kMost - 250) / 2);
}

TEST_F(ThirdVersion, ARowThatIsToldOfAgainLeavesThatGroup) {
  auto opened = open();
  ASSERT_TRUE(opened.file.apply(batch_of({row(10'000, 33, 250)})));
  EXPECT_EQ(groups(), (std::map<std::int64_t, std::int64_t>{{0, kMost - 1}, {33, 1}}));
  EXPECT_EQ(ask(about(id_of(10'000))).rows.at(0).times, 2u);
  EXPECT_EQ(count(), kMost);
}

struct FirstVersion : ProvenanceFile {
  // A book of 100 rows, as a program made it that knew version 1 alone.
  void SetUp() override {
    {
      auto opened = open();
      ASSERT_TRUE(opened.file.apply(test::rows_of("net", 0, 100)));
      ASSERT_TRUE(opened.file.apply_bans({false, {test::ban_of(0)}, {}}));
      ASSERT_TRUE(opened.file.close());
    }
    const auto newest = directory / "newest";
    std::filesystem::rename(path, newest);
    {
      ASSERT_TRUE(create_private(path));
      auto database = sqlite::Database::open(path, sqlite::Access::write).value();
      ASSERT_TRUE(schema::migrate(database, schema::steps().first(1)));
    }
    std::string copy = "ATTACH '" + newest.string() + "' AS newest;";
    for (const char* table : {"meta", "network"}) {
      copy += std::string("INSERT INTO ") + table + " SELECT * FROM newest." + table + ";";
    }
    const std::string columns = "network, " + std::string(row::kAddressColumns.substr(
                                                  0, row::kAddressColumns.rfind(", said_itself")));
    copy += "INSERT INTO address (" + columns + ") SELECT " + columns + " FROM newest.address;";
    copy += "INSERT INTO ban SELECT target, until, added, reason FROM newest.ban;";
    forge(copy);
    std::filesystem::remove(newest);
  }
};

TEST_F(FirstVersion, BecomesTheNewestWithAllItsRows) {
  auto opened = open();
  EXPECT_EQ(opened.report.found, Report::Found::book);
  EXPECT_FALSE(opened.report.new_key);
  const auto contents = opened.file.load(kBookNow, opened.report);
  ASSERT_TRUE(contents);
  EXPECT_EQ(contents->addresses.at("net").size(), 100u);
  EXPECT_EQ(contents->bans, std::vector{test::ban_of(0)}) << "and it is an operator's";
  EXPECT_EQ(contents->key, test::key_of(1));
  ASSERT_TRUE(opened.file.apply(batch_of({told_of(1)})));
  ASSERT_TRUE(opened.file.close());
  EXPECT_EQ(ask(about(id_of(1))).total, 1u);
  auto database = sqlite::Database::open(path, sqlite::Access::read);
  EXPECT_EQ(database->number("PRAGMA user_version").value(), schema::newest(schema::steps()));
}

TEST_F(FirstVersion, IsReadByGuestsAsItIs) {
  Report report;
  const auto contents = BookFile::read(path, kBookNow, report);
  ASSERT_TRUE(contents) << contents.error().text();
  EXPECT_EQ(contents->addresses.at("net").size(), 100u);
  EXPECT_EQ(contents->bans, std::vector{test::ban_of(0)});
  EXPECT_EQ(ask(about(id_of(1))).total, 0u);
}

TEST_F(FirstVersion, ThatIsDamagedStillGivesWhatCanBeRead) {
  // Behind the header and the schema there are pages of rows.
  const auto size = std::filesystem::file_size(path);
  std::FILE* file = std::fopen(path.c_str(), "r+b");
  ASSERT_NE(file, nullptr);
  ASSERT_EQ(std::fseek(file, static_cast<long>(size - 4096), SEEK_SET), 0);
  const std::vector<char> junk(4096, '\xa5');
  ASSERT_EQ(std::fwrite(junk.data(), 1, junk.size(), file), junk.size());
  std::fclose(file);
  auto opened = open();
  EXPECT_EQ(opened.report.found, Report::Found::corrupt);
  EXPECT_GT(opened.report.salvaged, 0u);
}

TEST_F(FirstVersion, IsMadeByAStepThatIsPublished) {
  const std::string_view step = schema::steps()[0];
  conn::ByteArray<crypto_hash_sha256_BYTES> hash;
  crypto_hash_sha256(hash.data(), reinterpret_cast<const unsigned char*>(step.data()), step.size());
  EXPECT_EQ(conn::to_hex(hash), "1109327e36717f1a214e2cbaacc8e6b243d9a68d26ebc3f481064abaed283257")
      << "files are out there that it has made";
}

}  // namespace
}  // namespace peerage::addrbook
