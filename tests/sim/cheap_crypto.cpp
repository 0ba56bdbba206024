#include "tests/sim/cheap_crypto.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include <sodium.h>

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

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier, readability-identifier-naming)

namespace peerage::sim {

void use_cryptography(Cryptography which) {
  current = which;
}
Cryptography cryptography() {
  return current;
}

}  // namespace peerage::sim
