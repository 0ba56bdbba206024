#include "conn/crypto/keccak.h"

#include <gtest/gtest.h>

namespace peerage::conn {
namespace {

Bytes counted(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i);
  return bytes;
}

TEST(Keccak256, OfNothingIsWhatEthereumSays) {
  EXPECT_EQ(to_hex(keccak256(ByteView{})),
            "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
  EXPECT_EQ(keccak256({}), keccak256(ByteView{}));
}

TEST(Keccak256, IsNotSha3) {
  // That of SHA3-256 is 3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532.
  EXPECT_EQ(to_hex(keccak256(as_bytes("abc"))),
            "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
}

// Of 00 01 02 … by an implementation of the specification's text.
TEST(Keccak256, OfOneBlockOneByteMoreAndOneByteLessIsRight) {
  EXPECT_EQ(to_hex(keccak256(counted(135))),
            "cbdfd9dee5faad3818d6b06f95a219fd290b0e1706f6a82e5a595b9ce9faca62");
  EXPECT_EQ(to_hex(keccak256(counted(136))),
            "7ce759f1ab7f9ce437719970c26b0a66ff11fe3e38e17df89cf5d29c7d7f807e");
  EXPECT_EQ(to_hex(keccak256(counted(137))),
            "ac73d4fae68b8453f764007c1a20ce95994187861f0c3227a3a8e99a73a3b1db");
  EXPECT_EQ(to_hex(keccak256(counted(1280))),
            "9d1ff092a1e205a727a9d8ff51db9d07399185e733560cf9107ae14b77d3a080");
}

TEST(Keccak256, OfPartsIsThatOfTheWholeWhereverItIsCut) {
  const Bytes whole = counted(300);
  const ByteView view = whole;
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    EXPECT_EQ(keccak256({view.first(cut), view.subspan(cut)}), keccak256(whole)) << cut;
  }
}

}  // namespace
}  // namespace peerage::conn
