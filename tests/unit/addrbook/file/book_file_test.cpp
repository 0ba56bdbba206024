#include "addrbook/file/book_file.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "addrbook/file/schema.h"
#include "addrbook/record/book_reason.h"
#include "conn/base/file_reason.h"
#include "tests/support/book_rows.h"
#include "tests/support/files.h"
#include "tests/support/forge.h"

namespace peerage::addrbook {
namespace {

using namespace std::chrono_literals;
using conn::Reason;
using test::ban_of;
using test::kBookNow;
using test::key_of;
using test::options_with;
using test::row_of;
using test::rows_of;

using Rows = std::map<conn::NetAddress, KnownAddress>;
Rows by_address(const std::vector<KnownAddress>& rows) {
  Rows result;
  for (const KnownAddress& row : rows) result.emplace(row.address, row);
  return result;
}

struct BookFileTest : testing::Test {
  test::TemporaryDirectory directory;
  std::filesystem::path path = directory.path() / "addrbook.db";

  BookFile::Opened open(std::uint8_t fill = 1, Time now = kBookNow) {
    auto opened = BookFile::open(path, options_with(fill), now);
    if (!opened) throw std::runtime_error(opened.error().text());
    return std::move(*opened);
  }
  static Contents load(BookFile& file, Report& report) {
    auto contents = file.load(kBookNow, report);
    if (!contents) throw std::runtime_error(contents.error().text());
    return std::move(*contents);
  }
  Contents contents() {
    auto opened = open();
    return load(opened.file, opened.report);
  }
  // A sound book of 1000 rows and 10 bans, closed.
  void make_book(std::size_t rows = 1000) {
    auto opened = open();
    ASSERT_TRUE(opened.file.apply(rows_of("net", 0, rows)));
    BanChanges bans;
    for (std::size_t i = 0; i < 10; ++i) bans.written.push_back(ban_of(i));
    ASSERT_TRUE(opened.file.apply_bans(bans));
    ASSERT_TRUE(opened.file.close());
  }
  void forge(const std::string& sql) const { test::forge(path, sql); }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
      found.push_back(entry.path().filename().string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  static mode_t mode(const std::filesystem::path& of) {
    struct stat status {};
    EXPECT_EQ(::stat(of.c_str(), &status), 0) << of;
    return status.st_mode & 0777;
  }
};

TEST_F(BookFileTest, AMissingFileIsMadeForItsOwnerAlone) {
  const mode_t before = ::umask(0);
  auto opened = open(7);
  EXPECT_EQ(opened.report.found, Report::Found::nothing);
  EXPECT_TRUE(opened.report.new_key);
  ASSERT_TRUE(opened.file.apply(rows_of("net", 0, 10)));
  for (const auto& name : names()) EXPECT_EQ(mode(directory.path() / name), 0600) << name;
  ::umask(before);
  const Contents loaded = load(opened.file, opened.report);
  EXPECT_EQ(loaded.key, key_of(7));
  EXPECT_EQ(opened.report.dropped.total(), 0u);
}

TEST_F(BookFileTest, WhatIsAppliedIsThereAfterOpeningAgain) {
  {
    auto opened = open(7);
    ASSERT_TRUE(opened.file.apply(rows_of("one", 0, 500)));
    ASSERT_TRUE(opened.file.apply(rows_of("two", 200, 300)));
    Changes changes{"one", false, {row_of(3)}, {row_of(4).address, row_of(5).address}};
    changes.written.front().attempts = 77;
    ASSERT_TRUE(opened.file.apply(changes));
    ASSERT_TRUE(opened.file.apply_bans({false, {ban_of(1), ban_of(2), ban_of(3)}, {}}));
    ASSERT_TRUE(opened.file.apply_bans({false, {}, {ban_of(2).target}}));
  }  // closed without a checkpoint, as by a crash
  auto opened = open(9);
  EXPECT_EQ(opened.report.found, Report::Found::book);
  EXPECT_FALSE(opened.report.new_key);
  const Contents loaded = load(opened.file, opened.report);
  EXPECT_EQ(loaded.key, key_of(7)) << "the key is the file's, not the new one";
  Rows expected = by_address(rows_of("one", 0, 500).written);
  expected.at(row_of(3).address).attempts = 77;
  expected.erase(row_of(4).address);
  expected.erase(row_of(5).address);
  EXPECT_EQ(by_address(loaded.addresses.at("one")), expected);
  EXPECT_EQ(by_address(loaded.addresses.at("two")), by_address(rows_of("two", 200, 300).written));
  EXPECT_EQ(loaded.bans, (std::vector<BanRow>{ban_of(3), ban_of(1)})) << "the oldest first";
  EXPECT_EQ(opened.report.loaded, 498u + 100u + 2u);
}

TEST_F(BookFileTest, ARewriteReplacesTheRowsOfItsNetworkAlone) {
  auto opened = open();
  ASSERT_TRUE(opened.file.apply(rows_of("one", 0, 50)));
  ASSERT_TRUE(opened.file.apply(rows_of("two", 0, 50)));
  Changes rewrite = rows_of("one", 40, 60);
  rewrite.rewrite = true;
  ASSERT_TRUE(opened.file.apply(rewrite));
  const Contents loaded = load(opened.file, opened.report);
  EXPECT_EQ(by_address(loaded.addresses.at("one")), by_address(rewrite.written));
  EXPECT_EQ(loaded.addresses.at("two").size(), 50u);
}

TEST_F(BookFileTest, ABatchThatCannotBeAppliedChangesNothing) {
  auto opened = open();
  ASSERT_TRUE(opened.file.apply(rows_of("net", 0, 5)));
  Batch batch;
  batch.addresses = {rows_of("net", 5, 10), rows_of("bad\nname", 0, 5)};
  batch.bans.written = {ban_of(0)};
  const auto applied = opened.file.apply(batch);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().reason, Reason::invalid_argument);
  const Contents loaded = load(opened.file, opened.report);
  EXPECT_EQ(loaded.addresses.at("net").size(), 5u);
  EXPECT_TRUE(loaded.bans.empty());
}

TEST_F(BookFileTest, SixtyFourNetworksAreKeptAndOneWithoutAddressesMakesRoom) {
  auto opened = open();
  const auto network = [](std::size_t i) { return rows_of("n" + std::to_string(i), i, i + 1); };
  for (std::size_t i = 0; i < BookFile::kMaxNetworks; ++i) {
    ASSERT_TRUE(opened.file.apply(network(i)));
  }
  EXPECT_EQ(opened.file.apply(network(64)).error().reason, Reason::invalid_argument);
  ASSERT_TRUE(opened.file.apply(Changes{"n7", true, {}, {}}));
  EXPECT_TRUE(opened.file.apply(network(64)));
  EXPECT_EQ(load(opened.file, opened.report).addresses.size(), 64u);
  EXPECT_EQ(opened.report.dropped.total(), 0u);
}

TEST_F(BookFileTest, OfTooManyBansOfAnOriginThoseThatEndFirstAreNotLoaded) {
  constexpr auto kStrangers = conn::BanOrigin::misbehaviour;
  auto opened = open();
  BanChanges bans;
  bans.written.push_back({test::id_of(90'000), kBookNow + 1h, kBookNow - 24h, "an operator's"});
  for (std::size_t i = 0; i < conn::kMaxBans + 2; ++i) {
    const auto until = kBookNow + 2h + std::chrono::seconds(i);
    bans.written.push_back({test::id_of(i), until, kBookNow, "", kStrangers});
  }
  ASSERT_TRUE(opened.file.apply_bans(bans));
  const Contents loaded = load(opened.file, opened.report);
  ASSERT_EQ(loaded.bans.size(), conn::kMaxBans + 1);
  EXPECT_EQ(loaded.bans.front().reason, "an operator's");
  for (const BanRow& each : loaded.bans) {
    EXPECT_NE(each.target, conn::BanTarget(test::id_of(0)));
    EXPECT_NE(each.target, conn::BanTarget(test::id_of(1)));
  }
  EXPECT_TRUE(opened.file.apply_bans({true, {ban_of(1)}, {}}));
  EXPECT_EQ(load(opened.file, opened.report).bans, std::vector<BanRow>{ban_of(1)});
}

TEST_F(BookFileTest, ASecondWriterIsTurnedAway) {
  auto opened = open();
  const auto second = BookFile::open(path, options_with(1), kBookNow);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason, BookReason::book_in_use);
  EXPECT_EQ(BookFile::remove(path).error().reason, BookReason::book_in_use);
  ASSERT_TRUE(opened.file.close());
  EXPECT_TRUE(BookFile::open(path, options_with(1), kBookNow));
  EXPECT_TRUE(BookFile::remove(path));
  EXPECT_EQ(names(), std::vector<std::string>{"addrbook.db.lock"});
}

TEST_F(BookFileTest, AClosedBookIsOneFile) {
  make_book();
  EXPECT_EQ(names(), (std::vector<std::string>{"addrbook.db", "addrbook.db.lock"}));
}

TEST_F(BookFileTest, AForeignFileIsMovedAsideUnchanged) {
  forge("PRAGMA application_id = 42; CREATE TABLE theirs (a); INSERT INTO theirs VALUES (7)");
  const auto opened = open();
  EXPECT_EQ(opened.report.found, Report::Found::foreign);
  EXPECT_EQ(opened.report.why, "its application_id is 42");
  EXPECT_EQ(opened.report.moved_to, path.string() + ".foreign-20261121T101500Z");
  EXPECT_TRUE(opened.report.new_key);
  std::filesystem::copy(opened.report.moved_to, directory.path() / "copy");
  path = directory.path() / "copy";
  forge("UPDATE theirs SET a = 8 WHERE a = 7");
}

TEST_F(BookFileTest, ANewerFileIsMovedAside) {
  make_book();
  forge("PRAGMA user_version = 99");
  const auto opened = open();
  EXPECT_EQ(opened.report.found, Report::Found::newer);
  EXPECT_EQ(opened.report.moved_to, path.string() + ".newer-20261121T101500Z");
  EXPECT_TRUE(std::filesystem::exists(opened.report.moved_to));
}

TEST_F(BookFileTest, WhatWasMovedAsideIsNeverReplaced) {
  for (int i = 0; i < 4; ++i) {
    std::ofstream(path) << std::string(5000, static_cast<char>('a' + i));
    auto opened = open();
    EXPECT_EQ(opened.report.found, Report::Found::corrupt);
    EXPECT_EQ(opened.report.moved_to, path.string() + ".corrupt-20261121T101500Z" +
                                          (i == 0 ? "" : "-" + std::to_string(i + 1)));
    ASSERT_TRUE(opened.file.close());
    std::string kept;
    std::ifstream(opened.report.moved_to) >> kept;
    EXPECT_EQ(kept, std::string(5000, static_cast<char>('a' + i)));
  }
}

TEST_F(BookFileTest, TheLogOfAFileIsMovedWithIt) {
  {
    auto opened = open();
    ASSERT_TRUE(opened.file.apply(rows_of("net", 0, 10)));
  }
  ASSERT_TRUE(std::filesystem::exists(path.string() + "-wal"));
  // The header, which the log holds too, stays; the log is as good as gone.
  std::ofstream(path, std::ios::trunc) << std::string(9000, 'x');
  std::ofstream(path.string() + "-wal", std::ios::trunc) << "x";
  const auto opened = open();
  EXPECT_EQ(opened.report.found, Report::Found::corrupt);
  EXPECT_TRUE(std::filesystem::exists(opened.report.moved_to.string() + "-wal"));
}

TEST_F(BookFileTest, ADirectoryInItsPlaceIsAnErrorAndStays) {
  std::filesystem::create_directory(path);
  EXPECT_EQ(BookFile::open(path, options_with(1), kBookNow).error().reason,
            conn::FileReason::path_invalid);
  EXPECT_TRUE(std::filesystem::is_directory(path));
  path = directory.path() / "no" / "such";
  EXPECT_EQ(BookFile::open(path, options_with(1), kBookNow).error().reason,
            conn::FileReason::missing);
}

TEST_F(BookFileTest, AnotherProgramsLockIsAnErrorAndMovesNothing) {
  make_book();
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE", nullptr,
                         nullptr, nullptr),
            SQLITE_OK);
  const auto opened = BookFile::open(path, options_with(1), kBookNow);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().reason, BookReason::book_in_use);
  sqlite3_close(other);
  EXPECT_EQ(contents().addresses.at("net").size(), 1000u);
}

TEST_F(BookFileTest, AFileThatIsReplacedUnderUsIsNoticed) {
  auto opened = open();
  EXPECT_TRUE(opened.file.in_place());
  std::filesystem::remove(path);
  EXPECT_FALSE(opened.file.in_place());
}

// Reading as a guest: what tools see while a node runs.

TEST_F(BookFileTest, AGuestReadsBesideTheWriterAndLeavesNoTrace) {
  Report report;
  EXPECT_EQ(BookFile::read(path, kBookNow, report).error().reason, BookReason::book_missing);
  EXPECT_TRUE(names().empty());
  {
    auto opened = open();
    ASSERT_TRUE(opened.file.apply(rows_of("net", 0, 10)));
    const auto before = names();
    EXPECT_EQ(BookFile::read(path, kBookNow, report)->addresses.at("net").size(), 10u);
    EXPECT_EQ(names(), before);
    ASSERT_TRUE(opened.file.apply(rows_of("net", 10, 20)));
    EXPECT_EQ(BookFile::read(path, kBookNow, report)->addresses.at("net").size(), 20u);
    ASSERT_TRUE(opened.file.close());
  }
  const auto before = names();
  EXPECT_EQ(BookFile::read(path, kBookNow, report)->addresses.at("net").size(), 20u);
  EXPECT_EQ(names(), before);
}

TEST_F(BookFileTest, AGuestReportsWhatItCannotReadAndMovesNothing) {
  Report report;
  make_book();
  forge("PRAGMA user_version = 99");
  EXPECT_EQ(BookFile::read(path, kBookNow, report).error().reason, BookReason::book_newer);
  forge("PRAGMA application_id = 42");
  EXPECT_EQ(BookFile::read(path, kBookNow, report).error().reason, BookReason::book_foreign);
  std::ofstream(path, std::ios::trunc) << std::string(5000, 'x');
  EXPECT_EQ(BookFile::read(path, kBookNow, report).error().reason, BookReason::book_corrupt);
  EXPECT_EQ(names(), (std::vector<std::string>{"addrbook.db", "addrbook.db.lock"}));
}

}  // namespace
}  // namespace peerage::addrbook
