#include "cmd/addrbook/takeover.h"

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cmd/addrbook/mirror.h"
#include "tests/support/book_rows.h"
#include "tests/support/files.h"

namespace peerage::cmd {
namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::uint8_t byte_of(std::size_t number) {
  return static_cast<std::uint8_t>(number);
}
std::uint16_t port_of(std::size_t number) {
  return static_cast<std::uint16_t>(1000 + number);
}

// What was said, as "LEVEL MESSAGE key=value".
class Said : public conn::LogSink {
 public:
  void write(const conn::LogRecord& record) noexcept override {
    all += std::string(name(record.level)) + " " + std::string(record.message);
    for (const auto& field : record.fields)
      all += " " + std::string(field.key) + "=" + field.value.text();
    all += "\n";
  }
  std::string all;
};

struct JsonTakeover : testing::Test {
  test::TemporaryDirectory folder;
  BookHome home{folder.path(), {}, {"net"}, folder / "addrbook.db", {}};
  std::filesystem::path json = folder / "addrbook.json";
  std::filesystem::path kept = folder / "addrbook.json.before-peerage";
  std::shared_ptr<Said> said = std::make_shared<Said>();

  // Of a comet node, with addresses in this /8.
  std::string put(int first_byte, std::size_t count = 3) const {
    std::vector<addrbook::JsonEntry> entries(count);
    for (std::size_t i = 0; i < count; ++i) {
      entries[i].address = {test::id_of(static_cast<std::size_t>(first_byte) * 1000 + i),
                            {conn::IpAddress::v4(static_cast<std::uint8_t>(first_byte),
                                                 static_cast<std::uint8_t>(i), 1, 1),
                             26656}};
      entries[i].source = entries[i].address;
      entries[i].buckets = {1};
    }
    const std::string text = addrbook::json_text(std::string(24, 'a'), entries);
    std::ofstream(json) << text;
    return text;
  }
  bool take_over() const {
    const conn::Log log(said);
    return take_over_json(home, "net", json, log);
  }
  addrbook::Contents contents() const {
    addrbook::Report report;
    auto contents = addrbook::BookFile::read(home.file, book_now(), report);
    EXPECT_TRUE(contents);
    return contents.value_or(addrbook::Contents{});
  }
  std::size_t known() const { return contents().addresses["net"].size(); }
  // As a node does it, which writes a new file.
  void mirror() const {
    auto now = contents();
    ASSERT_TRUE(
        addrbook::save_json_book(json, mirror_text(now.addresses["net"], now.key, book_now())));
  }
  bool has_said(const std::string& text) const { return said->all.find(text) != std::string::npos; }
};

TEST_F(JsonTakeover, WithoutAFileThereIsNothingToDo) {
  EXPECT_TRUE(take_over());
  EXPECT_EQ(folder.entries(), 0u);
  EXPECT_EQ(said->all, "");
}

TEST_F(JsonTakeover, TheFileIsKeptBesideTheOneThatFollows) {
  const std::string original = put(20);
  ASSERT_TRUE(take_over());
  EXPECT_EQ(known(), 3u);
  EXPECT_TRUE(has_said("info addresses taken over")) << said->all;
  EXPECT_FALSE(has_said("warn")) << said->all;
  mirror();
  EXPECT_EQ(text_of(kept), original);
  EXPECT_NE(text_of(json), original);
}

TEST_F(JsonTakeover, OurOwnFileIsNotTakenOver) {
  put(20);
  ASSERT_TRUE(take_over());
  mirror();
  ASSERT_TRUE(forget(home, test::id_of(20'000), "", book_now()));
  said->all.clear();
  EXPECT_TRUE(take_over());
  EXPECT_EQ(known(), 2u);
  EXPECT_EQ(said->all, "");
  EXPECT_EQ(folder.entries(), 4u) << "the book, its lock, the file and the original";
}

TEST_F(JsonTakeover, OneThatWasInterruptedIsMadeUpFor) {
  const std::string original = put(20);
  // Before the file was kept, and after it.
  ASSERT_TRUE(import_json(home, "net", json, book_now()));
  ASSERT_TRUE(take_over());
  ASSERT_TRUE(take_over());
  EXPECT_EQ(text_of(kept), original);
  EXPECT_FALSE(std::filesystem::exists(kept.native() + ".2"));
  EXPECT_EQ(known(), 3u);
}

TEST_F(JsonTakeover, WhatACometNodeMadeOfOurFileIsTakenOverAndKeptToo) {
  const std::string original = put(20);
  ASSERT_TRUE(take_over());
  mirror();
  // It keeps the key.
  auto book = addrbook::load_json_book(json, book_now());
  ASSERT_TRUE(book);
  book->entries[0].address.id = test::id_of(7);
  book->entries[0].address.endpoint.ip = conn::IpAddress::v4(30, 1, 1, 1);
  const std::string gone_on = addrbook::json_text(book->key, book->entries);
  std::ofstream(json) << gone_on;
  ASSERT_TRUE(take_over());
  EXPECT_EQ(known(), 4u);
  mirror();
  EXPECT_EQ(text_of(kept), original);
  EXPECT_EQ(text_of(kept.native() + ".2"), gone_on);
}

TEST_F(JsonTakeover, WhatIsLeftOutIsReportedWithItsReason) {
  put(20);
  auto book = addrbook::load_json_book(json, book_now());
  ASSERT_TRUE(book);
  book->entries[0].address.endpoint.ip = conn::IpAddress::v4(10, 1, 1, 1);
  std::ofstream(json) << addrbook::json_text(book->key, book->entries);
  EXPECT_TRUE(take_over());
  EXPECT_TRUE(has_said("warn some addresses could not be taken over")) << said->all;
  EXPECT_TRUE(has_said("left_out=1 mostly=1 unroutable: private")) << said->all;
}

TEST_F(JsonTakeover, AFileOfWhichNothingCouldBeTakenOverStaysAsItIs) {
  const std::string original = put(10, 18);
  EXPECT_FALSE(take_over());
  EXPECT_TRUE(has_said("warn no addresses could be taken over")) << said->all;
  EXPECT_TRUE(has_said("entries=18 why=18 unroutable")) << said->all;
  EXPECT_FALSE(std::filesystem::exists(kept));
  EXPECT_EQ(text_of(json), original);
  // Not for good.
  home.config.addr_book_strict = false;
  EXPECT_TRUE(take_over());
  EXPECT_EQ(known(), 18u);
}

// By the rules of the start that it is part of: an operator's own network is not cut down.
TEST_F(JsonTakeover, NetworksThatAreExemptFromTheCapsAreSoForATakeover) {
  std::vector<addrbook::JsonEntry> entries(40);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i].address = {test::id_of(i), {conn::IpAddress::v4(34, 1, 2, 1), port_of(i)}};
    // Told by many: one of them reaches few places with a group.
    entries[i].source = {test::id_of(100 + i), {conn::IpAddress::v4(77, byte_of(i), 1, 1), 26656}};
    entries[i].buckets = {1};
  }
  std::ofstream(json) << addrbook::json_text(std::string(24, 'a'), entries);
  const BookHome capped{folder.path(), {}, {"net"}, folder / "capped.db", {}};
  ASSERT_TRUE(import_json(capped, "net", json, book_now()));
  addrbook::Report report;
  const auto few = addrbook::BookFile::read(capped.file, book_now(), report);
  ASSERT_TRUE(few);
  EXPECT_LT(few->addresses.at("net").size(), 10u) << "else the test shows nothing";

  home.config.exempt_networks = {*conn::Cidr::parse("34.1.2.0/24")};
  EXPECT_TRUE(take_over());
  EXPECT_FALSE(has_said("too_many")) << said->all;
  EXPECT_GT(known(), 30u) << said->all;
}

TEST_F(JsonTakeover, AFileThatCannotBeReadStaysAsItIs) {
  const std::string original = put(20).substr(0, 100);
  std::ofstream(json) << original;
  EXPECT_FALSE(take_over());
  EXPECT_TRUE(has_said("no addresses could be taken over")) << said->all;
  EXPECT_EQ(text_of(json), original);
}

TEST_F(JsonTakeover, NoOriginalReplacesAnother) {
  std::ofstream(kept) << "somebody's";
  const std::string original = put(20);
  ASSERT_TRUE(take_over());
  mirror();
  EXPECT_EQ(text_of(kept), "somebody's");
  EXPECT_EQ(text_of(kept.native() + ".2"), original);
}

TEST_F(JsonTakeover, AFileThatCannotBeKeptStaysAsItIs) {
  std::ofstream(kept) << "1";
  for (int i = 2; i <= 9; ++i) std::ofstream(kept.native() + "." + std::to_string(i)) << i;
  put(20);
  EXPECT_FALSE(take_over());
  EXPECT_TRUE(has_said("warn the address file cannot be kept beside ours")) << said->all;
  EXPECT_EQ(known(), 3u);
}

TEST_F(JsonTakeover, OfASymbolicLinkTheFileItselfIsKept) {
  const std::string original = put(20);
  std::filesystem::rename(json, folder / "elsewhere");
  std::filesystem::create_symlink("elsewhere", json);
  ASSERT_TRUE(take_over());
  EXPECT_EQ(text_of(kept), original);
  EXPECT_FALSE(std::filesystem::is_symlink(kept));
}

TEST(JsonMirrorText, IsKnownByItsKeyAndItsEnd) {
  const addrbook::BookKey key{1}, other{2};
  const std::vector<addrbook::KnownAddress> rows = {test::row_of(4)};
  const std::string text = mirror_text(rows, key, test::kBookNow);
  EXPECT_TRUE(is_mirror(text, key));
  EXPECT_TRUE(is_mirror(mirror_text({}, key, test::kBookNow), key));
  EXPECT_FALSE(is_mirror(text, other));
  EXPECT_FALSE(is_mirror(text.substr(0, text.size() - 1), key));
  EXPECT_FALSE(is_mirror("", key));
  EXPECT_TRUE(addrbook::parse_json_book(text, test::kBookNow));
}

}  // namespace
}  // namespace peerage::cmd
