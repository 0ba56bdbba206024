#include "conn/crypto/secp256k1.h"

#include <algorithm>
#include <atomic>
#include <stdexcept>

#include <secp256k1.h>
#include <secp256k1_ecdh.h>
#include <secp256k1_recovery.h>
#include <sodium.h>

namespace peerage::conn {
namespace {

constexpr std::uint8_t kUncompressed = 4;
constexpr std::uint8_t kMostRecoveryNumber = 3;

std::atomic<std::uint64_t> illegal_uses{0};

// The library's own would print and abort. After this one the function that was called fails.
void count_illegal_use(const char* /*what*/, void* /*data*/) {
  illegal_uses.fetch_add(1, std::memory_order_relaxed);
}

// Random, so that what a call of it takes and radiates does not follow from the key alone.
secp256k1_context* make_context() {
  secp256k1_context* const made = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
  secp256k1_context_set_illegal_callback(made, count_illegal_use, nullptr);
  Secret<32> seed;
  randombytes_buf(seed.writable().data(), seed.writable().size());
  if (secp256k1_context_randomize(made, seed.view().data()) != 1) {
    throw std::runtime_error("libsecp256k1: the context could not be randomized");
  }
  return made;
}

// Never changed after it was made, so that threads share it; and never destroyed, because they may
// outlive the end of main.
const secp256k1_context* context() {
  static const secp256k1_context* const kContext = make_context();
  return kContext;
}

void demand(int succeeded, const char* what) {
  if (succeeded != 1) throw std::logic_error(std::string("libsecp256k1: ") + what);
}

ByteArray<64> xy_of(const secp256k1_pubkey& key) {
  ByteArray<65> written;
  std::size_t size = written.size();
  demand(secp256k1_ec_pubkey_serialize(context(), written.data(), &size, &key,
                                       SECP256K1_EC_UNCOMPRESSED),
         "a public key was not written");
  ByteArray<64> xy;
  std::copy(written.begin() + 1, written.end(), xy.begin());
  return xy;
}

std::optional<secp256k1_pubkey> point_of(std::span<const std::uint8_t, 64> xy) {
  ByteArray<65> bytes;
  bytes[0] = kUncompressed;
  std::copy(xy.begin(), xy.end(), bytes.begin() + 1);
  secp256k1_pubkey key;
  if (secp256k1_ec_pubkey_parse(context(), &key, bytes.data(), bytes.size()) != 1) {
    return std::nullopt;
  }
  return key;
}

void write_compressed(std::uint8_t* to, const std::uint8_t* x, const std::uint8_t* y) {
  to[0] = static_cast<std::uint8_t>(2 | (y[31] & 1));
  std::copy_n(x, 32, to + 1);
}

// In the place of the hash that the library would make of the point.
int compressed_point(unsigned char* to, const unsigned char* x, const unsigned char* y,
                     void* /*data*/) {
  write_compressed(to, x, y);
  return 1;
}

}  // namespace

std::optional<Secp256k1PublicKey> Secp256k1PublicKey::from_xy(
    std::span<const std::uint8_t, 64> xy) {
  if (!point_of(xy)) return std::nullopt;
  ByteArray<64> copied;
  std::copy(xy.begin(), xy.end(), copied.begin());
  return Secp256k1PublicKey(copied);
}

std::optional<Secp256k1PublicKey> Secp256k1PublicKey::from_compressed(ByteView bytes) {
  static constexpr std::size_t kBytes = 33;  // the library takes 65 as well
  if (bytes.size() != kBytes) return std::nullopt;
  secp256k1_pubkey key;
  if (secp256k1_ec_pubkey_parse(context(), &key, bytes.data(), bytes.size()) != 1) {
    return std::nullopt;
  }
  return Secp256k1PublicKey(xy_of(key));
}

std::optional<Secp256k1PublicKey> Secp256k1PublicKey::recover(
    std::span<const std::uint8_t, 32> hash, std::span<const std::uint8_t, 65> signature) {
  // The library takes a greater number for its caller's defect.
  const std::uint8_t recovery_number = signature[64];
  if (recovery_number > kMostRecoveryNumber) return std::nullopt;
  secp256k1_ecdsa_recoverable_signature parsed;
  secp256k1_pubkey key;
  if (secp256k1_ecdsa_recoverable_signature_parse_compact(context(), &parsed, signature.data(),
                                                          recovery_number) != 1 ||
      secp256k1_ecdsa_recover(context(), &key, &parsed, hash.data()) != 1) {
    return std::nullopt;
  }
  return Secp256k1PublicKey(xy_of(key));
}

ByteArray<33> Secp256k1PublicKey::compressed() const noexcept {
  ByteArray<33> bytes;
  write_compressed(bytes.data(), xy_.data(), xy_.data() + 32);
  return bytes;
}

bool Secp256k1PublicKey::verify(std::span<const std::uint8_t, 32> hash,
                                std::span<const std::uint8_t, 64> signature) const {
  const auto key = point_of(xy_);
  secp256k1_ecdsa_signature parsed;
  // A high s is refused by the library, for it is not made low before.
  return key &&
         secp256k1_ecdsa_signature_parse_compact(context(), &parsed, signature.data()) == 1 &&
         secp256k1_ecdsa_verify(context(), &parsed, hash.data(), &*key) == 1;
}

std::optional<Secp256k1Key> Secp256k1Key::from_secret(const Secret<32>& secret) {
  secp256k1_pubkey key;
  if (secp256k1_ec_pubkey_create(context(), &key, secret.view().data()) != 1) return std::nullopt;
  return Secp256k1Key(Secret<32>(secret.view()), Secp256k1PublicKey(xy_of(key)));
}

Secp256k1Key Secp256k1Key::generate(const std::function<void(MutableBytes)>& random) {
  for (;;) {
    Secret<32> secret;
    random(secret.writable());
    if (auto key = from_secret(secret)) return std::move(*key);
  }
}

Secp256k1Signature Secp256k1Key::sign(std::span<const std::uint8_t, 32> hash) const {
  secp256k1_ecdsa_signature made;
  demand(secp256k1_ecdsa_sign(context(), &made, hash.data(), secret_.view().data(),
                              secp256k1_nonce_function_rfc6979, nullptr),
         "a hash was not signed");
  Secp256k1Signature signature;
  demand(secp256k1_ecdsa_signature_serialize_compact(context(), signature.data(), &made),
         "a signature was not written");
  return signature;
}

Secp256k1RecoverableSignature Secp256k1Key::sign_recoverable(
    std::span<const std::uint8_t, 32> hash,
    std::optional<std::span<const std::uint8_t, 32>> salt) const {
  secp256k1_ecdsa_recoverable_signature made;
  demand(secp256k1_ecdsa_sign_recoverable(context(), &made, hash.data(), secret_.view().data(),
                                          secp256k1_nonce_function_rfc6979,
                                          salt ? salt->data() : nullptr),
         "a hash was not signed");
  Secp256k1RecoverableSignature signature;
  int recovery_number = 0;
  demand(secp256k1_ecdsa_recoverable_signature_serialize_compact(context(), signature.data(),
                                                                 &recovery_number, &made),
         "a signature was not written");
  signature[64] = static_cast<std::uint8_t>(recovery_number);
  return signature;
}

Secret<33> Secp256k1Key::agree(const Secp256k1PublicKey& other) const {
  const auto theirs = point_of(other.xy());
  demand(theirs ? 1 : 0, "a public key is no point of the curve");
  Secret<33> shared;
  demand(secp256k1_ecdh(context(), shared.writable().data(), &*theirs, secret_.view().data(),
                        compressed_point, nullptr),
         "no shared point");
  return shared;
}

std::uint64_t secp256k1_illegal_uses() noexcept {
  return illegal_uses.load(std::memory_order_relaxed);
}

}  // namespace peerage::conn
