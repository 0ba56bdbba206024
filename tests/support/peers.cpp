#include "tests/support/peers.h"

#include <optional>

namespace peerage::test {

Sessions make_sessions(const conn::NodeKey& first_key, const conn::NodeKey& second_key) {
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
