// A book where the file system has no shared memory, or no locks; and what a kill leaves of one.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "addrbook/file/book_file.h"
#include "addrbook/file/own_file.h"
#include "addrbook/file/sqlite.h"
#include "addrbook/record/book_reason.h"
#include "conn/base/file_reason.h"
#include "tests/support/book_rows.h"
#include "tests/support/faulty_vfs.h"
#include "tests/support/files.h"

namespace peerage::addrbook {
namespace {

using conn::FileReason;
using Kept = Report::Kept;
using test::Fault;
using test::FaultyVfs;
using test::kBookNow;
using test::rows_of;

struct PoorFileSystem : testing::Test {
  const test::TemporaryDirectory directory;
  const std::filesystem::path path = directory / "addrbook.db";

  PoorFileSystem() { FaultyVfs::make_default(FaultyVfs::Syncing::done); }
  ~PoorFileSystem() override { FaultyVfs::mend(directory.path()); }

  void has(Fault fault) const { FaultyVfs::spoil(directory.path(), fault); }
  void is_rich() const { FaultyVfs::mend(directory.path()); }
  conn::Result<BookFile::Opened> open() const {
    auto options = test::options_with(1, FaultyVfs::name());
    options.patience_ms = 0;
    return BookFile::open(path, options, kBookNow);
  }
  // A book of `rows` rows, closed; or left as by a kill.
  enum class End { closed, killed };
  void make_book(std::size_t rows, End end = End::closed) const {
    auto opened = open();
    ASSERT_TRUE(opened) << opened.error().text();
    ASSERT_TRUE(opened->file.apply(rows_of("net", 0, rows)));
    if (end == End::closed) {
      ASSERT_TRUE(opened->file.close());
    }
  }
  // As `peerage addrbook` sees it.
  conn::Result<std::size_t> rows_for_a_reader() const {
    Report report;
    const auto contents = BookFile::read(path, kBookNow, report);
    if (!contents) return tl::unexpected(contents.error());
    const auto rows = contents->addresses.find("net");
    return rows == contents->addresses.end() ? 0 : rows->second.size();
  }
  bool there(const char* suffix) const {
    return std::filesystem::exists(with_suffix(path, suffix));
  }
};

TEST_F(PoorFileSystem, WithoutSharedMemoryANewBookIsKeptByAJournalAndSaysSo) {
  has(Fault::no_shared_memory);
  {
    auto opened = open();
    ASSERT_TRUE(opened) << opened.error().text();
    EXPECT_EQ(opened->report.found, Report::Found::nothing);
    EXPECT_EQ(opened->report.kept, Kept::by_journal);
    ASSERT_TRUE(opened->file.apply(rows_of("net", 0, 50)));
    EXPECT_EQ(rows_for_a_reader(), 50u) << "beside the node";
    EXPECT_FALSE(there("-wal") || there("-shm"));
    ASSERT_TRUE(opened->file.close());
  }
  const auto again = open();
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->report.found, Report::Found::book);
  EXPECT_EQ(again->report.kept, Kept::by_journal) << "each start says so";
  EXPECT_EQ(rows_for_a_reader(), 50u);
}

TEST_F(PoorFileSystem, ABookThatWasWrittenElsewhereIsTakenWithAllThatItsLogHolds) {
  make_book(20);
  make_book(50, End::killed);
  has(Fault::no_shared_memory);
  const auto opened = open();
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->report.found, Report::Found::book);
  EXPECT_EQ(opened->report.kept, Kept::by_journal);
  EXPECT_EQ(rows_for_a_reader(), 50u);
  EXPECT_FALSE(there("-wal") || there("-shm"));
}

TEST_F(PoorFileSystem, ABookHasALogAgainWhereThereIsSharedMemory) {
  has(Fault::no_shared_memory);
  make_book(30);
  is_rich();
  const auto opened = open();
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->report.kept, Kept::by_log);
  EXPECT_EQ(rows_for_a_reader(), 30u);
}

// A node that was killed between writing that the file has a log and finding that it cannot.
TEST_F(PoorFileSystem, AStartThatWasKilledWhileItFoundOutIsMadeUpFor) {
  has(Fault::no_shared_memory);
  make_book(30);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &other), SQLITE_OK);
  sqlite3_exec(other, "PRAGMA journal_mode = WAL", nullptr, nullptr, nullptr);
  sqlite3_close(other);
  const auto opened = open();
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->report.found, Report::Found::book);
  EXPECT_EQ(rows_for_a_reader(), 30u);
}

