#include "pex/discovery/record/rlp.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/hex.h"

namespace peerage::pex {
namespace {

using conn::Bytes;
using conn::to_hex;
using test::hex;

bool is_one_item(std::string_view text) {
  const Bytes bytes = hex(text);
  RlpReader reader(bytes);
  return reader.item() && reader.at_end();
}

// --- what is written, and read back ---

struct Item {
  Bytes plain;
  std::string encoded;
};
const std::vector<Item> kStrings = {
    {{}, "80"},
    {{0x00}, "00"},
    {{0x7f}, "7f"},
    {{0x80}, "8180"},
    {{'d', 'o', 'g'}, "83646f67"},
    {Bytes(55, 0xaa), "b7" + to_hex(Bytes(55, 0xaa))},
    {Bytes(56, 0xaa), "b838" + to_hex(Bytes(56, 0xaa))},
    {Bytes(255, 0xaa), "b8ff" + to_hex(Bytes(255, 0xaa))},
    {Bytes(256, 0xaa), "b90100" + to_hex(Bytes(256, 0xaa))},
    {Bytes(65536, 0xaa), "ba010000" + to_hex(Bytes(65536, 0xaa))},
};

TEST(Rlp, WritesAStringInTheShortestFormAndReadsIt) {
  for (const auto& [plain, encoded] : kStrings) {
    const Bytes written = RlpWriter().string(plain).take();
    EXPECT_EQ(to_hex(written), encoded);
    RlpReader reader(written);
    const auto read = reader.string();
    ASSERT_TRUE(read) << encoded.substr(0, 8);
    EXPECT_EQ(Bytes(read->begin(), read->end()), plain);
    EXPECT_TRUE(reader.at_end());
  }
}

TEST(Rlp, WritesANumberWithoutLeadingZerosAndReadsIt) {
  const std::pair<std::uint64_t, std::string_view> cases[] = {
      {0, "80"},
      {1, "01"},
      {127, "7f"},
      {128, "8180"},
      {30303, "82765f"},
      {65536, "83010000"},
      {std::uint64_t{1} << 56, "880100000000000000"},
      {std::numeric_limits<std::uint64_t>::max(), "88ffffffffffffffff"}};
  for (const auto& [value, encoded] : cases) {
    const Bytes written = RlpWriter().number(value).take();
    EXPECT_EQ(to_hex(written), encoded);
    EXPECT_EQ(RlpReader(written).number(), value);
  }
}

TEST(Rlp, WritesListsWithinListsAndReadsThem) {
  const Bytes written =
      RlpWriter().open().string("cat").open().close().open().number(5).close().close().take();
  EXPECT_EQ(to_hex(written), "c783636174c0c105");
  auto outer = RlpReader::list(written);
  ASSERT_TRUE(outer);
  EXPECT_EQ(conn::as_text(*outer->string()), "cat");
  EXPECT_TRUE(outer->list()->at_end());
  auto inner = outer->list();
  ASSERT_TRUE(inner);
  EXPECT_EQ(inner->number(), 5u);
  EXPECT_TRUE(outer->at_end());
}

TEST(Rlp, WritesListsOf55And56BytesInTheirForms) {
  for (const auto& [size, header] :
       {std::pair<std::size_t, std::string>{55, "f7"}, {56, "f838"}, {256, "f90100"}}) {
    RlpWriter writer;
    writer.open();
    for (std::size_t i = 0; i < size; ++i) writer.number(1);
    const Bytes written = writer.close().take();
    EXPECT_EQ(to_hex(written).substr(0, header.size()), header);
    EXPECT_EQ(written.size(), header.size() / 2 + size);
    EXPECT_EQ(RlpReader::list(written)->rest().size(), size);
  }
}

TEST(Rlp, AWriterThatHasListsOpenOrNoneToCloseIsADefect) {
  RlpWriter open;
  open.open();
  EXPECT_THROW((void)open.take(), std::logic_error);
  EXPECT_THROW(RlpWriter().close(), std::logic_error);
}

TEST(Rlp, AWriterBeginsAnewAfterItsBytesWereTaken) {
  RlpWriter writer;
  writer.number(1);
  EXPECT_EQ(to_hex(writer.take()), "01");
  writer.number(2);
  EXPECT_EQ(to_hex(writer.take()), "02");
}

// --- what is refused ---

TEST(Rlp, RefusesWhatIsNotInItsShortestForm) {
  EXPECT_FALSE(is_one_item("8100"));  // bytes below 80 stand for themselves
  EXPECT_FALSE(is_one_item("817f"));
  EXPECT_TRUE(is_one_item("8180"));
  EXPECT_FALSE(is_one_item("b800"));
  EXPECT_FALSE(is_one_item("b837" + to_hex(Bytes(55))));
  EXPECT_TRUE(is_one_item("b838" + to_hex(Bytes(56))));
  EXPECT_FALSE(is_one_item("b90038" + to_hex(Bytes(56))));  // a zero before the length
  EXPECT_FALSE(is_one_item("f800"));
  EXPECT_FALSE(is_one_item("f837" + to_hex(Bytes(55, 1))));
  EXPECT_TRUE(is_one_item("f838" + to_hex(Bytes(56, 1))));
  EXPECT_FALSE(is_one_item("f90038" + to_hex(Bytes(56, 1))));
}

TEST(Rlp, RefusesALengthBeyondWhatIsThere) {
  for (const std::string_view text : {"",
                                      "81",
                                      "82ff",
                                      "b7",
                                      "b8",
                                      "b838",
                                      "b9ff",
                                      "bf",
                                      "bfffffffffffffff",
                                      "bfffffffffffffffff",
                                      "bfffffffffffffffffffff",
                                      "c1",
                                      "c2ff",
                                      "f7",
                                      "f8",
                                      "f838",
                                      "ff",
                                      "ffffffffffffffffff",
                                      "ffffffffffffffffffffff",
                                      "ff8000000000000000",
                                      "bf000000000000000100"}) {
    EXPECT_FALSE(is_one_item(text)) << text;
  }
}

TEST(Rlp, RefusesEachItemThatIsCutAnywhere) {
  const Bytes whole = RlpWriter().open().string(Bytes(60, 1)).number(300).close().take();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(RlpReader::list(conn::ByteView(whole).first(size))) << size;
  }
  EXPECT_TRUE(RlpReader::list(whole));
}

TEST(Rlp, ANumberHasNoLeadingZerosAndAtMostEightBytes) {
  for (const std::string_view text : {"00", "820050", "820000", "8900ffffffffffffffff",
                                      "89010000000000000000", "c0", "c101", ""}) {
    const Bytes bytes = hex(text);
    EXPECT_EQ(RlpReader(bytes).number(), std::nullopt) << text;
  }
}

TEST(Rlp, ANumberIsAtMostWhatItsPlaceHolds) {
  const Bytes most = hex("82ffff"), beyond = hex("83010000");
  EXPECT_EQ(RlpReader(most).number(65535), 65535u);
  EXPECT_EQ(RlpReader(beyond).number(65535), std::nullopt);
  EXPECT_EQ(RlpReader(beyond).number(65536), 65536u);
}

TEST(Rlp, BytesOfAKnownNumberAreNoFewerAndNoMore) {
  const Bytes three = hex("83010203");
  EXPECT_EQ(RlpReader(three).bytes<3>(), (conn::ByteArray<3>{1, 2, 3}));
  EXPECT_EQ(RlpReader(three).bytes<2>(), std::nullopt);
  EXPECT_EQ(RlpReader(three).bytes<4>(), std::nullopt);
}

TEST(Rlp, AListIsNoStringAndAStringNoList) {
  const Bytes list = hex("c3010203"), string = hex("83010203");
  EXPECT_FALSE(RlpReader(list).string());
  EXPECT_FALSE(RlpReader(list).bytes<3>());
  EXPECT_FALSE(RlpReader(string).list());
  EXPECT_FALSE(RlpReader::list(string));
}

TEST(Rlp, WhatWasNotWhatWasAskedForIsStillThere) {
  const Bytes bytes = hex("c20102");
  RlpReader reader(bytes);
  EXPECT_FALSE(reader.string());
  EXPECT_FALSE(reader.number());
  EXPECT_FALSE(reader.bytes<2>());
  auto items = reader.list();
  ASSERT_TRUE(items);
  EXPECT_FALSE(items->list());
  EXPECT_FALSE(items->number(0));
  EXPECT_EQ(items->number(), 1u);
  EXPECT_EQ(items->number(), 2u);
  EXPECT_FALSE(items->item());
}

// --- what follows, and what is nested ---

TEST(Rlp, WhatFollowsAListIsHandedOver) {
  const Bytes bytes = hex("c101ffee");
  conn::ByteView after;
  ASSERT_TRUE(RlpReader::list(bytes, &after));
  EXPECT_EQ(to_hex(after), "ffee");
}

TEST(Rlp, SkipsAnItemByItsLengthHoweverDeepItIsNested) {
  RlpWriter writer;
  writer.open();
  for (int i = 0; i < 200; ++i) writer.open();
  for (int i = 0; i < 200; ++i) writer.close();
  const Bytes bytes = writer.number(7).close().take();
  auto items = RlpReader::list(bytes);
  ASSERT_TRUE(items);
  const auto nested = items->item();
  ASSERT_TRUE(nested);
  EXPECT_EQ(nested->kind, RlpItem::Kind::list);
  EXPECT_GT(nested->whole.size(), 200u);
  EXPECT_EQ(items->number(), 7u);
}

TEST(Rlp, AnItemKnowsItsPayloadAndItsWhole) {
  const Bytes bytes = hex("83010203c101");
  RlpReader reader(bytes);
  const auto string = reader.item();
  ASSERT_TRUE(string);
  EXPECT_EQ(string->kind, RlpItem::Kind::string);
  EXPECT_EQ(to_hex(string->payload), "010203");
  EXPECT_EQ(to_hex(string->whole), "83010203");
  const auto list = reader.item();
  ASSERT_TRUE(list);
  EXPECT_EQ(list->kind, RlpItem::Kind::list);
  EXPECT_EQ(to_hex(list->payload), "01");
  EXPECT_EQ(to_hex(list->whole), "c101");
}

}  // namespace
}  // namespace peerage::pex
