// Where a node can be dialled: `id@ip:port` (NetAddress), and, in configuration only,
// `id@host:port` (HostAddress).
//
// Parsing never resolves a name. What a peer tells us can only become a NetAddress, so a name in it
// cannot reach a resolver, a book or a dialler; the type is the proof. The canonical text is the
// identity that the Go node compares, so `to_string` prints exactly its form.
//
// Source: comet p2p/netaddress.go:NewNetAddressString; cases in spec/vectors/netaddress.json.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "conn/address/ip_address.h"
#include "conn/address/node_id.h"
#include "conn/base/failure.h"

namespace peerage::conn {

struct NetAddress {
  NodeId id;
  Endpoint endpoint;

  // `[scheme://]id@ip:port`, any scheme, IPv6 in brackets, port 0 to 65535. Errors (stage
  // configuration): address_without_id, address_malformed, and address_is_a_name for a host that is
  // not a literal.
  static Result<NetAddress> parse(std::string_view text);
  // `id@ip:port`, IPv6 in brackets.
  std::string to_string() const;

  // ID present and the IP valid(); the port is not looked at, as in the Go node.
  bool valid() const noexcept;
  bool routable() const noexcept;

  auto operator<=>(const NetAddress&) const = default;
};

// A dial target from configuration. Its host may be a name, which is looked up at each use.
struct HostAddress {
  NodeId id;
  std::string host;  // a literal without brackets, or a host name of RFC 1123 form
  std::uint16_t port = 0;

  static Result<HostAddress> parse(std::string_view text);
  static HostAddress of(const NetAddress& address);
  std::string to_string() const;
  bool operator==(const HostAddress&) const = default;
};

// The lists of config.toml (`seeds`, `persistent_peers`), separated by commas or white space
// (conn/base/split_list.h). The first bad entry fails the whole list and is named.
Result<std::vector<HostAddress>> parse_host_addresses(std::string_view list);

// `[scheme://]host:port` without an ID, as in `laddr`, `external_address` and a NodeInfo's
// listen_addr: the host as text (brackets removed), not judged; the port checked. An empty host is
// an error.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};
Result<HostPort> split_host_port(std::string_view text);

}  // namespace peerage::conn

template <>
struct std::hash<peerage::conn::NetAddress> {
  std::size_t operator()(const peerage::conn::NetAddress& address) const noexcept;
};
