#include "pex/discovery/record/enode_id.h"

#include <algorithm>
#include <bit>

#include "conn/crypto/keccak.h"

namespace peerage::pex {

EnodeId EnodeId::of(const conn::Secp256k1PublicKey& key) {
  return {conn::keccak256(key.xy())};
}

std::optional<EnodeId> EnodeId::parse(std::string_view text) {
  const auto bytes = conn::from_hex(text);
  EnodeId id;
  if (!bytes || bytes->size() != id.bytes.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), id.bytes.begin());
  return id;
}

std::string EnodeId::to_string() const {
  return conn::to_hex(bytes);
}

std::string EnodeId::brief() const {
  return conn::to_hex(conn::ByteView(bytes).first(8));
}

unsigned log_distance(const EnodeId& a, const EnodeId& b) noexcept {
  for (std::size_t i = 0; i < a.bytes.size(); ++i) {
    const unsigned differing = a.bytes[i] ^ b.bytes[i];
    if (differing != 0) {
      return static_cast<unsigned>(8 * (a.bytes.size() - 1 - i)) +
             static_cast<unsigned>(std::bit_width(differing));
    }
  }
  return 0;
}

int compare_distance(const EnodeId& target, const EnodeId& a, const EnodeId& b) noexcept {
  for (std::size_t i = 0; i < target.bytes.size(); ++i) {
    const int of_a = a.bytes[i] ^ target.bytes[i];
    const int of_b = b.bytes[i] ^ target.bytes[i];
    if (of_a != of_b) return of_a - of_b;
  }
  return 0;
}

}  // namespace peerage::pex
