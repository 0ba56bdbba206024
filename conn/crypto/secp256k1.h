// The curve that discovery signs with: keys, signatures, recovery of a signer, and key agreement.
//
// It shows no type of the library. Bytes from strangers never reach a call of the library that
// would take them for a misuse of its interface, and abort: the recovery number is looked at
// before, and the library's callback for illegal arguments only counts (illegal_uses).
//
// Signatures are deterministic (RFC 6979) but for a salt, where one is given. Those of 64 bytes
// have a low s, made and taken; from one of 65 bytes (r, s, recovery number 0 to 3) a signer is
// recovered whatever its s.
//
// Source: SEC 1, SEC 2 (secp256k1); go-ethereum crypto/signature_cgo.go for what is accepted.
// Threads: plain values; the functions may be called on any thread at once.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "conn/base/bytes.h"

namespace peerage::conn {

using Secp256k1Signature = ByteArray<64>;             // r, s
using Secp256k1RecoverableSignature = ByteArray<65>;  // r, s, recovery number

// A point of the curve, never another.
class Secp256k1PublicKey {
 public:
  // x, y, each big-endian with zeros before it.
  static std::optional<Secp256k1PublicKey> from_xy(std::span<const std::uint8_t, 64> xy);
  // 02 or 03 by the parity of y, then x.
  static std::optional<Secp256k1PublicKey> from_compressed(ByteView bytes);
  // Who has signed this hash; nobody when the signature is none.
  static std::optional<Secp256k1PublicKey> recover(std::span<const std::uint8_t, 32> hash,
                                                   std::span<const std::uint8_t, 65> signature);

  const ByteArray<64>& xy() const noexcept { return xy_; }
  ByteArray<33> compressed() const noexcept;
  bool verify(std::span<const std::uint8_t, 32> hash,
              std::span<const std::uint8_t, 64> signature) const;

  auto operator<=>(const Secp256k1PublicKey&) const = default;

 private:
  friend class Secp256k1Key;
  explicit Secp256k1PublicKey(const ByteArray<64>& xy) : xy_(xy) {}
  ByteArray<64> xy_;
};

class Secp256k1Key {
 public:
  // None when the number is 0, or the order of the curve or above.
  static std::optional<Secp256k1Key> from_secret(const Secret<32>& secret);
  // Draws until it has a key; `random` fills what it is given.
  static Secp256k1Key generate(const std::function<void(MutableBytes)>& random);

  Secp256k1Key(Secp256k1Key&&) noexcept = default;
  Secp256k1Key& operator=(Secp256k1Key&&) noexcept = default;

  const Secp256k1PublicKey& public_key() const noexcept { return public_key_; }
  const Secret<32>& secret() const noexcept { return secret_; }
  Secp256k1Signature sign(std::span<const std::uint8_t, 32> hash) const;
  // Another salt makes another signature.
  Secp256k1RecoverableSignature sign_recoverable(
      std::span<const std::uint8_t, 32> hash,
      std::optional<std::span<const std::uint8_t, 32>> salt = std::nullopt) const;
  // The point that both sides reach, compressed and not hashed: the same for the other's key and
  // ours exchanged.
  Secret<33> agree(const Secp256k1PublicKey& other) const;

 private:
  Secp256k1Key(Secret<32> secret, const Secp256k1PublicKey& public_key)
      : secret_(std::move(secret)), public_key_(public_key) {}
  Secret<32> secret_;
  Secp256k1PublicKey public_key_;
};

// How often the library was called with what it takes for a misuse: 0, or we have a defect.
std::uint64_t secp256k1_illegal_uses() noexcept;

}  // namespace peerage::conn
