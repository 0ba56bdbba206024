// A node as `enode://<128 hex digits>@host:tcp[?discport=udp]`: how boot nodes were written before
// there were records.
//
// The host may be an IP address or a name, which is looked up by whoever dials; or there is none,
// and the URL only names a key. It is not signed and has no sequence number: any record of the same
// key says more.
//
// Source: go-ethereum p2p/enode/urlv4.go; its cases stand in spec/vectors/discovery/enr.json.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "conn/address/ip_address.h"
#include "conn/base/failure.h"
#include "conn/crypto/secp256k1.h"

namespace peerage::pex {

struct EnodeUrl {
  conn::Secp256k1PublicKey key;
  std::string host;  // an IP address without brackets, or a name; empty: none
  std::uint16_t tcp = 0;
  std::uint16_t udp = 0;

  // Failures are of stage `configuration`, reason `enode_malformed`.
  static conn::Result<EnodeUrl> parse(std::string_view text);
  std::string to_string() const;

  // None when the host is a name, or missing.
  std::optional<conn::Endpoint> udp_endpoint() const;

  auto operator<=>(const EnodeUrl&) const = default;
};

}  // namespace peerage::pex
