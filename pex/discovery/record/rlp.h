// RLP, strictly: the one encoding of what discovery signs and sends.
//
// Reading checks each length against what is there before it is used, and skips what is nested by
// its length: no recursion, no allocation. Only the shortest form is taken, everywhere.
//
// Source: Ethereum's RLP; EIP-8 for what follows a list that we know: a message of discv4 ignores
// `rest`, a record does not.
// Threads: plain values.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "conn/base/bytes.h"

namespace peerage::pex {

// One item: a string, or a list with its items still to be read.
struct RlpItem {
  enum class Kind : std::uint8_t { string, list } kind = Kind::string;
  conn::ByteView payload;  // without the header
  conn::ByteView whole;    // with it
};

// Items one after another, borrowed from the bytes that it was given. What is not what was asked
// for is not consumed.
class RlpReader {
 public:
  explicit RlpReader(conn::ByteView bytes) : rest_(bytes) {}
  // The items of a list that stands first in `bytes`. What follows it goes to `rest_of`; without
  // that it is ignored.
  static std::optional<RlpReader> list(conn::ByteView bytes, conn::ByteView* rest_of = nullptr);

  bool at_end() const noexcept { return rest_.empty(); }
  conn::ByteView rest() const noexcept { return rest_; }

  std::optional<RlpItem> item();
  std::optional<conn::ByteView> string();
  std::optional<RlpReader> list();
  // Without leading zeros, of at most 8 bytes, at most `most`.
  std::optional<std::uint64_t> number(std::uint64_t most = ~std::uint64_t{0});
  template <std::size_t N>
  std::optional<conn::ByteArray<N>> bytes() {
    RlpReader ahead = *this;
    const auto read = ahead.string();
    if (!read || read->size() != N) return std::nullopt;
    *this = ahead;
    conn::ByteArray<N> copied;
    std::copy(read->begin(), read->end(), copied.begin());
    return copied;
  }

 private:
  conn::ByteView rest_;
};

// Builds what RlpReader reads. Lists are closed in the order in which they were opened last.
class RlpWriter {
 public:
  RlpWriter& string(conn::ByteView bytes);
  RlpWriter& string(std::string_view text) { return string(conn::as_bytes(text)); }
  RlpWriter& number(std::uint64_t value);
  RlpWriter& raw(conn::ByteView encoded);  // items that are encoded already
  RlpWriter& open();
  RlpWriter& close();

  // Every list is closed.
  conn::Bytes take();

 private:
  conn::Bytes bytes_;
  std::vector<std::size_t> open_;  // where each open list's payload begins
};

}  // namespace peerage::pex
