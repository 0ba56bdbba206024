// A file that was crafted, damaged, or grown beyond all measure.
#include <algorithm>
#include <chrono>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "addrbook/file/book_file.h"
#include "addrbook/file/schema.h"
#include "tests/support/book_rows.h"
#include "tests/support/files.h"
#include "tests/support/forge.h"

namespace peerage::addrbook {
namespace {

using conn::Reason;
using test::kBookNow;
using test::options_with;
using test::row_of;
using test::rows_of;

struct HostileFile : testing::Test {
  test::TemporaryDirectory directory;
  std::filesystem::path path = directory.path() / "addrbook.db";

  void make_book(std::size_t rows) {
    auto opened = BookFile::open(path, options_with(1), kBookNow);
    ASSERT_TRUE(opened) << opened.error().text();
    ASSERT_TRUE(opened->file.apply(rows_of("net", 0, rows)));
    ASSERT_TRUE(opened->file.apply_bans({false, {test::ban_of(0), test::ban_of(1)}, {}}));
    ASSERT_TRUE(opened->file.close());
  }
  void forge(const std::string& sql) const { test::forge(path, sql); }
  // Rows that the types of the tables forbid: put in while the schema is another.
  void forge_untyped(const std::string& table, const std::string& sql) const {
    const std::string strict = "(SELECT sql FROM kept)";
    forge(
        "PRAGMA writable_schema = ON; CREATE TEMP TABLE kept AS SELECT sql FROM sqlite_schema "
        "WHERE name = '" +
        table +
        "'; UPDATE sqlite_schema SET sql = replace(replace(replace(sql, "
        "') STRICT, WITHOUT ROWID', ') WITHOUT ROWID'), ' NOT NULL', ''), ' INTEGER', ' ANY') "
        "WHERE name = '" +
        table + "'; PRAGMA schema_version = 1000; " + sql + "; UPDATE sqlite_schema SET sql = " +
        strict + " WHERE name = '" + table + "'; PRAGMA schema_version = 2000");
  }
  struct Opening {
    Report report;
    Contents contents;
  };
  // Whatever the file holds: it opens, and everything that comes of it could be ours.
  Opening open() {
    auto opened = BookFile::open(path, options_with(9), kBookNow);
    if (!opened) {
      ADD_FAILURE() << opened.error().text();
      return {};
    }
    auto contents = opened->file.load(kBookNow, opened->report);
    if (!contents) {
      ADD_FAILURE() << contents.error().text();
      return {};
    }
    return {std::move(opened->report), std::move(*contents)};
  }
  std::vector<std::uint8_t> bytes() const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  void put(const std::vector<std::uint8_t>& bytes) const {
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
};

TEST_F(HostileFile, InvalidRowsAreDroppedByCauseAndErasedFromTheFile) {
  make_book(100);
  const auto where = [](std::size_t i) {
    return " WHERE id = x'" + conn::to_hex(test::id_of(i).bytes()) + "'";
  };
  forge("UPDATE address SET port = 0" + where(0));
  forge("UPDATE address SET moniker = 'a' || char(10), version = '', channels = x''" + where(1));
  forge("UPDATE address SET attempts = -1" + where(2));
  forge("UPDATE address SET kind = 'ancient'" + where(3));
  forge("UPDATE address SET moniker = hex(zeroblob(500000)), version = '', channels = x''" +
        where(4));
  forge("UPDATE address SET first_seen = -9223372036854775808, last_seen = 9223372036854775807" +
        where(6));
  forge(
      "INSERT INTO address SELECT 77, id, ip, port, source, origin, kind, wrong_ids, failed_stage, "
      "failure, failures, attempts, round_trip_us, first_seen, last_seen, last_attempt, "
      "last_failed, "
      "last_connected, verified_since, last_verified, connected_since, bad_until, reliability, "
      "last_outcome, moniker, version, channels, said_itself FROM address" +
      where(5));
  forge("UPDATE ban SET target = 'example.com' WHERE target LIKE '66.%'");
  auto [report, contents] = open();
  EXPECT_EQ(report.found, Report::Found::book);
  EXPECT_EQ(report.dropped.text(),
            "bad_address=2 bad_number=1 bad_word=1 bad_text=1 unknown_network=1 unreadable=1");
  EXPECT_EQ(contents.addresses.at("net").size(), 95u);
  EXPECT_EQ(contents.bans.size(), 1u);
  for (const KnownAddress& row : contents.addresses.at("net")) {
    EXPECT_GE(row.first_seen, kNever);
    EXPECT_LE(row.last_seen, kBookNow);
  }
  EXPECT_EQ(open().report.dropped.total(), 0u) << "they are not reported again";
  EXPECT_EQ(open().contents.addresses.at("net").size(), 95u);
}

TEST_F(HostileFile, RowsOfTypesThatTheTablesForbidAreDropped) {
  make_book(100);
  forge_untyped("address",
                "UPDATE address SET moniker = NULL, version = 7, channels = 'x' WHERE "
                "port % 10 = 1; UPDATE address SET origin = NULL WHERE port % 10 = 2; "
                "UPDATE address SET attempts = 'many' WHERE port % 10 = 3; "
                "UPDATE address SET reliability = 1.5 WHERE port % 10 = 4");
  auto [report, contents] = open();
  EXPECT_EQ(report.dropped[DropCause::wrong_type], 40u) << report.dropped.text();
  EXPECT_EQ(contents.addresses.at("net").size(), 60u);
  EXPECT_EQ(contents.key, test::key_of(1));
}

TEST_F(HostileFile, AViewInThePlaceOfATableIsNotRead) {
  make_book(10);
  forge(
      "DROP TABLE address; CREATE VIEW address AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL "
      "SELECT x + 1 FROM c) SELECT x AS network, x AS id FROM c");
  const auto [report, contents] = open();
  EXPECT_EQ(report.found, Report::Found::corrupt);
  EXPECT_EQ(report.why, "its tables are not those of version " +
                            std::to_string(schema::newest(schema::steps())));
  EXPECT_EQ(report.salvaged, 0u);
  EXPECT_TRUE(contents.addresses.empty());
}

TEST_F(HostileFile, AKeyOfAnotherLengthIsReplaced) {
  make_book(10);
  forge("UPDATE meta SET value = x'00' WHERE name = 'key'");
  const auto [report, contents] = open();
  EXPECT_TRUE(report.new_key);
  EXPECT_EQ(contents.key, test::key_of(9));
  EXPECT_FALSE(open().report.new_key);
}

TEST_F(HostileFile, OfAMillionRowsTheMostUsefulAreLoaded) {
  make_book(10);
  // Every hundredth is tried: 10 000 of them, all of which are to be kept.
  forge(
      "DELETE FROM address WHERE network = 1;"
      "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000000) "
      "INSERT INTO address SELECT 1, cast(printf('%020d', x) AS BLOB), "
      "x'00000000000000000000ffff0b000001', 1 + x % 65535, zeroblob(16), 'pex', "
      "CASE x % 100 WHEN 0 THEN 'old' ELSE 'new' END, 0, 'connect', 'io_error', 0, 0, 0, 0, 0, 0, "
      "0, x, 0, 0, 0, 0, zeroblob(40), 0, NULL, NULL, NULL, 0 FROM c");
  forge(
      "WITH RECURSIVE c(x) AS (SELECT 100 UNION ALL SELECT x + 1 FROM c WHERE x < 200) "
      "INSERT INTO network SELECT x, 'more ' || x FROM c");
  const auto began = std::chrono::steady_clock::now();
  auto [report, contents] = open();
  const auto took = std::chrono::steady_clock::now() - began;
  RecordProperty(
      "milliseconds",
      static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
  EXPECT_EQ(contents.addresses.size(), 64u);
  const auto& rows = contents.addresses.at("net");
  ASSERT_EQ(rows.size(), 90'000u);
  EXPECT_EQ(report.dropped[DropCause::over_limit], 910'000u + 38u);
  std::size_t tried = 0;
  Time oldest = Time::max();
  for (const KnownAddress& row : rows) {
    if (row.kind == Kind::tried)
      ++tried;
    else
      oldest = std::min(oldest, row.last_connected);
  }
  EXPECT_EQ(tried, 10'000u);
  EXPECT_GE(oldest.time_since_epoch().count(), 1'000'000 - 82'000);
  EXPECT_EQ(open().report.dropped.total(), 0u) << "the file has shrunk to what was kept";
}

TEST_F(HostileFile, ADamagedPageCostsItsRowsAndNoOthers) {
  make_book(5000);
  auto image = bytes();
  const std::size_t pages = image.size() / 4096;
  ASSERT_GT(pages, 100u);
  // One in the middle, which holds rows.
  std::fill_n(image.begin() + static_cast<std::ptrdiff_t>(4096 * (pages / 2)), 4096,
              std::uint8_t{0xa5});
  put(image);
  const auto [report, contents] = open();
  EXPECT_EQ(report.found, Report::Found::corrupt);
  EXPECT_EQ(report.moved_to, path.string() + ".corrupt-20261121T101500Z");
  EXPECT_EQ(contents.key, test::key_of(1));
  EXPECT_EQ(contents.bans.size(), 2u);
  EXPECT_GE(contents.addresses.at("net").size(), 4900u);
  EXPECT_EQ(report.salvaged, contents.addresses.at("net").size() + 2);
  EXPECT_GE(report.dropped[DropCause::unreadable], 1u);
  std::map<conn::NetAddress, KnownAddress> written;
  for (const KnownAddress& row : rows_of("net", 0, 5000).written) written.emplace(row.address, row);
  for (const KnownAddress& row : contents.addresses.at("net")) {
    EXPECT_EQ(row, written.at(row.address));
  }
}

TEST_F(HostileFile, WhereverBytesAreFlippedTheBookOpens) {
  make_book(400);
  const auto sound = bytes();
  std::mt19937_64 random(7);
  std::map<std::string, std::size_t> found;
  for (int round = 0; round < 300; ++round) {
    auto image = sound;
    // Every byte of the header in turn, then anywhere; one, or a run of them.
    const std::size_t at = round < 100 ? static_cast<std::size_t>(round) : random() % image.size();
    const std::size_t run = round % 3 == 0 ? 1 : 1 + random() % 200;
    for (std::size_t i = at; i < std::min(at + run, image.size()); ++i) {
      image[i] = static_cast<std::uint8_t>(image[i] ^ (1 + random() % 255));
    }
    put(image);
    const auto opening = open();
    ++found[std::string(name(opening.report.found))];
    EXPECT_LE(opening.report.loaded, 402u);
    // And it can be written.
    auto opened = BookFile::open(path, options_with(9), kBookNow);
    ASSERT_TRUE(opened) << "byte " << at << ": " << opened.error().text();
    EXPECT_EQ(opened->report.found, Report::Found::book) << "byte " << at;
    const auto applied = opened->file.apply(rows_of("other", 0, 50));
    ASSERT_TRUE(applied) << "byte " << at << ": " << applied.error().text();
    ASSERT_TRUE(opened->file.close());
    for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
      std::filesystem::remove(entry.path());
    }
  }
  EXPECT_GT(found["corrupt"], 50u) << "the flips have hit";
}

TEST_F(HostileFile, HoweverMuchIsCutOffTheBookOpens) {
  make_book(400);
  const auto sound = bytes();
  for (std::size_t size = 0; size < sound.size(); size += size < 200 ? 7 : 3001) {
    auto image = sound;
    image.resize(size);
    put(image);
    const auto opening = open();
    EXPECT_NE(opening.report.found, Report::Found::book) << size;
    for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
      std::filesystem::remove(entry.path());
    }
  }
}

}  // namespace
}  // namespace peerage::addrbook
