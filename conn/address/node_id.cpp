#include "conn/address/node_id.h"

#include <algorithm>
#include <cstring>

#include <sodium.h>

namespace peerage::conn {

bool PublicKey::verify(ByteView message,
                       std::span<const std::uint8_t, 64> signature) const noexcept {
  return crypto_sign_ed25519_verify_detached(signature.data(), message.data(), message.size(),
                                             bytes.data()) == 0;
}

NodeId NodeId::of(const PublicKey& key) {
  ByteArray<32> digest;
  crypto_hash_sha256(digest.data(), key.bytes.data(), key.bytes.size());
  ByteArray<kBytes> id;
  std::copy_n(digest.begin(), kBytes, id.begin());
  return NodeId(id);
}

Result<NodeId> NodeId::parse(std::string_view text) {
  if (text.empty()) return fail(Stage::configuration, Reason::address_without_id);
  const auto bytes = from_hex(text);
  if (!bytes || bytes->size() != kBytes) {
    return fail(Stage::configuration, Reason::address_malformed,
                "\"" + printable(text, 64) + "\" is no node ID: 40 hex digits");
  }
  ByteArray<kBytes> id;
  std::copy_n(bytes->begin(), kBytes, id.begin());
  return NodeId(id);
}

std::string NodeId::to_string() const {
  return to_hex(bytes_);
}

}  // namespace peerage::conn

// An ID is a hash already: any eight of its bytes are as good as all. (Attackers can choose them;
// tables that must withstand that are keyed by something else.)
std::size_t std::hash<peerage::conn::NodeId>::operator()(
    const peerage::conn::NodeId& id) const noexcept {
  std::size_t value;
  std::memcpy(&value, id.bytes().data(), sizeof value);
  return value;
}
