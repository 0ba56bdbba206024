#include "conn/base/varint.h"

#include <limits>

#include <gtest/gtest.h>

namespace peerage::conn {
namespace {

TEST(Varint, WhatIsWrittenIsReadBack) {
  for (const std::uint64_t value :
       {0ull, 1ull, 127ull, 128ull, 16383ull, 16384ull, 1ull << 35, ~0ull}) {
    ByteArray<kMaxVarint> bytes;
    const std::size_t size = write_varint(bytes.data(), value);
    EXPECT_EQ(size, varint_size(value));
    const Varint read = read_varint(ByteView(bytes).first(size));
    EXPECT_EQ(read.status, VarintStatus::ok);
    EXPECT_EQ(read.value, value);
    EXPECT_EQ(read.size, size);
  }
}

TEST(Varint, OneThatIsCutOffIsIncomplete) {
  EXPECT_EQ(read_varint({}).status, VarintStatus::incomplete);
  EXPECT_EQ(read_varint(Bytes(9, 0xff)).status, VarintStatus::incomplete);
}

TEST(Varint, OneThatDoesNotFit64BitsOverflowsAtItsTenthByte) {
  Bytes bytes(9, 0xff);
  bytes.push_back(0x01);
  EXPECT_EQ(read_varint(bytes).value, std::numeric_limits<std::uint64_t>::max());
  bytes.back() = 0x02;
  EXPECT_EQ(read_varint(bytes).status, VarintStatus::overflow);
  EXPECT_EQ(read_varint(Bytes(11, 0xff)).status, VarintStatus::overflow);
}

TEST(Varint, TheShortestFormIsNotRequired) {
  const Varint read = read_varint(Bytes{0x89, 0x00});
  EXPECT_EQ(read.value, 9u);
  EXPECT_EQ(read.size, 2u);
}

TEST(Varint, ADelimitedMessageBeginsWithItsLength) {
  EXPECT_EQ(to_hex(delimited(Bytes{})), "00");
  EXPECT_EQ(to_hex(delimited(Bytes{0xaa, 0xbb})), "02aabb");
  EXPECT_EQ(to_hex(delimited(Bytes(200, 0))).substr(0, 4), "c801");
}

}  // namespace
}  // namespace peerage::conn
