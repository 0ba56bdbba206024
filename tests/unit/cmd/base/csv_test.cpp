#include "cmd/base/csv.h"

#include <gtest/gtest.h>

#include "tests/support/hostile_texts.h"

namespace peerage::cmd {
namespace {

TEST(Csv, PlainTextStaysAsItIs) {
  EXPECT_EQ(csv_field(""), "");
  EXPECT_EQ(csv_field("a node"), "a node");
  EXPECT_EQ(csv_field("20.0.0.1:26656"), "20.0.0.1:26656");
  EXPECT_EQ(csv_field("a=b"), "a=b") << "a formula begins with its sign";
}

TEST(Csv, CommasAndQuotesAreQuoted) {
  EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_field("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(csv_field("\""), "\"\"\"\"");
}

TEST(Csv, WhatASpreadsheetTakesForAFormulaIsMarkedAsText) {
  EXPECT_EQ(csv_field("=1+1"), "'=1+1");
  EXPECT_EQ(csv_field("+1"), "'+1");
  EXPECT_EQ(csv_field("-1"), "'-1");
  EXPECT_EQ(csv_field("@SUM(1,2)"), "\"'@SUM(1,2)\"");
}

// A tab or a line end in front would make a formula of what follows; so would one in the middle
// make a row.
TEST(Csv, NoControlCharacterIsLeft) {
  for (const std::string text : {"\t=1+1", "\r=1+1", "\n=1+1", "a\nb", "a\r\nb"}) {
    const std::string field = csv_field(text);
    EXPECT_EQ(field.find_first_of("\t\r\n"), std::string::npos) << field;
  }
  for (const std::string& text : test::hostile_texts()) test::expect_inert(csv_field(text));
}

}  // namespace
}  // namespace peerage::cmd