TEST_F(PoorFileSystem, AReaderOfALogThatItCannotReadSaysWhy) {
  make_book(20);
  auto opened = open();
  ASSERT_TRUE(opened);
  ASSERT_TRUE(opened->file.apply(rows_of("net", 20, 40)));
  const test::TemporaryDirectory copy;
  for (const char* suffix : {"", "-wal"}) {
    std::filesystem::copy_file(with_suffix(path, suffix),
                               with_suffix(copy / "addrbook.db", suffix));
  }
  FaultyVfs::spoil(copy.path(), Fault::no_shared_memory);
  Report report;
  const auto read = BookFile::read(copy / "addrbook.db", kBookNow, report);
  FaultyVfs::mend(copy.path());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().reason, FileReason::no_shared_memory);
}

TEST_F(PoorFileSystem, AReaderAndTheNodeWaitForEachOtherWithoutALog) {
  has(Fault::no_shared_memory);
  auto opened = open();
  ASSERT_TRUE(opened);
  ASSERT_TRUE(opened->file.apply(rows_of("net", 0, 10)));
  sqlite3* reader = nullptr;
  ASSERT_EQ(sqlite3_open_v2(path.c_str(), &reader, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  sqlite3_exec(reader, "BEGIN; SELECT * FROM address", nullptr, nullptr, nullptr);
  const auto kept_out = opened->file.apply(rows_of("net", 10, 20));
  ASSERT_FALSE(kept_out);
  EXPECT_EQ(kept_out.error().reason, BookReason::book_in_use);
  sqlite3_exec(reader, "COMMIT", nullptr, nullptr, nullptr);
  sqlite3_close(reader);
  EXPECT_TRUE(opened->file.apply(rows_of("net", 10, 20))) << "nothing was lost by it";
}

TEST_F(PoorFileSystem, WithoutLocksItIsRefusedWithThatReasonAndWithTheDirectory) {
  make_book(5);
  has(Fault::no_locks);
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().reason, FileReason::no_locks);
  EXPECT_NE(opened.error().detail.find("the file system of " + directory.path().string() +
                                       " gives no locks"),
            std::string::npos)
      << opened.error().text();
  EXPECT_NE(hint(opened.error().reason).find("put `book_file` on a local disk"), std::string::npos);
  is_rich();
  EXPECT_EQ(open()->report.found, Report::Found::book) << "nothing was moved";
}

TEST(FileReasons, NoneAdvisesToMakeSpaceButThatOfAFullDisk) {
  for (const auto& module : conn::ReasonModule::all()) {
    for (const conn::ReasonText& text : module) {
      EXPECT_EQ(text.hint.find("free space") != std::string::npos, text.name == "disk_full")
          << text.name;
    }
  }
}

// --- what a kill leaves ---

struct Leftovers : PoorFileSystem {
  void put(const std::string& name) const { std::ofstream(directory.path() / name) << "left"; }
  bool is_there(const std::string& name) const {
    return std::filesystem::exists(directory.path() / name);
  }
};

TEST_F(Leftovers, OfAMoveAsideThatWasKilledGoAndNothingElseDoes) {
  make_book(5);
  const std::vector<std::string> left = {"addrbook.db.corrupt-20261121T101500Z-wal",
                                         "addrbook.db.foreign-20261121T101500Z-2-shm",
                                         "addrbook.db.newer-20261121T101500Z-journal"};
  const std::vector<std::string> others = {
      "addrbook.db.corrupt-20261121T101500Z-2",      // what was moved aside
      "addrbook.db.corrupt-20261121T101500Z-2-wal",  // and its log
      "addrbook.db.corrupt-20261121-wal",
      "addrbook.db.mine-20261121T101500Z-wal",
      "other.db.corrupt-20261121T101500Z-wal",
      "addrbook.db.corrupt-20261121T101500Z-x-wal",
      "addrbook.db.backup-wal",
      "addrbook.db-wal2"};
  for (const auto& names : {left, others}) {
    for (const std::string& each : names) put(each);
  }
  ASSERT_TRUE(open());
  for (const std::string& each : left) EXPECT_FALSE(is_there(each)) << each;
  for (const std::string& each : others) EXPECT_TRUE(is_there(each)) << each;
}

TEST_F(Leftovers, OfARemovalThatWasKilledAreNotTheLogOfTheNextBook) {
  make_book(20, End::killed);
  const std::string log = with_suffix(path, "-wal").string();
  std::filesystem::copy_file(log, directory / "log");
  std::filesystem::remove(path);
  std::filesystem::remove(log);
  std::filesystem::rename(directory / "log", log);
  auto opened = open();
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->report.found, Report::Found::nothing);
  const auto contents = opened->file.load(kBookNow, opened->report);
  ASSERT_TRUE(contents);
  EXPECT_TRUE(contents->addresses.empty());
}

}  // namespace
}  // namespace peerage::addrbook
