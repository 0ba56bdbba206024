// Bytes from hex that a test has written or recorded, and so is right: what is not throws.
#pragma once

#include <cstddef>
#include <string_view>

#include "conn/base/bytes.h"

namespace peerage::test {

// Either case.
conn::Bytes hex(std::string_view text);

// Fills `array`, and throws if that is of another length.
void read_hex(std::string_view text, conn::MutableBytes array);

// The same as `hex`, of a known length.
template <std::size_t N>
conn::ByteArray<N> hex_array(std::string_view text) {
  conn::ByteArray<N> array;
  read_hex(text, array);
  return array;
}

}  // namespace peerage::test
