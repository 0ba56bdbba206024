// What discovery calls a node by: keccak256 of its public key, and how far two such IDs are apart.
//
// It is another name than conn::NodeId, which is a comet node's and of another key; only a record's
// `cmt` pair (record/cmt.h) ties the one to the other, and a dial must prove it.
//
// Distance is XOR as a big-endian number. Its logarithm is the position of the highest bit that is
// set, 1 to 256, and 0 from an ID to itself: it does not fit a byte.
// Threads: plain values.
#pragma once

#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "conn/crypto/secp256k1.h"

namespace peerage::pex {

struct EnodeId {
  conn::ByteArray<32> bytes{};

  static EnodeId of(const conn::Secp256k1PublicKey& key);
  // 64 hex digits of either case.
  static std::optional<EnodeId> parse(std::string_view text);
  std::string to_string() const;  // 64 hex digits
  std::string brief() const;      // the first 16, for a log line

  std::strong_ordering operator<=>(const EnodeId& other) const noexcept {
    return conn::order_of(bytes, other.bytes);
  }
  bool operator==(const EnodeId&) const = default;
};

unsigned log_distance(const EnodeId& a, const EnodeId& b) noexcept;
// Negative: `a` is closer to `target` than `b`; 0: they are one; positive: `b` is.
int compare_distance(const EnodeId& target, const EnodeId& a, const EnodeId& b) noexcept;

}  // namespace peerage::pex

template <>
struct std::hash<peerage::pex::EnodeId> {
  // An ID is a hash: strangers can choose it only by trying keys, and nothing here is exhausted by
  // collisions (every map of strangers' IDs is bounded).
  std::size_t operator()(const peerage::pex::EnodeId& id) const noexcept {
    std::size_t value = 0;
    std::memcpy(&value, id.bytes.data(), sizeof value);
    return value;
  }
};
