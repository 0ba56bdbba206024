#include "conn/base/bytes.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

#include "tests/support/hex.h"
#include "tests/support/vectors.h"

namespace peerage::conn {
namespace {

TEST(Hex, IsWrittenInLowerCase) {
  EXPECT_EQ(to_hex(Bytes{0x00, 0x0f, 0xAB, 0xff}), "000fabff");
  EXPECT_EQ(to_hex({}), "");
}

TEST(Hex, IsReadInEitherCase) {
  EXPECT_EQ(from_hex("000fabff"), (Bytes{0x00, 0x0f, 0xab, 0xff}));
  EXPECT_EQ(from_hex("000FABfF"), (Bytes{0x00, 0x0f, 0xab, 0xff}));
  EXPECT_EQ(from_hex(""), Bytes{});
}

TEST(Hex, IsNothingButAnEvenNumberOfDigits) {
  for (const std::string_view text :
       {"0", "abc", "0g", "g0", "0x00", " 00", "00 ", "0 ", "-1", "/0", ":0", "@0", "G0", "`0"}) {
    EXPECT_EQ(from_hex(text), std::nullopt) << text;
  }
  EXPECT_EQ(from_hex(std::string_view("0\0", 2)), std::nullopt);
}

TEST(Base64, IsThatOfRfc4648) {
  const std::pair<std::string_view, std::string_view> cases[] = {{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : cases) {
    EXPECT_EQ(to_base64(as_bytes(plain)), encoded);
    const auto decoded = from_base64(encoded);
    ASSERT_TRUE(decoded) << encoded;
    EXPECT_EQ(as_text(*decoded), plain);
  }
  EXPECT_EQ(to_base64(Bytes{0xfb, 0xff}), "+/8=");
}

TEST(Base64, IsReadStrictly) {
  for (const std::string_view text :
       {"Zg", "Zg=", "Zg===", "Zm8", "Z", "=", "====", "Zg==Zg==", "Zm9v\n", "Zm\n9v", " Zm9v",
        "Zh==", "Zm9=", "-_8=", "Zm9v!", "!!!"}) {
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
  }
  EXPECT_EQ(from_base64(std::string_view("Zm9v\0", 5)), std::nullopt);
}

TEST(Base64Url, IsThatOfRfc4648WithoutPadding) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"foob", "Zm9vYg"}};
  for (const auto& [plain, encoded] : cases) {
    EXPECT_EQ(to_base64_url(as_bytes(plain)), encoded);
    const auto decoded = from_base64_url(encoded);
    ASSERT_TRUE(decoded) << encoded;
    EXPECT_EQ(as_text(*decoded), plain);
  }
  EXPECT_EQ(to_base64_url(Bytes{0xfb, 0xff}), "-_8");
}

TEST(Base64Url, IsReadStrictly) {
  for (const std::string_view text : {"Zg==", "Zm8=", "Z", "=", "Zm9v\n", " Zm9v", "Zm 9v", "Zh",
                                      "Zm9", "+/8", "-/8", "Zm9v!", "Zm9vZ"}) {
    EXPECT_EQ(from_base64_url(text), std::nullopt) << text;
  }
  EXPECT_EQ(from_base64_url(std::string_view("Zm9v\0", 5)), std::nullopt);
}

TEST(Base64, HasNoLetterThatIsNotInItsAlphabet) {
  std::size_t letters = 0, letters_for_urls = 0;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = {'A', static_cast<char>(byte), 'A', 'A'};
    letters += from_base64(text) ? 1 : 0;
    letters_for_urls += from_base64_url(text) ? 1 : 0;
  }
  EXPECT_EQ(letters, 64u);
  EXPECT_EQ(letters_for_urls, 64u);
}

TEST(Printable, LeavesPrintableAsciiAsItIs) {
  EXPECT_EQ(printable("a node's name ~!@#"), "a node's name ~!@#");
  EXPECT_EQ(printable(""), "");
}

TEST(Printable, HidesWhatATerminalWouldObey) {
  EXPECT_EQ(printable("\x1b[31m\n\r\t\x7f"), "\\x1b[31m\\x0a\\x0d\\x09\\x7f");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("\xc3\xa9"), "\\xc3\\xa9");
}

TEST(Printable, CutsWhatIsLongerThanTheLimitAndMarksIt) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abcdef...");
  EXPECT_EQ(printable(std::string(300, 'x')), std::string(256, 'x') + "...");
}

TEST(Wipe, LeavesOnlyZeros) {
  Bytes bytes(100, 0xee);
  wipe(bytes);
  EXPECT_EQ(bytes, Bytes(100, 0));
  wipe({});
}

TEST(Secret, CannotBeCopiedByAccident) {
  static_assert(!std::is_copy_constructible_v<Secret<32>>);
  static_assert(!std::is_copy_assignable_v<Secret<32>>);
  static_assert(std::is_nothrow_move_constructible_v<Secret<32>>);
}

TEST(Secret, MovingWipesTheSource) {
  const ByteArray<4> key = {1, 2, 3, 4};
  const ByteArray<4> zeros{};
  Secret<4> first{std::span<const std::uint8_t, 4>(key)};
  Secret<4> second(std::move(first));
  EXPECT_TRUE(std::ranges::equal(first.view(), zeros));
  EXPECT_TRUE(std::ranges::equal(second.view(), key));
  Secret<4> third;
  third = std::move(second);
  EXPECT_TRUE(std::ranges::equal(second.view(), zeros));
  EXPECT_TRUE(std::ranges::equal(third.view(), key));
}

TEST(Secret, SurvivesAssignmentToItself) {
  const ByteArray<4> key = {1, 2, 3, 4};
  Secret<4> secret{std::span<const std::uint8_t, 4>(key)};
  Secret<4>& same = secret;
  secret = std::move(same);
  EXPECT_TRUE(std::ranges::equal(secret.view(), key));
}

TEST(Secret, DestructionWipesIt) {
  alignas(Secret<32>) unsigned char place[sizeof(Secret<32>)];
  ByteArray<32> key;
  key.fill(0xee);
  auto* secret = new (place) Secret<32>{std::span<const std::uint8_t, 32>(key)};
  ASSERT_EQ(place[0], 0xee);
  secret->~Secret();
  EXPECT_EQ(std::count(std::begin(place), std::end(place), 0xee), 0);
}

TEST(Vectors, HexOfTheWrongLengthIsAnErrorAndNotAnEmptyCase) {
  EXPECT_EQ(test::hex_array<2>("ABcd"), (ByteArray<2>{0xab, 0xcd}));
  EXPECT_THROW(test::hex_array<2>("ab"), std::runtime_error);
  EXPECT_THROW(test::hex("zz"), std::runtime_error);
  EXPECT_THROW(test::recorded_text("no_such_vectors", "any"), std::runtime_error);
}

}  // namespace
}  // namespace peerage::conn
