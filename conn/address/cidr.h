// A network of IP addresses, "203.0.113.0/24" or "2001:db8::/32": for bans and exemptions.
//
// A single address is the network that holds it alone. Threads: plain values.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "conn/address/ip_address.h"
#include "conn/base/failure.h"

namespace peerage::conn {

class Cidr {
 public:
  // The address alone.
  explicit Cidr(const IpAddress& ip) : Cidr(ip, ip.is_v4() ? 32u : 128u) {}
  // The first `bits` bits of `ip` (at most 32 for IPv4, 128 for IPv6; more is taken for that).
  Cidr(const IpAddress& ip, unsigned bits);

  // "ADDRESS" or "ADDRESS/BITS"; bits of the address beyond BITS must be zero: they would be a
  // slip. invalid_argument otherwise.
  static Result<Cidr> parse(std::string_view text);
  // A single address is written without "/BITS".
  std::string to_string() const;

  // Of a network of IPv4, also what carries an address of it (IpAddress::carried).
  bool contains(const IpAddress& ip) const noexcept;
  // Whether an address is in both.
  bool overlaps(const Cidr& other) const noexcept;
  const IpAddress& base() const noexcept { return base_; }
  unsigned bits() const noexcept { return bits_; }

  auto operator<=>(const Cidr&) const = default;

 private:
  IpAddress base_;
  unsigned bits_;
};

// Private, link-local and loopback ranges of both families.
const std::vector<Cidr>& private_networks();

// Whether one of `networks` holds `ip`.
bool any_contains(const std::vector<Cidr>& networks, const IpAddress& ip) noexcept;

// What one operator cheaply has: the address itself, or the /64 of an IPv6 address; of one that
// carries an IPv4 address (IpAddress::carried), that one.
IpAddress host_of(const IpAddress& ip) noexcept;
Cidr host_network(const IpAddress& ip) noexcept;
// And what is counted beside it: the /24, or the /48 of an IPv6 address.
IpAddress neighbourhood_of(const IpAddress& ip) noexcept;
Cidr neighbourhood_network(const IpAddress& ip) noexcept;

}  // namespace peerage::conn
