// A hash for tables whose keys an adversary chooses (IDs and addresses in gossip are free text):
// SipHash-2-4 under a secret key, so that nobody can make all of them collide.
//
// Threads: plain values.
#pragma once

#include <cstddef>

#include "conn/bytes.h"
#include "conn/ip_address.h"
#include "conn/node_id.h"

namespace peerage::addrbook {

class KeyedHash {
 public:
  explicit KeyedHash(const conn::ByteArray<16>& key) : key_(key) {}
  // Not noexcept, for libstdc++'s tables keep the hash of a key only when computing it may throw,
  // and compute it again and again otherwise: which costs here.
  std::size_t operator()(const conn::NodeId& id) const { return of(id.bytes()); }
  std::size_t operator()(const conn::IpAddress& ip) const { return of(ip.bytes()); }

 private:
  std::size_t of(conn::ByteView bytes) const;
  conn::ByteArray<16> key_;
};

}  // namespace peerage::addrbook
