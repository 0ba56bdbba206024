// Where an address belongs: which bucket, by keyed hashes of the groups of the address and of its
// source; and at which place in the bucket it looks first.
//
//   new:   1024 buckets of 64. One source group reaches 64 buckets, and with the addresses of one
//            group a single one of them.
//   tried:  256 buckets of 64. The addresses of one group reach 4 of them.
//
// So how much of the book an attacker can fill depends on the groups that it has (a /16 of IPv4, a
// /32 of IPv6), not on how many addresses are in them. The bucket is a function of the key, the
// kind, the address and the source alone: it is never stored, repeating an address moves nothing,
// and it survives a restart because the key does. Without the key no peer can compute it.
//
// A book that is not strict serves networks of private addresses, where a /16 may be all there is:
// there each address that the internet does not route is a group of its own.
//
// Source: the design of Bitcoin Core's addrman (buckets, deterministic positions); counts by
// comparison in spec/addressbook.md. SipHash-2-4 of libsodium: half of the key chooses the bucket,
// the other half the place.
// Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>

#include "addrbook/record/known_address.h"
#include "conn/address/ip_address.h"
#include "conn/base/bytes.h"

namespace peerage::addrbook {

using BookKey = conn::ByteArray<32>;

inline constexpr std::size_t kNewBuckets = 1024;
inline constexpr std::size_t kTriedBuckets = 256;
inline constexpr std::size_t kBucketSize = 64;
inline constexpr std::size_t kNewBucketsPerSourceGroup = 64;
inline constexpr std::size_t kTriedBucketsPerGroup = 4;

// How many there are. Tests use small books, which they can fill.
struct Geometry {
  std::uint16_t new_buckets = kNewBuckets;
  std::uint16_t tried_buckets = kTriedBuckets;
  std::uint8_t bucket_size = kBucketSize;

  std::size_t buckets(Kind kind) const { return kind == Kind::new_ ? new_buckets : tried_buckets; }
};

struct Place {
  std::uint16_t bucket = 0;
  std::uint8_t position = 0;
  auto operator<=>(const Place&) const = default;
};

class Placement {
 public:
  Placement(const BookKey& key, conn::IpAddress::Strict strict, const Geometry& geometry = {});

  const Geometry& geometry() const noexcept { return geometry_; }
  // Addresses of one group count as of one operator: see IpAddress::group.
  std::uint64_t group(const conn::IpAddress& ip) const;

  // The bucket, and the first place in it.
  Place of(Kind kind, const conn::NetAddress& address, const conn::IpAddress& source) const;
  Place in_new(const conn::NetAddress& address, const conn::IpAddress& source) const;
  Place in_tried(const conn::NetAddress& address) const;

 private:
  std::uint64_t hash(conn::ByteView half, conn::ByteView what) const;

  BookKey key_;
  conn::IpAddress::Strict strict_;
  Geometry geometry_;
};

}  // namespace peerage::addrbook
