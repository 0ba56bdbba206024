// Two ends of a SecretConnection without a socket, for tests of what runs inside one.
#pragma once

#include <cstdint>

#include "conn/comet/secret_handshake.h"

namespace peerage::test {

inline conn::NodeKey key_from(std::uint8_t fill) {
  conn::ByteArray<32> seed;
  seed.fill(fill);
  return conn::NodeKey::from_seed(conn::Secret<32>(seed));
}

inline conn::Secret<32> ephemeral_from(std::uint8_t fill) {
  conn::ByteArray<32> bytes;
  bytes.fill(fill);
  return conn::Secret<32>(bytes);
}

struct Sessions {
  conn::SecretSession first;
  conn::SecretSession second;
};

// The sessions of two nodes after a real handshake.
Sessions make_sessions(const conn::NodeKey& first_key, const conn::NodeKey& second_key);

}  // namespace peerage::test
