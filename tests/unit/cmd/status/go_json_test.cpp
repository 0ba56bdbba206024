#include "cmd/status/go_json.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/hostile_texts.h"

namespace peerage::cmd {
namespace {

std::string written(const std::function<void(GoJson&)>& write) {
  std::string text;
  GoJson json(text);
  write(json);
  return text;
}

std::string string_of(std::string_view text) {
  return written([text](GoJson& json) { json.string(text); });
}

TEST(GoJson, WholeNumbersOf64BitsAreStringsAndSmallerOnesNumbers) {
  EXPECT_EQ(written([](GoJson& json) { json.int64(std::numeric_limits<std::int64_t>::min()); }),
            "\"-9223372036854775808\"");
  EXPECT_EQ(written([](GoJson& json) { json.uint64(std::numeric_limits<std::uint64_t>::max()); }),
            "\"18446744073709551615\"");
  EXPECT_EQ(written([](GoJson& json) { json.number(32); }), "32");
}

TEST(GoJson, FieldsComeInTheOrderOfTheCallsWithoutSpaces) {
  EXPECT_EQ(written([](GoJson& json) {
              json.begin_object();
              json.key("b").begin_array();
              json.end_array();
              json.key("a").begin_array();
              json.int64(1);
              json.begin_object();
              json.end_object();
              json.boolean(true);
              json.raw("null");
              json.end_array();
              json.key("c").boolean(false);
              json.end_object();
            }),
            R"({"b":[],"a":["1",{},true,null],"c":false})");
}

TEST(GoJson, BytesAreUpperCaseHexOrBase64AndEmptyOnesAnEmptyString) {
  const conn::Bytes bytes = {0x00, 0xab, 0xff};
  EXPECT_EQ(written([&](GoJson& json) { json.hex(bytes); }), "\"00ABFF\"");
  EXPECT_EQ(written([&](GoJson& json) { json.base64(bytes); }), "\"AKv/\"");
  EXPECT_EQ(written([](GoJson& json) { json.hex({}); }), "\"\"");
}

TEST(GoJson, TimesHaveUpToNineDigitsAndNeverIsTheYearOne) {
  for (const char* text : {"2026-11-27T19:53:07.423000746Z", "2026-11-27T19:53:07.5Z",
                           "2026-11-27T19:53:07Z", "0001-01-01T00:00:00Z"}) {
    const auto time = conn::parse_rfc3339(text);
    EXPECT_EQ(written([&](GoJson& json) { json.time(*time); }), '"' + std::string(text) + '"');
  }
}

TEST(GoJson, WhatHtmlAndJavaScriptCouldTakeForTheirOwnIsEscaped) {
  EXPECT_EQ(string_of("m<&>é"), R"("m\u003c\u0026\u003eé")");
  EXPECT_EQ(string_of("a\u2028b\u2029c\u2027"), "\"a\\u2028b\\u2029c\u2027\"");
  EXPECT_EQ(string_of("\"\\/"), R"("\"\\/")");
  EXPECT_EQ(string_of("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(string_of(std::string("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\x7f\"");
}

// As utf8.DecodeRune has it: a byte that begins nothing valid is one U+FFFD, and the next is looked
// at anew.
TEST(GoJson, EachByteOfNoValidUtf8IsAReplacementCharacter) {
  const auto marks = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "\\ufffd";
    return text;
  };
  EXPECT_EQ(string_of("\xff"), '"' + marks(1) + '"');
  EXPECT_EQ(string_of("a\xc3"), "\"a" + marks(1) + '"') << "its end is missing";
  EXPECT_EQ(string_of("\xe2\x80zz"), '"' + marks(2) + "zz\"");
  EXPECT_EQ(string_of("\xc0\xaf"), '"' + marks(2) + '"') << "overlong";
  EXPECT_EQ(string_of("\xe0\x9f\xbf"), '"' + marks(3) + '"') << "overlong";
  EXPECT_EQ(string_of("\xf0\x8f\xbf\xbf"), '"' + marks(4) + '"') << "overlong";
  EXPECT_EQ(string_of("\xed\xa0\x80"), '"' + marks(3) + '"') << "a surrogate";
  EXPECT_EQ(string_of("\xf4\x90\x80\x80"), '"' + marks(4) + '"') << "beyond U+10FFFF";
  EXPECT_EQ(string_of("\xf5\x80"), '"' + marks(2) + '"');
  for (const char* valid : {"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                            "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(string_of(valid), '"' + std::string(valid) + '"');
  }
}

TEST(GoJson, AStrictReaderTakesWhateverStrangersWrite) {
  for (const std::string& text : test::hostile_texts()) {
    EXPECT_TRUE(nlohmann::json::accept(string_of(text))) << testing::PrintToString(text);
  }
  for (int byte = 0; byte < 256; ++byte) {
    for (const std::string& after : {std::string(), std::string("\x80"), std::string("z")}) {
      EXPECT_TRUE(nlohmann::json::accept(string_of(static_cast<char>(byte) + after))) << byte;
    }
  }
}

}  // namespace
}  // namespace peerage::cmd
