#include "addrbook/json/file.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "addrbook/record/book_reason.h"
#include "conn/base/file_reason.h"
#include "tests/support/book_fixture.h"
#include "tests/support/vectors.h"

namespace peerage::addrbook {
namespace {

using test::address;
using test::kBookStart;

constexpr char kKey[] = "0123456789abcdef01234567";
const Time kNow = std::chrono::floor<Seconds>(*conn::parse_rfc3339("2026-11-22T00:00:00Z"));

KnownAddress known(const conn::NetAddress& address, std::string_view source = "8.8.8.8") {
  KnownAddress each;
  each.address = address;
  each.source = test::ip(source);
  each.first_seen = each.last_seen = kNow - Seconds(100);
  return each;
}

KnownAddress verified(const conn::NetAddress& address, Kind kind = Kind::tried) {
  KnownAddress each = known(address);
  each.kind = kind;
  each.last_attempt = each.last_connected = each.last_verified = kNow - Seconds(60);
  each.attempts = 40;
  return each;
}

std::vector<JsonEntry> chosen(const std::vector<KnownAddress>& rows) {
  return choose_for_json(rows, kKey, kNow).entries;
}

TEST(JsonFile, TheFileOfARealNodeIsWrittenAgainToTheByte) {
  for (const char* name : {"file_sample", "file_sample_empty_book"}) {
    const std::string text = test::recorded_text("addrbook", name);
    const auto book = parse_json_book(text, kNow);
    ASSERT_TRUE(book) << book.error().text();
    EXPECT_EQ(json_text(book->key, book->entries), text);
  }
}

TEST(JsonFile, AnEntryInSeveralBucketsReadsAsTheGoNodeWritesIt) {
  JsonEntry entry;
  entry.address = entry.source = address(1, "1.2.3.4");
  entry.buckets = {3, 200};
  EXPECT_NE(json_text(kKey, {entry}).find("\"buckets\": [\n\t\t\t\t3,\n\t\t\t\t200\n\t\t\t],"),
            std::string::npos);
}

TEST(JsonFile, WhatIsExportedCanBeImported) {
  std::vector<KnownAddress> rows;
  for (std::uint32_t i = 0; i < 500; ++i) {
    rows.push_back(i % 3 == 0 ? verified(test::scattered(i)) : known(test::scattered(i)));
  }
  rows.push_back(known(address(7, "2604:1380::1"), "2001:470::1"));
  const Exported exported = choose_for_json(rows, kKey, kNow);
  EXPECT_EQ(exported.left_out, 0u);
  const auto book = parse_json_book(export_text(rows, kKey, kNow), kNow);
  ASSERT_TRUE(book) << book.error().text();
  EXPECT_EQ(book->key, kKey);
  EXPECT_EQ(book->bad_count, 0u);
  EXPECT_EQ(book->entries, exported.entries);
}

TEST(JsonFile, AttemptsAndTimesAreThoseOfTheAddress) {
  KnownAddress failing = verified(address(1, "1.2.3.4"), Kind::new_);
  failing.failures = 3;
  failing.last_attempt = kNow - Seconds(5);
  const JsonEntry entry = chosen({failing}).at(0);
  EXPECT_EQ(entry.attempts, 3u) << "since it last answered";
  EXPECT_EQ(entry.last_attempt, conn::to_timestamp(kNow - Seconds(5)));
  EXPECT_EQ(entry.last_success, conn::to_timestamp(kNow - Seconds(60)));
  EXPECT_EQ(entry.kind, Kind::new_);

  const JsonEntry unheard = chosen({known(address(2, "1.2.3.5"))}).at(0);
  EXPECT_EQ(unheard.attempts, 0u);
  EXPECT_EQ(unheard.last_success, conn::kNoTimestamp);
  EXPECT_EQ(unheard.last_attempt, conn::to_timestamp(kNow - Seconds(100)))
      << "when it was heard of";
}

TEST(JsonFile, TheCountOfAttemptsFitsTheGoNodesType) {
  KnownAddress row = known(address(1, "1.2.3.4"));
  row.failures = 4'000'000'000;
  EXPECT_EQ(chosen({row}).at(0).attempts, 2'147'483'647u);
}

TEST(JsonFile, TheSourceIsTheIpAloneUnlessItWasTheAddressItself) {
  const JsonEntry told = chosen({known(address(1, "1.2.3.4"), "9.9.9.9")}).at(0);
  EXPECT_EQ(told.source, (conn::NetAddress{{}, {test::ip("9.9.9.9"), 0}}));
  const JsonEntry itself = chosen({known(address(1, "1.2.3.4"), "1.2.3.4")}).at(0);
  EXPECT_EQ(itself.source, itself.address);
}

TEST(JsonFile, AnIdHasOneAddressTheProvenOneOrElseTheOneSeenLast) {
  KnownAddress proven = verified(address(1, "1.1.1.1"), Kind::new_);
  KnownAddress rumour = known(address(1, "1.1.1.2"));
  rumour.last_seen = kNow;
  KnownAddress older = known(address(2, "2.2.2.1")), newer = known(address(2, "2.2.2.2"));
  newer.last_seen = kNow;
  for (const auto& rows :
       {std::vector{proven, rumour, older, newer}, std::vector{newer, older, rumour, proven}}) {
    const Exported exported = choose_for_json(rows, kKey, kNow);
    EXPECT_EQ(exported.left_out, 2u);
    ASSERT_EQ(exported.entries.size(), 2u);
    EXPECT_EQ(exported.entries[0].address, proven.address);
    EXPECT_EQ(exported.entries[1].address, newer.address);
  }
}

TEST(JsonFile, WhatRestsIsLeftOut) {
  KnownAddress resting = known(address(1, "1.1.1.1")), rested = known(address(2, "1.1.1.2"));
  resting.bad_until = kNow + Seconds(1);
  rested.bad_until = kNow;
  const Exported exported = choose_for_json(std::vector{resting, rested}, kKey, kNow);
  ASSERT_EQ(exported.entries.size(), 1u);
  EXPECT_EQ(exported.entries[0].address, rested.address);
  EXPECT_EQ(exported.left_out, 1u);
}

// How many entries are in each bucket, by kind.
std::map<std::pair<Kind, std::uint16_t>, std::size_t> filling(
    const std::vector<JsonEntry>& entries) {
  std::map<std::pair<Kind, std::uint16_t>, std::size_t> counts;
  for (const JsonEntry& each : entries) {
    EXPECT_EQ(each.buckets.size(), 1u);
    EXPECT_LT(each.buckets[0], each.kind == Kind::tried ? kCometOldBuckets : kCometNewBuckets);
    ++counts[{each.kind, each.buckets[0]}];
  }
  return counts;
}

TEST(JsonFile, AFullBookFillsTheGoNodesBucketsAndNoneBeyondItsSize) {
  std::vector<KnownAddress> rows;
  for (std::uint32_t i = 0; i < 25'000; ++i) {
    rows.push_back(i < 5000 ? verified(test::scattered(i)) : known(test::scattered(i)));
  }
  const Exported exported = choose_for_json(rows, kKey, kNow);
  EXPECT_EQ(exported.entries.size(), (64u + 256u) * 64u);
  EXPECT_EQ(exported.left_out, 25'000u - exported.entries.size());
  for (const auto& [bucket, count] : filling(exported.entries)) EXPECT_EQ(count, 64u);
  // All tried ones are in it, though the Go node has no room for all of them as old ones.
  std::set<conn::NetAddress> written;
  for (const JsonEntry& each : exported.entries) written.insert(each.address);
  for (std::size_t i = 0; i < 5000; ++i) EXPECT_TRUE(written.contains(rows[i].address));
}

TEST(JsonFile, AFewAddressesSpreadOverManyBuckets) {
  std::vector<KnownAddress> rows;
  for (std::uint32_t i = 0; i < 256; ++i) rows.push_back(known(test::scattered(i)));
  EXPECT_GT(filling(chosen(rows)).size(), 130u);
}

TEST(JsonFile, TheSameBookGivesTheSameTextInWhateverOrderItsRowsCome) {
  std::vector<KnownAddress> rows;
  for (std::uint32_t i = 0; i < 300; ++i) rows.push_back(known(test::scattered(i)));
  const std::string text = export_text(rows, kKey, kNow);
  std::reverse(rows.begin(), rows.end());
  EXPECT_EQ(export_text(rows, kKey, kNow), text);
}

TEST(JsonFile, TheKeyIsTheBooksOwnAndDoesNotShowIt) {
  const std::string key = json_key(test::book_key(1));
  EXPECT_EQ(key.size(), 24u);
  EXPECT_TRUE(conn::from_hex(key));
  EXPECT_EQ(json_key(test::book_key(1)), key);
  EXPECT_NE(json_key(test::book_key(2)), key);
  EXPECT_EQ(conn::to_hex(test::book_key(1)).find(key.substr(0, 8)), std::string::npos);
}

class JsonOnDisk : public ::testing::Test {
 protected:
  JsonOnDisk() {
    std::string name = ::testing::TempDir() + "peerage_json_XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~JsonOnDisk() override { std::filesystem::remove_all(folder_); }

  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_),
                                                  std::filesystem::directory_iterator()));
  }
  static std::string content(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::filesystem::path folder_;
};

TEST_F(JsonOnDisk, AFileIsReplacedAsAWholeAndMayBeReadByAll) {
  const auto path = folder_ / "addrbook.json";
  const mode_t before = ::umask(022);
  ASSERT_TRUE(save_json_book(path, "first, and longer"));
  ASSERT_TRUE(save_json_book(path, "second"));
  ::umask(before);
  EXPECT_EQ(content(path), "second");
  EXPECT_EQ(files(), 1u);
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0644u);
}

TEST_F(JsonOnDisk, AnErrorLeavesTheOldFileAndNothingElse) {
  // A directory in the file's place cannot be replaced, even by root.
  const auto path = folder_ / "addrbook.json";
  std::filesystem::create_directories(path / "inside");
  const auto saved = save_json_book(path, "text");
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().reason, conn::FileReason::path_invalid);
  EXPECT_TRUE(std::filesystem::is_directory(path / "inside"));
  EXPECT_EQ(files(), 1u);
  EXPECT_FALSE(save_json_book(folder_ / "missing" / "addrbook.json", "text"));
}

