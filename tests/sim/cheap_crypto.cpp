#include "tests/sim/cheap_crypto.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <initializer_list>
#include <vector>

#include <secp256k1.h>
#include <secp256k1_ecdh.h>
#include <secp256k1_recovery.h>
#include <sodium.h>

#include "conn/base/bytes.h"

namespace {

using peerage::sim::Cryptography;

std::atomic<Cryptography> current{Cryptography::real};
bool is_cheap() {
  return current.load(std::memory_order_relaxed) == Cryptography::cheap;
}

// Diffie-Hellman in the multiplicative group of the field of 2^61 - 1.
constexpr std::uint64_t kPrime = (std::uint64_t{1} << 61) - 1;
constexpr std::uint64_t kGenerator = 37;
__extension__ using Wide = unsigned __int128;

std::uint64_t times(std::uint64_t a, std::uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  const std::uint64_t sum =
      static_cast<std::uint64_t>(product & kPrime) + static_cast<std::uint64_t>(product >> 61);
  return sum >= kPrime ? sum - kPrime : sum;
}

std::uint64_t power(std::uint64_t base, std::uint64_t exponent) {
  std::uint64_t result = 1;
  for (; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result = times(result, base);
    base = times(base, base);
  }
  return result;
}

std::uint64_t word_at(const unsigned char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

// Odd, so never zero, and below the order of the group.
std::uint64_t scalar_of(const unsigned char* bytes) {
  return (word_at(bytes) >> 4) | 1;
}

// The element in the first eight bytes; the rest is filler, so that it looks like any key.
void write_element(unsigned char* to, std::uint64_t element) {
  for (std::size_t i = 0; i < 4; ++i) {
    const std::uint64_t word = element * (2 * i * i + 1);
    std::memcpy(to + 8 * i, &word, sizeof word);
  }
}

std::uint64_t digest(const unsigned char* message, unsigned long long size,
                     const unsigned char* key) {
  std::uint64_t result = 0;
  crypto_shorthash(reinterpret_cast<unsigned char*>(&result), message, size, key);
  return result;
}

void write_signature(unsigned char* to, const unsigned char* message, unsigned long long size,
                     const unsigned char* public_key) {
  const std::uint64_t first = digest(message, size, public_key);
  const std::uint64_t second = digest(message, size, public_key + 16);
  for (std::size_t i = 0; i < 8; ++i) {
    const std::uint64_t word = i % 2 == 0 ? first + i : second ^ (i * first);
    std::memcpy(to + 8 * i, &word, sizeof word);
  }
}

// --- the curve: its points are elements of the same group ---

// The element in the first of eight words, x being the first four and y the others. So x says what
// y is, and few bytes are a point.
struct Point {
  unsigned char xy[64];
  explicit Point(std::uint64_t element) {
    for (std::size_t i = 0; i < 8; ++i) {
      const std::uint64_t word = element * (2 * i * i + 1);
      std::memcpy(xy + 8 * i, &word, sizeof word);
    }
  }
  unsigned char prefix() const { return static_cast<unsigned char>(2 | (xy[63] & 1)); }
  // No point has one below 2, which is of low order.
  bool is_point() const { return word_at(xy) > 1 && word_at(xy) < kPrime; }
};
Point point_of(const secp256k1_pubkey& key) {
  return Point(word_at(key.data));
}
int store(secp256k1_pubkey* key, const Point& point) {
  std::memcpy(key->data, point.xy, sizeof point.xy);
  return 1;
}

// Of all bytes of the key, for tests have keys that begin with zeros.
std::uint64_t exponent_of(const unsigned char* secret) {
  static constexpr unsigned char kKey[crypto_shorthash_KEYBYTES] = {1};
  return (digest(secret, 32, kKey) >> 4) | 1;
}

// r holds the signer, for recovery, and the salt; the rest depends on the hash, the signer and the
// salt. r and s are below half of the order.
struct CurveSignature {
  unsigned char rs[64];
  int recovery_number;
  CurveSignature(const unsigned char* hash, const Point& signer, std::uint64_t salt = 0) {
    unsigned char salted[40];
    std::copy_n(hash, 32, salted);
    std::memcpy(salted + 32, &salt, 8);
    write_signature(rs, salted, sizeof salted, signer.xy);
    recovery_number = rs[0] >> 7;
    rs[0] &= 0x3f;
    rs[32] &= 0x3f;
    std::memcpy(rs + 8, signer.xy, 8);
    std::memcpy(rs + 16, &salt, 8);
  }
  bool is(const unsigned char* other) const { return std::equal(rs, rs + sizeof rs, other); }
};

// A hash of 64 bits, as many as a simulation needs, for the 256 of Keccak.
peerage::conn::ByteArray<32> drawn_out_hash(peerage::conn::ByteView bytes) {
  static constexpr unsigned char kKey[crypto_shorthash_KEYBYTES] = {2};
  const std::uint64_t word = digest(bytes.data(), bytes.size(), kKey);
  peerage::conn::ByteArray<32> hash;
  for (std::size_t i = 0; i < 4; ++i) {
    // SplitMix64's last steps, so that each bit of it depends on each of the word.
    std::uint64_t mixed = word + (i + 1) * 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    mixed ^= mixed >> 31;
    std::memcpy(hash.data() + 8 * i, &mixed, sizeof mixed);
  }
  return hash;
}

}  // namespace

// What the linker makes of the library's names: see --wrap in its manual.
// NOLINTBEGIN(bugprone-reserved-identifier, readability-identifier-naming)
extern "C" {

int __real_crypto_scalarmult_curve25519(unsigned char* q, const unsigned char* n,
                                        const unsigned char* p);
int __real_crypto_scalarmult_curve25519_base(unsigned char* q, const unsigned char* n);
int __real_crypto_sign_ed25519_seed_keypair(unsigned char* pk, unsigned char* sk,
                                            const unsigned char* seed);
int __real_crypto_sign_ed25519_detached(unsigned char* sig, unsigned long long* size,
                                        const unsigned char* m, unsigned long long mlen,
                                        const unsigned char* sk);
int __real_crypto_sign_ed25519_verify_detached(const unsigned char* sig, const unsigned char* m,
                                               unsigned long long mlen, const unsigned char* pk);

int __wrap_crypto_scalarmult_curve25519(unsigned char* q, const unsigned char* n,
                                        const unsigned char* p) {
  if (!is_cheap()) return __real_crypto_scalarmult_curve25519(q, n, p);
  const std::uint64_t theirs = word_at(p) % kPrime;
  if (theirs <= 1) return -1;  // the elements of low order
  write_element(q, power(theirs, scalar_of(n)));
  return 0;
}

int __wrap_crypto_scalarmult_curve25519_base(unsigned char* q, const unsigned char* n) {
  if (!is_cheap()) return __real_crypto_scalarmult_curve25519_base(q, n);
  write_element(q, power(kGenerator, scalar_of(n)));
  return 0;
}

int __wrap_crypto_sign_ed25519_seed_keypair(unsigned char* pk, unsigned char* sk,
                                            const unsigned char* seed) {
  if (!is_cheap()) return __real_crypto_sign_ed25519_seed_keypair(pk, sk, seed);
  for (std::size_t i = 0; i < 4; ++i) {
    const std::uint64_t word = digest(seed, 32, seed + (i % 2) * 16) + i * 0x9e3779b97f4a7c15;
    std::memcpy(pk + 8 * i, &word, sizeof word);
  }
  std::memcpy(sk, seed, 32);
  std::memcpy(sk + 32, pk, 32);
  return 0;
}

int __wrap_crypto_sign_ed25519_detached(unsigned char* sig, unsigned long long* size,
                                        const unsigned char* m, unsigned long long mlen,
                                        const unsigned char* sk) {
  if (!is_cheap()) return __real_crypto_sign_ed25519_detached(sig, size, m, mlen, sk);
  write_signature(sig, m, mlen, sk + 32);
  if (size != nullptr) *size = 64;
  return 0;
}

int __wrap_crypto_sign_ed25519_verify_detached(const unsigned char* sig, const unsigned char* m,
                                               unsigned long long mlen, const unsigned char* pk) {
  if (!is_cheap()) return __real_crypto_sign_ed25519_verify_detached(sig, m, mlen, pk);
  unsigned char expected[64];
  write_signature(expected, m, mlen, pk);
  return std::equal(expected, expected + 64, sig) ? 0 : -1;
}

int __real_secp256k1_ec_pubkey_parse(const secp256k1_context* context, secp256k1_pubkey* key,
                                     const unsigned char* bytes, size_t size);
int __real_secp256k1_ec_pubkey_serialize(const secp256k1_context* context, unsigned char* bytes,
                                         size_t* size, const secp256k1_pubkey* key,
                                         unsigned int flags);
int __real_secp256k1_ec_pubkey_create(const secp256k1_context* context, secp256k1_pubkey* key,
                                      const unsigned char* secret);
int __real_secp256k1_ecdsa_sign(const secp256k1_context* context, secp256k1_ecdsa_signature* sig,
                                const unsigned char* hash, const unsigned char* secret,
                                secp256k1_nonce_function nonce, const void* data);
int __real_secp256k1_ecdsa_verify(const secp256k1_context* context,
                                  const secp256k1_ecdsa_signature* sig, const unsigned char* hash,
                                  const secp256k1_pubkey* key);
int __real_secp256k1_ecdsa_sign_recoverable(const secp256k1_context* context,
                                            secp256k1_ecdsa_recoverable_signature* sig,
                                            const unsigned char* hash, const unsigned char* secret,
                                            secp256k1_nonce_function nonce, const void* data);
int __real_secp256k1_ecdsa_recover(const secp256k1_context* context, secp256k1_pubkey* key,
                                   const secp256k1_ecdsa_recoverable_signature* sig,
                                   const unsigned char* hash);
int __real_secp256k1_ecdh(const secp256k1_context* context, unsigned char* output,
                          const secp256k1_pubkey* key, const unsigned char* secret,
                          secp256k1_ecdh_hash_function hash, void* data);

int __wrap_secp256k1_ec_pubkey_parse(const secp256k1_context* context, secp256k1_pubkey* key,
                                     const unsigned char* bytes, size_t size) {
  if (!is_cheap()) return __real_secp256k1_ec_pubkey_parse(context, key, bytes, size);
  if (size != 33 && size != 65) return 0;
  const Point point(word_at(bytes + 1));
  const unsigned char prefix = size == 33 ? point.prefix() : 4;
  if (!point.is_point() || bytes[0] != prefix || !std::equal(bytes + 1, bytes + size, point.xy)) {
    return 0;
  }
  return store(key, point);
}

int __wrap_secp256k1_ec_pubkey_serialize(const secp256k1_context* context, unsigned char* bytes,
                                         size_t* size, const secp256k1_pubkey* key,
                                         unsigned int flags) {
  if (!is_cheap()) return __real_secp256k1_ec_pubkey_serialize(context, bytes, size, key, flags);
  const Point point = point_of(*key);
  *size = flags == SECP256K1_EC_COMPRESSED ? 33 : 65;
  bytes[0] = *size == 33 ? point.prefix() : 4;
  std::copy_n(point.xy, *size - 1, bytes + 1);
  return 1;
}

int __wrap_secp256k1_ec_pubkey_create(const secp256k1_context* context, secp256k1_pubkey* key,
                                      const unsigned char* secret) {
  if (!is_cheap()) return __real_secp256k1_ec_pubkey_create(context, key, secret);
  if (secp256k1_ec_seckey_verify(context, secret) != 1) return 0;
  return store(key, Point(power(kGenerator, exponent_of(secret))));
}

int __wrap_secp256k1_ecdsa_sign(const secp256k1_context* context, secp256k1_ecdsa_signature* sig,
                                const unsigned char* hash, const unsigned char* secret,
                                secp256k1_nonce_function nonce, const void* data) {
  if (!is_cheap()) return __real_secp256k1_ecdsa_sign(context, sig, hash, secret, nonce, data);
  secp256k1_pubkey key;
  if (secp256k1_ec_pubkey_create(context, &key, secret) != 1) return 0;
  const CurveSignature made(hash, point_of(key));
  return secp256k1_ecdsa_signature_parse_compact(context, sig, made.rs);
}

int __wrap_secp256k1_ecdsa_verify(const secp256k1_context* context,
                                  const secp256k1_ecdsa_signature* sig, const unsigned char* hash,
                                  const secp256k1_pubkey* key) {
  if (!is_cheap()) return __real_secp256k1_ecdsa_verify(context, sig, hash, key);
  unsigned char rs[64];
  secp256k1_ecdsa_signature_serialize_compact(context, rs, sig);
  return CurveSignature(hash, point_of(*key)).is(rs) ? 1 : 0;
}

int __wrap_secp256k1_ecdsa_sign_recoverable(const secp256k1_context* context,
                                            secp256k1_ecdsa_recoverable_signature* sig,
                                            const unsigned char* hash, const unsigned char* secret,
                                            secp256k1_nonce_function nonce, const void* data) {
  if (!is_cheap()) {
    return __real_secp256k1_ecdsa_sign_recoverable(context, sig, hash, secret, nonce, data);
  }
  secp256k1_pubkey key;
  if (secp256k1_ec_pubkey_create(context, &key, secret) != 1) return 0;
  const std::uint64_t salt = data == nullptr ? 0 : word_at(static_cast<const unsigned char*>(data));
  const CurveSignature made(hash, point_of(key), salt);
  return secp256k1_ecdsa_recoverable_signature_parse_compact(context, sig, made.rs,
                                                             made.recovery_number);
}

int __wrap_secp256k1_ecdsa_recover(const secp256k1_context* context, secp256k1_pubkey* key,
                                   const secp256k1_ecdsa_recoverable_signature* sig,
                                   const unsigned char* hash) {
  if (!is_cheap()) return __real_secp256k1_ecdsa_recover(context, key, sig, hash);
  unsigned char rs[64];
  int recovery_number = 0;
  secp256k1_ecdsa_recoverable_signature_serialize_compact(context, rs, &recovery_number, sig);
  const Point signer(word_at(rs + 8));
  const CurveSignature expected(hash, signer, word_at(rs + 16));
  if (!signer.is_point() || !expected.is(rs) || expected.recovery_number != recovery_number) {
    return 0;
  }
  return store(key, signer);
}

int __wrap_secp256k1_ecdh(const secp256k1_context* context, unsigned char* output,
                          const secp256k1_pubkey* key, const unsigned char* secret,
                          secp256k1_ecdh_hash_function hash, void* data) {
  if (!is_cheap()) return __real_secp256k1_ecdh(context, output, key, secret, hash, data);
  if (secp256k1_ec_seckey_verify(context, secret) != 1) return 0;
  const Point shared(power(word_at(key->data), exponent_of(secret)));
  return hash(output, shared.xy, shared.xy + 32, data);
}

}  // extern "C"

// Both of our own functions for Keccak-256, by the names that they have as symbols.
using peerage::conn::ByteArray;
using peerage::conn::ByteView;
using Parts = std::initializer_list<ByteView>;
#define PEERAGE_KECCAK_OF_PARTS \
  "_ZN7peerage4conn9keccak256ESt16initializer_listISt4spanIKhLm18446744073709551615EEE"
#define PEERAGE_KECCAK_OF_BYTES "_ZN7peerage4conn9keccak256ESt4spanIKhLm18446744073709551615EE"
ByteArray<32> real_keccak_of_parts(Parts parts) asm("__real_" PEERAGE_KECCAK_OF_PARTS);
ByteArray<32> real_keccak_of_bytes(ByteView bytes) asm("__real_" PEERAGE_KECCAK_OF_BYTES);
ByteArray<32> keccak_of_parts(Parts parts) asm("__wrap_" PEERAGE_KECCAK_OF_PARTS);
ByteArray<32> keccak_of_bytes(ByteView bytes) asm("__wrap_" PEERAGE_KECCAK_OF_BYTES);

ByteArray<32> keccak_of_parts(Parts parts) {
  if (!is_cheap()) return real_keccak_of_parts(parts);
  if (parts.size() == 1) return drawn_out_hash(*parts.begin());
  std::vector<unsigned char> all;
  for (const ByteView part : parts) all.insert(all.end(), part.begin(), part.end());
  return drawn_out_hash(all);
}

ByteArray<32> keccak_of_bytes(ByteView bytes) {
  return is_cheap() ? drawn_out_hash(bytes) : real_keccak_of_bytes(bytes);
}
// NOLINTEND(bugprone-reserved-identifier, readability-identifier-naming)

namespace peerage::sim {

void use_cryptography(Cryptography which) {
  current = which;
}
Cryptography cryptography() {
  return current;
}

}  // namespace peerage::sim
