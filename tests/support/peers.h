// Two ends of a SecretConnection without a socket, for tests of what runs inside one.
#pragma once

#include <optional>
#include <utility>

#include "conn/secret_handshake.h"

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
inline Sessions make_sessions(const conn::NodeKey& first_key, const conn::NodeKey& second_key) {
  conn::SecretHandshake first(first_key, ephemeral_from(0x11), std::nullopt);
  conn::SecretHandshake second(second_key, ephemeral_from(0x22), std::nullopt);
  for (int round = 0; round < 2; ++round) {
    const conn::Bytes to_second = first.take_output();
    const conn::Bytes to_first = second.take_output();
    (void)first.receive(to_first).value();
    (void)second.receive(to_second).value();
  }
  return {first.take_session(), second.take_session()};
}

}  // namespace peerage::test