TEST_F(JsonOnDisk, WhatWasSavedIsLoaded) {
  const auto path = folder_ / "addrbook.json";
  const std::vector rows = {known(address(1, "1.2.3.4"))};
  ASSERT_TRUE(save_json_book(path, export_text(rows, kKey, kNow)));
  const auto book = load_json_book(path, kNow);
  ASSERT_TRUE(book) << book.error().text();
  EXPECT_EQ(book->entries, chosen(rows));
}

TEST_F(JsonOnDisk, AFileThatCannotBeReadIsNamed) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  for (const auto& path : {folder_ / "missing", folder_, folder_ / "pipe"}) {
    const auto book = load_json_book(path, kNow);
    ASSERT_FALSE(book);
    EXPECT_EQ(book.error().reason, BookReason::address_file_unreadable);
    EXPECT_NE(book.error().detail.find(path.string()), std::string::npos);
  }
  ASSERT_TRUE(save_json_book(folder_ / "bad.json", "{\n\n  ]"));
  const auto book = load_json_book(folder_ / "bad.json", kNow);
  ASSERT_FALSE(book);
  EXPECT_EQ(book.error().reason, BookReason::address_file_malformed);
  EXPECT_NE(book.error().detail.find("bad.json: line 3, column 3: "), std::string::npos);
}

