#include "pex/books/dialled.h"

namespace peerage::pex {

using conn::NetAddress;

std::optional<NetAddress> address_of(const conn::HostAddress& target,
                                     const p2p::AttemptReport& report) {
  if (const auto ip = conn::IpAddress::parse(target.host)) {
    return NetAddress{target.id, {*ip, target.port}};
  }
  if (report.remote) return NetAddress{target.id, *report.remote};
  return std::nullopt;
}

std::optional<NetAddress> address_of(const p2p::Peer& peer) {
  if (peer.direction() != p2p::Direction::outbound) return std::nullopt;
  return NetAddress{peer.id(), peer.socket()};
}

}  // namespace peerage::pex
