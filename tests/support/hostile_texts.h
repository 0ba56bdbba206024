// What strangers put into a moniker, a version, a chain ID or a reason, to have a terminal obey, a
// log line end early, or a reader see something else.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace peerage::test {

inline std::vector<std::string> hostile_texts() {
  using namespace std::string_literals;
  return {
      "\x1b[2J\x1b]0;title\a",                   // C0: the screen cleared, a title set
      "a\r\nI[2026-11-21|10:15:00.250] forged",  // a line of its own
      "tab\there\0zero"s,
      "\x7f\x7f\x7f",              // DEL
      "\x9b[31mraw",               // C1, as one byte
      "\xc2\x9b[31mutf8",          // U+009B, CSI
      "\xc2\x80\xc2\x85\xc2\x9d",  // more of C1
      "\u202e drawkcab \u202c",
      "\u202a\u202b\u202d",
      "\u2066\u2067\u2068\u2069",
      "\u200e\u200f",
      "\u2028\u2029",
      "\xff\xfe\xc0\xaf\xed\xa0\x80\xf5",  // no UTF-8
      "\xe2\x80",                          // its end is missing
      "=1+cmd|' /C calc'!A0",              // formulas
      "+1",
      "-1",
      "@SUM(1)",
      "\"quoted\",\\back\\slash",
  };
}

// Nothing but printable ASCII and ends of lines.
inline void expect_inert(const std::string& output) {
  for (std::size_t i = 0; i < output.size(); ++i) {
    const auto byte = static_cast<unsigned char>(output[i]);
    EXPECT_TRUE((byte >= 0x20 && byte < 0x7f) || byte == '\n')
        << "byte " << int(byte) << " at " << i << " of " << testing::PrintToString(output);
  }
}

}  // namespace peerage::test
