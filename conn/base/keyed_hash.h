// A hash for tables with keys that an adversary chooses (IDs and addresses in gossip are free
// text): SipHash-2-4 under a secret key, so that it cannot make all of them collide.
//
// Threads: plain values.
#pragma once

#include <concepts>
#include <cstddef>

#include "conn/base/bytes.h"

namespace peerage::conn {

class KeyedHash {
 public:
  using Key = ByteArray<16>;
  explicit KeyedHash(const Key& key) : key_(key) {}
  // Not noexcept, for libstdc++'s tables keep the hash of a key only when computing it may throw,
  // and compute it again and again otherwise: which costs here.
  std::size_t operator()(ByteView bytes) const;
  // Of what has bytes of its own: a NodeId, an IpAddress.
  template <typename T>
  requires requires(const T& value) {
    { value.bytes() } -> std::convertible_to<ByteView>;
  }
  std::size_t operator()(const T& value) const { return (*this)(ByteView(value.bytes())); }

 private:
  Key key_;
};

}  // namespace peerage::conn
