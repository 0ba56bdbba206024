// Whether a request's Host is one of ours.
//
// A page in an operator's browser can give a name of its own the address of the operator's
// loopback (DNS rebinding): the request then comes from this machine, but names a host that is not
// ours. So a request is answered only when its Host is
//   - a loopback name (localhost, 127.0.0.0/8, [::1]) with the port that it came to,
//   - the address and port that it came to, which is the configured one, or, of a wildcard, the
//     socket's own,
//   - or one that the operator named; without a port there, at any.
// No port means the scheme's. A Unix socket has no port that a page could reach: there any Host
// will do.
//
// Threads: plain values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conn/address/ip_address.h"

namespace peerage::cmd {

// The value of a Host header, in parts.
struct HttpHost {
  std::string name;  // in lower case, without brackets and without a dot at its end
  std::optional<conn::IpAddress> ip;  // when the name is a literal
  std::optional<std::uint16_t> port;

  // Strict: a literal (IPv6 in brackets) or letters, digits, '-', '_' and '.'.
  static std::optional<HttpHost> parse(std::string_view text);
};

class HostCheck {
 public:
  // Of the names, those that are none are left out.
  HostCheck(const std::vector<std::string>& hosts, std::uint16_t port_of_scheme);

  // `local`: where the connection came to; none: a Unix socket.
  bool allows(const HttpHost& host, const std::optional<conn::Endpoint>& local) const;

 private:
  std::vector<HttpHost> hosts_;
  std::uint16_t port_of_scheme_;
};

}  // namespace peerage::cmd
