#include <algorithm>

#include <gtest/gtest.h>

#include "addrbook/json/file.h"
#include "addrbook/record/book_reason.h"
#include "tests/support/book_fixture.h"
#include "tests/support/vectors.h"

namespace peerage::addrbook {
namespace {

using test::kBookStart;

// A day after the recorded file was saved.
const Time kLater = std::chrono::floor<Seconds>(*conn::parse_rfc3339("2026-11-22T00:00:00Z"));

std::string sample() {
  return test::recorded_text("addrbook", "file_sample");
}

constexpr char kId[] = "4693bd77dbdd1646d1d4fdfd0599b2aa5f0eea23";

// A whole entry, with one part of it replaced.
std::string entry(const std::string& replace = "", const std::string& with = "") {
  std::string text = R"({"addr": {"id": "4693bd77dbdd1646d1d4fdfd0599b2aa5f0eea23",)"
                     R"( "ip": "5.6.7.8", "port": 26656},)"
                     R"( "src": {"id": "1601dbd6b6b40a8a58916d42c0b9a5c0a7f0126d",)"
                     R"( "ip": "8.8.8.8", "port": 26657},)"
                     R"( "buckets": [147], "attempts": 2, "bucket_type": 1,)"
                     R"( "last_attempt": "2026-11-21T01:41:40.85Z",)"
                     R"( "last_success": "0001-01-01T00:00:00Z",)"
                     R"( "last_ban_time": "0001-01-01T00:00:00Z"})";
  if (replace.empty()) return text;
  const std::size_t at = text.find(replace);
  EXPECT_NE(at, std::string::npos) << replace;
  return text.replace(at, replace.size(), with);
}

std::string book_of(const std::string& entries) {
  return "{\"key\": \"0123456789abcdef01234567\",\n\"addrs\": [" + entries + "]}";
}

JsonBook read(const std::string& text) {
  auto book = parse_json_book(text, kLater);
  EXPECT_TRUE(book) << book.error().text();
  return book ? std::move(*book) : JsonBook{};
}

// Why the only entry is left out; empty when it is not.
std::string why_bad(const std::string& text) {
  const JsonBook book = read(book_of(text));
  EXPECT_EQ(book.entries.size() + book.bad_count, 1u) << text;
  return book.bad.empty() ? "" : book.bad[0].why;
}

std::string refusal(const std::string& text) {
  const auto book = parse_json_book(text, kLater);
  EXPECT_FALSE(book) << text.substr(0, 100);
  if (book) return "";
  EXPECT_EQ(book.error().reason, BookReason::address_file_malformed);
  EXPECT_LT(book.error().detail.size(), 300u);
  return book.error().detail;
}

TEST(JsonReader, TheFileOfARealNodeIsUnderstood) {
  const JsonBook book = read(sample());
  EXPECT_EQ(book.key, "0123456789abcdef01234567");
  EXPECT_EQ(book.bad_count, 0u);
  ASSERT_EQ(book.entries.size(), 3u);
  const JsonEntry& good = book.entries[0];
  EXPECT_EQ(good.address.to_string(),
            "73a64f7844a94ef8e015accae1667e06f3127084@[2604:1380::1]:26658");
  EXPECT_EQ(good.source.to_string(), "1601dbd6b6b40a8a58916d42c0b9a5c0a7f0126d@8.8.8.8:26657");
  EXPECT_EQ(good.kind, Kind::tried);
  EXPECT_EQ(good.last_success, *conn::parse_rfc3339("2026-11-21T01:41:40.850813214Z"));
  EXPECT_EQ(good.buckets, std::vector<std::uint16_t>{19});
  const JsonEntry& tried = book.entries[1];
  EXPECT_EQ(tried.kind, Kind::new_);
  EXPECT_EQ(tried.attempts, 2u);
  EXPECT_EQ(tried.last_success, conn::kNoTimestamp);
}

TEST(JsonReader, AnEmptyBookIsABook) {
  const std::string text = test::recorded_text("addrbook", "file_sample_empty_book");
  EXPECT_TRUE(read(text).entries.empty());
  EXPECT_TRUE(read(R"({"key": "", "addrs": null})").entries.empty());
}

TEST(JsonReader, NothingThatIsReadLiesInTheFuture) {
  const auto book = parse_json_book(sample(), kBookStart);
  ASSERT_TRUE(book);
  for (const JsonEntry& each : book->entries) {
    EXPECT_LE(each.last_attempt, conn::to_timestamp(kBookStart));
    EXPECT_LE(each.last_success, conn::to_timestamp(kBookStart));
  }
}

TEST(JsonReader, AnInvalidEntryIsLeftOutAndItsFieldIsNamed) {
  const std::string id = std::string("\"") + kId + "\"";
  const auto time = [](const std::string& name) { return "\"" + name + "\": \"0001-01"; };
  EXPECT_EQ(why_bad(entry()), "");
  for (const auto& [replace, with, field] : std::vector<std::array<std::string, 3>>{
           {id, "\"abc\"", "addr.id"},
           {id, "\"0000000000000000000000000000000000000000\"", "addr.id"},
           {id, "17", "addr.id"},
           {id, "null", "addr.id"},
           {"\"id\": " + id + ",", "", "addr.id"},
           {"\"5.6.7.8\"", "\"5.6.7.256\"", "addr.ip"},
           {"\"5.6.7.8\"", "\"\"", "addr.ip"},
           {"\"5.6.7.8\"", "\"seed.example.org\"", "addr.ip"},
           {"\"5.6.7.8\"", "[5,6,7,8]", "addr.ip"},
           {"\"5.6.7.8\", \"port\": 26656", "\"5.6.7.8\"", "addr.port"},
           {"26656", "0", "addr.port"},
           {"26656", "65536", "addr.port"},
           {"26656", "-1", "addr.port"},
           {"26656", "26656.5", "addr.port"},
           {"26656", "\"26656\"", "addr.port"},
           {"26656", "18446744073709551616", "addr.port"},
           {"\"8.8.8.8\"", "\"8.8.8\"", "src.ip"},
           {"26657", "70000", "src.port"},
           {"[147]", "[]", "buckets"},
           {"[147]", "null", "buckets"},
           {"[147]", "[256]", "buckets"},
           {"[147]", "[-1]", "buckets"},
           {"[147]", "[\"1\"]", "buckets"},
           {"[147]", "[[1]]", "buckets"},
           {"[147]", "147", "buckets"},
           {"\"bucket_type\": 1", "\"bucket_type\": 2", "buckets"},
           {"\"bucket_type\": 1", "\"bucket_type\": 0", "bucket_type"},
           {"\"bucket_type\": 1", "\"bucket_type\": 3", "bucket_type"},
           {"\"bucket_type\": 1", "\"bucket_type\": \"new\"", "bucket_type"},
           {"\"bucket_type\": 1,", "", "bucket_type"},
           {"\"attempts\": 2", "\"attempts\": 2147483648", "attempts"},
           {"\"attempts\": 2", "\"attempts\": -2", "attempts"},
           {"\"attempts\": 2", "\"attempts\": 1e3", "attempts"},
           {"\"attempts\": 2", "\"attempts\": true", "attempts"},
           {"2026-11-21T01", "2026-11-31T01", "last_attempt"},
           {time("last_success"), "\"last_success\": \"0001-13", "last_success"},
           {time("last_ban_time"), "\"last_ban_time\": \"soon", "last_ban_time"},
           {"\"attempts\": 2", "\"attempts\": 2, \"attempts\": 3", "attempts stands there twice"},
           {"26656", "26656, \"port\": 1", "addr.port stands there twice"},
       }) {
    const std::string why = why_bad(entry(replace, with));
    EXPECT_TRUE(why.starts_with(field)) << with << ": " << why;
  }
  EXPECT_EQ(why_bad(R"({"addr": null})"), "addr is null");
  EXPECT_EQ(why_bad(R"({"addr": [1, {"a": 2}]})"), "addr is of the wrong type");
  EXPECT_EQ(why_bad("{}"), "addr is missing");
}

TEST(JsonReader, WhatIsNoEntryAtAllIsLeftOut) {
  for (const std::string text : {"null", "7", "\"text\"", "true", "-1.5", "[]", "[[{}]]"}) {
    EXPECT_EQ(why_bad(text), "it is no object") << text;
    // The same after a whole entry.
    const JsonBook book = read(book_of(entry() + "," + text + "," + entry()));
    EXPECT_EQ(book.entries.size(), 2u);
    EXPECT_EQ(book.bad_count, 1u);
  }
}

TEST(JsonReader, ASourceThatIsMissingIsTheAddressItself) {
  const std::string source =
      R"({"id": "1601dbd6b6b40a8a58916d42c0b9a5c0a7f0126d", "ip": "8.8.8.8", "port": 26657})";
  for (const std::string with : {"null", "{}", R"({"ip": ""})"}) {
    const JsonBook book = read(book_of(entry(source, with)));
    ASSERT_EQ(book.entries.size(), 1u) << with;
    EXPECT_EQ(book.entries[0].source, book.entries[0].address);
  }
  const JsonBook book = read(book_of(entry("1601dbd6b6b40a8a58916d42c0b9a5c0a7f0126d", "me")));
  ASSERT_EQ(book.entries.size(), 1u) << "the IP identifies the source";
  EXPECT_EQ(book.entries[0].source.endpoint.ip, test::ip("8.8.8.8"));
}

TEST(JsonReader, UnknownFieldsAreSkippedWhateverTheyHold) {
  const std::string odd = R"("odd": {"addr": 1, "a": [{"id": []}, null], "key": {}}, )";
  const std::string text = "{" + odd + R"("addrs": [)" + entry("\"addr\"", odd + "\"addr\"") + "," +
                           entry("\"ip\": \"5", odd + "\"ip\": \"5") + "]}";
  const JsonBook book = read(text);
  EXPECT_EQ(book.entries.size(), 2u);
  EXPECT_EQ(book.key, "");
}

TEST(JsonReader, BadEntriesAreCountedAndListedWithTheirLineUpToALimit) {
  std::string text = entry();
  for (int i = 0; i < 300; ++i) text += ",\n" + entry("26656", "0");
  const JsonBook book = read(book_of(text));
  EXPECT_EQ(book.entries.size(), 1u);
  EXPECT_EQ(book.bad_count, 300u);
  ASSERT_EQ(book.bad.size(), kMaxBadListed);
  EXPECT_EQ(book.bad[0].index, 1u);
  EXPECT_EQ(book.bad[0].line, 3u);
  EXPECT_EQ(book.bad[99].index, 100u);
  EXPECT_EQ(book.bad[99].line, 102u);
}

TEST(JsonReader, TextFromTheFileIsShownInPrintableForm) {
  EXPECT_EQ(why_bad(entry("5.6.7.8", "\\u001b[31m\xc3\xa9")),
            "addr.ip \"\\x1b[31m\\xc3\\xa9\" is no IP address");
}

TEST(JsonReader, TextThatIsNoBookIsRefusedWithLineAndColumn) {
  EXPECT_EQ(refusal("{\n  \"addrs\": [\n    oops\n").substr(0, 18), "line 3, column 5: ");
  EXPECT_EQ(refusal("").substr(0, 18), "line 1, column 0: ");
  for (const auto& [text, why] : std::vector<std::array<std::string, 2>>{
           {"", "unexpected end"},
           {"null", "no object"},
           {"7", "no object"},
           {"[]", "no object"},
           {"\"text\"", "no object"},
           {"{}", "no list"},
           {R"({"key": "a"})", "no list"},
           {R"({"addrs": {}})", "no list"},
           {R"({"addrs": 7})", "no list"},
           {R"({"addrs": "7"})", "no list"},
           {R"({"addrs": [], "addrs": []})", "twice"},
           {R"({"addrs": []} x)", "end of input"},
           {R"({"addrs": [1e999]})", "number overflow"},
           {"{\"addrs\": [\"\xff\"]}", "UTF-8"},
           {"{\"addrs\": [\"\xed\xa0\x80\"]}", "UTF-8"},
           {"{\"addrs\": [\"\x01\"]}", "control character"},
           {"SQLite format 3", "line 1"},
       }) {
    EXPECT_NE(refusal(text).find(why), std::string::npos) << text << ": " << refusal(text);
  }
}

TEST(JsonReader, DeepNestingIsRefusedBeforeItCosts) {
  for (const std::string unit : {"[", "{\"a\":"}) {
    std::string deep = R"({"addrs": [)";
    for (int i = 0; i < 1'000'000; ++i) deep += unit;
    EXPECT_NE(refusal(deep).find("nested too deeply"), std::string::npos);
  }
}

TEST(JsonReader, AHugeFileAndTooManyEntriesAreRefused) {
  EXPECT_NE(refusal(std::string(kMaxJsonFile + 1, ' ')).find("64 MiB"), std::string::npos);
  std::string many;
  for (std::size_t i = 0; i <= kMaxJsonEntries; ++i) many += i == 0 ? "1" : ",1";
  EXPECT_NE(refusal(book_of(many)).find("more than 1000000"), std::string::npos);
}

TEST(JsonReader, LongStringsAreReadAndShownInPart) {
  const std::string why = why_bad(entry("5.6.7.8", std::string(1u << 20, 'a')));
  EXPECT_TRUE(why.starts_with("addr.ip \"aaaa"));
  EXPECT_LT(why.size(), 150u);
  EXPECT_LT(refusal("{\"addrs\": [\"" + std::string(1u << 20, 'a')).size(), 300u);
}

TEST(JsonReader, AFileCutShortAnywhereIsRefused) {
  const std::string whole = sample();
  for (std::size_t i = 0; i < whole.size(); ++i) refusal(whole.substr(0, i));
}

TEST(JsonReader, NoFlippedBitDoesMoreThanItsEntryOrAPlainRefusal) {
  const std::string whole = sample();
  std::size_t refused = 0, read_with_bad = 0;
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string text = whole;
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
    const auto book = parse_json_book(text, kLater);
    if (!book) {
      ++refused;
      continue;
    }
    EXPECT_EQ(book->entries.size() + book->bad_count, 3u) << bit;
    EXPECT_LE(book->bad_count, 1u) << bit;
    read_with_bad += book->bad_count;
  }
  EXPECT_GT(refused, 1000u);
  EXPECT_GT(read_with_bad, 1000u);
}

TEST(JsonReader, TheBestEntriesComeFirst) {
  const auto made = [](std::uint32_t id, Kind kind, int success, std::uint32_t attempts) {
    JsonEntry each;
    each.address = test::address(id, "1.2.3.4");
    each.kind = kind;
    each.attempts = attempts;
    each.last_success = conn::Timestamp(std::chrono::seconds(success));
    return each;
  };
  std::vector<JsonEntry> entries = {made(5, Kind::new_, 0, 490), made(2, Kind::tried, 10, 0),
                                    made(4, Kind::new_, 0, 0), made(1, Kind::tried, 20, 9),
                                    made(3, Kind::new_, 30, 5)};
  best_first(entries);
  for (std::uint32_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(entries[i].address.id, test::numbered_id(i + 1)) << i;
  }
}

}  // namespace
}  // namespace peerage::addrbook
