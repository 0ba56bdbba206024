// What holds for the reasons of all modules that a test program links.
#pragma once

#include <cctype>
#include <set>
#include <string_view>

#include <gtest/gtest.h>

#include "conn/base/reason.h"

namespace peerage::test {

inline bool is_identifier(std::string_view text) {
  for (const char c : text) {
    if (c != '_' && !std::islower(static_cast<unsigned char>(c))) return false;
  }
  return !text.empty();
}

// What an operator reads: one sentence in the middle of a line, without a full stop of its own.
inline void expect_sentence(std::string_view text, std::string_view of) {
  EXPECT_FALSE(text.ends_with('.')) << of;
  EXPECT_FALSE(text.starts_with(' ') || text.ends_with(' ')) << of;
  EXPECT_EQ(text.find("  "), std::string_view::npos) << of;
  for (const char c : text) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << of;
}

// Their names.
inline std::set<std::string_view> expect_reasons_well_said() {
  std::set<std::string_view> names, explanations;
  for (const auto& module : conn::ReasonModule::all()) {
    for (const conn::ReasonText& text : module) {
      EXPECT_TRUE(is_identifier(text.name)) << text.name;
      EXPECT_TRUE(names.insert(text.name).second) << text.name;
      EXPECT_FALSE(text.explanation.empty()) << text.name;
      EXPECT_TRUE(explanations.insert(text.explanation).second) << text.name;
      expect_sentence(text.explanation, text.name);
      expect_sentence(text.hint, text.name);
      EXPECT_NE(text.explanation, text.hint) << text.name;
    }
  }
  return names;
}

}  // namespace peerage::test
