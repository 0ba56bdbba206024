// Protobuf varints, as length prefixes and tags: read from a view, written to a buffer.
//
// A varint has at most 10 bytes and must fit 64 bits; the shortest form is not required (the Go
// reader takes any). Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "conn/base/bytes.h"

namespace peerage::conn {

inline constexpr std::size_t kMaxVarint = 10;  // bytes

enum class VarintStatus : std::uint8_t { ok, incomplete, overflow };
struct Varint {
  VarintStatus status = VarintStatus::incomplete;
  std::uint64_t value = 0;
  std::size_t size = 0;  // bytes used when ok
};

constexpr Varint read_varint(ByteView bytes) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    // The tenth byte has room for one bit only.
    if (i == kMaxVarint - 1 && bytes[i] > 1) return {VarintStatus::overflow, 0, 0};
    value |= static_cast<std::uint64_t>(bytes[i] & 0x7f) << (7 * i);
    if (bytes[i] < 0x80) return {VarintStatus::ok, value, i + 1};
  }
  return {VarintStatus::incomplete, 0, 0};
}

constexpr std::size_t varint_size(std::uint64_t value) noexcept {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

// Writes varint_size(value) bytes at `out` and returns their number.
constexpr std::size_t write_varint(std::uint8_t* out, std::uint64_t value) noexcept {
  std::size_t size = 0;
  for (; value >= 0x80; value >>= 7) out[size++] = static_cast<std::uint8_t>(value | 0x80);
  out[size++] = static_cast<std::uint8_t>(value);
  return size;
}

// A length-delimited message: its length as a varint, then its bytes.
Bytes delimited(ByteView message);

}  // namespace peerage::conn
