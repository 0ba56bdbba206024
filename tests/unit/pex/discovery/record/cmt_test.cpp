#include "pex/discovery/record/cmt.h"

#include <gtest/gtest.h>

#include "pex/discovery/record/rlp.h"
#include "tests/support/secp256k1_keys.h"

namespace peerage::pex {
namespace {

using conn::Bytes;
using test::hex;

const std::string kNodeId = "94000102030405060708090a0b0c0d0e0f10111213";
const std::string kNetwork = "8a746573742d636861696e";  // test-chain
const std::string kPort = "826820";                     // 26656

std::string list(std::string_view items) {
  return conn::to_hex(RlpWriter().open().raw(hex(items)).close().take());
}
std::optional<Cmt> decode(const std::string& text) {
  return Cmt::decode(hex(text));
}

TEST(Cmt, NamesANodeItsNetworkAndItsPort) {
  const auto cmt = decode(list(kNodeId + kNetwork + kPort));
  ASSERT_TRUE(cmt);
  EXPECT_EQ(cmt->node_id.to_string(), "000102030405060708090a0b0c0d0e0f10111213");
  EXPECT_EQ(cmt->networks, std::vector<std::string>{"test-chain"});
  EXPECT_EQ(cmt->port, 26656);
  EXPECT_EQ(conn::to_hex(cmt->encode()), list(kNodeId + kNetwork + kPort));
}

TEST(Cmt, MayHavePort0WhichMeansThatOfTheTcpPair) {
  EXPECT_EQ(decode(list(kNodeId + kNetwork + "80"))->port, 0);
  EXPECT_EQ(decode(list(kNodeId + kNetwork + "82ffff"))->port, 65535);
}

TEST(Cmt, MayNameFurtherNetworks) {
  const auto cmt = decode(list(kNodeId + kNetwork + kPort + "83616263" + "78"));
  ASSERT_TRUE(cmt);
  EXPECT_EQ(cmt->networks, (std::vector<std::string>{"test-chain", "abc", "x"}));
  EXPECT_EQ(Cmt::decode(cmt->encode()), cmt);
}

TEST(Cmt, IgnoresFurtherElementsThatAreNoNetworks) {
  const std::string too_long = "b3" + conn::to_hex(Bytes(51, 'a'));
  const auto cmt =
      decode(list(kNodeId + kNetwork + kPort + "80" + "c101" + too_long + "820a61" + "83616263"));
  ASSERT_TRUE(cmt);
  EXPECT_EQ(cmt->networks, (std::vector<std::string>{"test-chain", "abc"}));
}

TEST(Cmt, HasANetworkOf1To50PrintableAsciiCharacters) {
  const auto with = [](std::string_view network) {
    RlpWriter writer;
    writer.open().raw(hex(kNodeId)).string(network).number(1).close();
    return Cmt::decode(writer.take()).has_value();
  };
  EXPECT_TRUE(with("a"));
  EXPECT_TRUE(with(" ~"));
  EXPECT_TRUE(with(std::string(50, 'a')));
  EXPECT_FALSE(with(std::string(51, 'a')));
  EXPECT_FALSE(with(""));
  EXPECT_FALSE(with("a\x1f"));
  EXPECT_FALSE(with("a\x7f"));
  EXPECT_FALSE(with("caf\xc3\xa9"));
  EXPECT_FALSE(with(std::string_view("a\0b", 3)));
}

TEST(Cmt, OfAnyOtherFormIsNone) {
  const std::string wrong[] = {
      "",
      "80",
      "c0",
      list(kNodeId),
      list(kNodeId + kNetwork),
      // an ID of 19 and of 21 bytes, and one that is a list
      list("93" + std::string(38, '0') + kNetwork + kPort),
      list("95" + std::string(42, '0') + kNetwork + kPort),
      list("d4" + std::string(40, '0') + kNetwork + kPort),
      // a network that is a list; ports of 3 bytes, with a leading zero, and a list
      list(kNodeId + "c0" + kPort),
      list(kNodeId + kNetwork + "83010000"),
      list(kNodeId + kNetwork + "820001"),
      list(kNodeId + kNetwork + "00"),
      list(kNodeId + kNetwork + "c0"),
      // a string in the place of the list, what follows it, and an item that is cut
      conn::to_hex(RlpWriter().string(hex(kNodeId + kNetwork + kPort)).take()),
      list(kNodeId + kNetwork + kPort) + "00",
      list(kNodeId + kNetwork + kPort + "83"),
  };
  for (const std::string& text : wrong) EXPECT_EQ(decode(text), std::nullopt) << text;
}

TEST(Cmt, NestedTwoHundredDeepIsNoneAndAsAFurtherElementIsIgnored) {
  RlpWriter nested;
  for (int i = 0; i < 200; ++i) nested.open();
  for (int i = 0; i < 200; ++i) nested.close();
  const std::string deep = conn::to_hex(nested.take());
  EXPECT_EQ(decode(deep), std::nullopt);
  EXPECT_TRUE(decode(list(kNodeId + kNetwork + kPort + deep)));
}

TEST(Cmt, OfAnyWrongFormLeavesTheRecordGood) {
  const auto key = test::secp256k1_key(1);
  // The last one looks nested 150 deep, and is cut at every depth.
  for (const std::string& value :
       {std::string("80"), std::string("c0"), list(kNodeId), list(kNodeId + kNetwork + "83010000"),
        "f896" + conn::to_hex(Bytes(150, 0xc1))}) {
    const auto made = EnrBuilder().set("cmt", hex(value)).sign(key, 1, kMaxEnrBytes);
    ASSERT_TRUE(made) << value;
    const auto record = Enr::decode((*made)->bytes());
    ASSERT_TRUE(record) << value;
    EXPECT_EQ(Cmt::of(**record), std::nullopt) << value;
  }
  EXPECT_EQ(Cmt::of(**EnrBuilder().sign(key, 1)), std::nullopt);
}

}  // namespace
}  // namespace peerage::pex
