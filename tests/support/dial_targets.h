// Nodes to dial, told apart by a number, and how dials fail: for tests of the dialer.
#pragma once

#include <string>

#include "conn/address/net_address.h"

namespace peerage::test {

inline const conn::Failure kRefused{conn::Stage::connect, conn::Reason::connection_refused, {}};
inline const conn::Failure kClosed{
    conn::Stage::node_info, conn::Reason::closed_after_authentication, {}};
inline const conn::Failure kSelf{conn::Stage::authentication, conn::Reason::connected_to_self, {}};

inline conn::HostAddress node(unsigned number) {
  conn::ByteArray<conn::NodeId::kBytes> bytes{};
  bytes[0] = static_cast<std::uint8_t>(number >> 8);
  bytes[1] = static_cast<std::uint8_t>(number);
  return {conn::NodeId(bytes),
          "10.0." + std::to_string(number >> 8) + "." + std::to_string(number & 255), 26656};
}
inline unsigned number_of(const conn::HostAddress& target) {
  return target.id.bytes()[0] * 256u + target.id.bytes()[1];
}

}  // namespace peerage::test
