// Keys of the curve, for tests: the same in every run.
#pragma once

#include <cstdint>

#include "conn/crypto/secp256k1.h"
#include "tests/support/hex.h"

namespace peerage::test {

inline conn::Secp256k1Key secp256k1_key(std::string_view secret) {
  return conn::Secp256k1Key::from_secret(conn::Secret<32>(hex_array<32>(secret))).value();
}

// One for each number above 0.
inline conn::Secp256k1Key secp256k1_key(std::uint32_t number) {
  conn::Secret<32> secret;
  for (std::size_t i = 32; number > 0; number >>= 8) {
    secret.writable()[--i] = static_cast<std::uint8_t>(number);
  }
  return conn::Secp256k1Key::from_secret(secret).value();
}

}  // namespace peerage::test
