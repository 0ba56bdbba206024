#include "p2p/base/listen_address.h"

#include "conn/address/own_address.h"
#include "conn/base/bytes.h"

namespace peerage::p2p {

conn::Result<conn::Endpoint> listen_address(std::string_view laddr) {
  const auto parts = conn::parse_own_address(laddr);
  if (!parts) return tl::unexpected(parts.error());
  if (const auto ip = conn::IpAddress::parse(parts->host)) return conn::Endpoint{*ip, parts->port};
  return conn::fail(conn::Stage::configuration, conn::Reason::address_malformed,
                    "must be an IP address and a port, such as 0.0.0.0:26656, and \"" +
                        conn::printable(parts->host, 128) + "\" is no IP address");
}

}  // namespace peerage::p2p
