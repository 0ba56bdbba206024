// The identity of a node: an Ed25519 public key, and the ID that names it.
//
// ID = the first 20 bytes of SHA-256 over the 32 raw key bytes, written as 40 lower-case hex digits
// (comet p2p/key.go:PubKeyToID). Text is accepted in either case and lower-cased: an ID kept in
// upper case could never equal an authenticated one.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "conn/base/bytes.h"
#include "conn/base/failure.h"

namespace peerage::conn {

struct PublicKey {
  ByteArray<32> bytes{};
  auto operator<=>(const PublicKey&) const = default;
  // True if `signature` is this key's Ed25519 signature of `message`. Rejects non-canonical
  // signatures and small-order keys (libsodium's rules), which no honest signer makes.
  bool verify(ByteView message, std::span<const std::uint8_t, 64> signature) const noexcept;
};

using Signature = ByteArray<64>;

class NodeId {
 public:
  static constexpr std::size_t kBytes = 20;

  NodeId() = default;  // all zero: no node
  explicit NodeId(const ByteArray<kBytes>& bytes) : bytes_(bytes) {}
  static NodeId of(const PublicKey& key);
  // 40 hex digits of either case; otherwise address_malformed (address_without_id when empty).
  static Result<NodeId> parse(std::string_view text);

  std::string to_string() const;
  const ByteArray<kBytes>& bytes() const noexcept { return bytes_; }

  auto operator<=>(const NodeId&) const = default;

 private:
  ByteArray<kBytes> bytes_{};
};

}  // namespace peerage::conn

template <>
struct std::hash<peerage::conn::NodeId> {
  std::size_t operator()(const peerage::conn::NodeId& id) const noexcept;
};