TEST_F(JsonOnDisk, AFileWithoutEndIsNotReadToItsEnd) {
  std::ofstream(folder_ / "huge.json") << "{";
  std::filesystem::resize_file(folder_ / "huge.json", std::uintmax_t{1} << 40);  // sparse
  const auto book = load_json_book(folder_ / "huge.json", kNow);
  ASSERT_FALSE(book);
  EXPECT_NE(book.error().detail.find("64 MiB"), std::string::npos);
}

// What a file claims makes no address tried, and proves nothing.
class Import : public test::BookTest {};

TEST_F(Import, AnImportedAddressIsNewAndNeverDialled) {
  const auto book_file = parse_json_book(test::recorded_text("addrbook", "file_sample"), kNow);
  ASSERT_TRUE(book_file);
  for (const JsonEntry& entry : book_file->entries) {
    const Source source{entry.source.endpoint.ip, entry.source.id, Origin::import};
    EXPECT_EQ(book.add(entry.address, source, now), Added::added);
    const KnownAddress* row = book.find(entry.address);
    ASSERT_NE(row, nullptr);
    EXPECT_EQ(row->kind, Kind::new_);
    EXPECT_EQ(row->source, test::ip("8.8.8.8"));
    EXPECT_EQ(row->last_connected, kNever);
    EXPECT_EQ(row->last_verified, kNever);
  }
  EXPECT_EQ(book.size_of(Kind::new_), 3u);
  EXPECT_TRUE(book.verified_selection(now).empty());
}

}  // namespace
}  // namespace peerage::addrbook
