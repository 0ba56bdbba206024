#include "addrbook/book/placement.h"

#include <array>
#include <cstring>
#include <span>

#include <sodium.h>

namespace peerage::addrbook {
namespace {

static_assert(crypto_shorthash_KEYBYTES * 2 == sizeof(BookKey));

void put(std::uint8_t*& to, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) *to++ = static_cast<std::uint8_t>(value >> shift);
}

// What the node is, and where: 20 + 16 + 2 bytes.
using AddressBytes = std::array<std::uint8_t, 38>;
AddressBytes bytes_of(const conn::NetAddress& address) {
  AddressBytes bytes;
  std::memcpy(bytes.data(), address.id.bytes().data(), 20);
  std::memcpy(bytes.data() + 20, address.endpoint.ip.bytes().data(), 16);
  bytes[36] = static_cast<std::uint8_t>(address.endpoint.port >> 8);
  bytes[37] = static_cast<std::uint8_t>(address.endpoint.port);
  return bytes;
}

// Two numbers and the kind of the question, so that no two questions share a text.
using Words = std::array<std::uint8_t, 17>;
Words words(std::uint8_t question, std::uint64_t a, std::uint64_t b) {
  Words bytes{question};
  std::uint8_t* to = bytes.data() + 1;
  put(to, a);
  put(to, b);
  return bytes;
}

}  // namespace

Placement::Placement(const BookKey& key, conn::IpAddress::Strict strict, const Geometry& geometry)
    : key_(key), strict_(strict), geometry_(geometry) {}

std::uint64_t Placement::hash(conn::ByteView half, conn::ByteView what) const {
  std::uint64_t result = 0;
  crypto_shorthash(reinterpret_cast<unsigned char*>(&result), what.data(), what.size(),
                   half.data());
  return result;
}

std::uint64_t Placement::group(const conn::IpAddress& ip) const {
  if (strict_ == conn::IpAddress::Strict::no && !ip.routable()) {
    return hash(conn::ByteView(key_.data(), 16), ip.bytes());
  }
  return ip.group(strict_);
}

Place Placement::of(Kind kind, const conn::NetAddress& address,
                    const conn::IpAddress& source) const {
  return kind == Kind::new_ ? in_new(address, source) : in_tried(address);
}

Place Placement::in_new(const conn::NetAddress& address, const conn::IpAddress& source) const {
  const conn::ByteView bucket_key(key_.data(), 16), place_key(key_.data() + 16, 16);
  const std::uint64_t source_group = group(source);
  const std::uint64_t nth = hash(bucket_key, words('n', group(address.endpoint.ip), source_group)) %
                            kNewBucketsPerSourceGroup;
  const std::uint64_t bucket =
      hash(bucket_key, words('N', source_group, nth)) % geometry_.new_buckets;
  const std::uint64_t mixed = hash(place_key, bytes_of(address));
  const std::uint64_t position = hash(place_key, words('n', mixed, bucket)) % geometry_.bucket_size;
  return {static_cast<std::uint16_t>(bucket), static_cast<std::uint8_t>(position)};
}

Place Placement::in_tried(const conn::NetAddress& address) const {
  const conn::ByteView bucket_key(key_.data(), 16), place_key(key_.data() + 16, 16);
  const auto bytes = bytes_of(address);
  const std::uint64_t nth = hash(bucket_key, bytes) % kTriedBucketsPerGroup;
  const std::uint64_t bucket =
      hash(bucket_key, words('V', group(address.endpoint.ip), nth)) % geometry_.tried_buckets;
  const std::uint64_t mixed = hash(place_key, bytes);
  const std::uint64_t position = hash(place_key, words('v', mixed, bucket)) % geometry_.bucket_size;
  return {static_cast<std::uint16_t>(bucket), static_cast<std::uint8_t>(position)};
}

}  // namespace peerage::addrbook
