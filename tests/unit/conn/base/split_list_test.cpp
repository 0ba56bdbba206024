#include "conn/base/split_list.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace peerage::conn {
namespace {

using Entries = std::vector<std::string_view>;

TEST(SplitList, CommasAndWhiteSpaceSeparateEntriesTogetherAndAlone) {
  for (const std::string text : {"a,b", "a b", "a\nb\n", "a\r\nb\r\n\r\n", "a\tb", " a , b ",
                                 "a,\nb,\n", "a\n,b", ",,a,,b,,",
                                 "\xef\xbb\xbf"
                                 "a\nb",
                                 "a\u00a0b",
                                 "a,\u200b"
                                 "b",
                                 "a\u2028b\u3000", "\va\fb"}) {
    EXPECT_EQ(split_list(text), (Entries{"a", "b"})) << text;
  }
  for (const std::string text : {"", " ", "\n\n", ",", " , ,\r\n", "\ufeff"}) {
    EXPECT_TRUE(split_list(text).empty()) << text;
  }
}

TEST(SplitList, NothingElseSeparatesThem) {
  for (const std::string text :
       {"a;b", "a|b", "a\u00e9b", "a\xc2", "\xc2", "a\xe2\x80", "\xff\xfe"}) {
    EXPECT_EQ(split_list(text), (Entries{text})) << text;
  }
}

TEST(SplitList, WhiteSpaceIsTrimmedAtTheEndsAlone) {
  EXPECT_EQ(trimmed(" \ufeffa b\u00a0\r\n"), "a b");
  EXPECT_EQ(trimmed("a"), "a");
  EXPECT_EQ(trimmed(" \t\u2003 "), "");
  EXPECT_EQ(trimmed(""), "");
  EXPECT_EQ(trimmed("\xe9 "), "\xe9");
}

}  // namespace
}  // namespace peerage::conn
