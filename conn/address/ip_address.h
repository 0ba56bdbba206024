// IP addresses as values: strict text form, the classes that decide whether an address is worth
// keeping, and the group under which it is counted.
//
// An address is 16 bytes; IPv4 is held as ::ffff:a.b.c.d, so that an IPv4 address and its mapped
// form are one value, as in the Go node. An IPv4 address is never in an IPv6 class.
//
// Source: comet v0.34 to v1.0, p2p/netaddress.go and pex/addrbook.go:groupKeyFor; the recorded
// cases stand in spec/vectors/netaddress.json.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "conn/base/bytes.h"

namespace peerage::conn {

class IpAddress {
 public:
  IpAddress() = default;  // ::
  static IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d);
  static IpAddress v6(const ByteArray<16>& bytes);

  // A literal: dotted quad without leading zeros, or IPv6 without zone or brackets. Never looks a
  // name up.
  static std::optional<IpAddress> parse(std::string_view text);

  // Dotted quad for IPv4 (mapped included), RFC 5952 for IPv6.
  std::string to_string() const;

  bool is_v4() const noexcept;
  const ByteArray<16>& bytes() const noexcept { return bytes_; }
  // The last four bytes; meaningful when is_v4().
  ByteArray<4> v4_bytes() const noexcept;

  // Classes, by their RFC.
  bool rfc1918() const noexcept;  // private IPv4
  bool rfc3849() const noexcept;  // IPv6 documentation
  bool rfc3927() const noexcept;  // IPv4 link-local
  bool rfc3964() const noexcept;  // 6to4
  bool rfc4193() const noexcept;  // IPv6 unique local
  bool rfc4380() const noexcept;  // Teredo
  bool rfc4843() const noexcept;  // ORCHID
  bool rfc4862() const noexcept;  // IPv6 link-local
  bool rfc6052() const noexcept;  // NAT64
  bool rfc6145() const noexcept;  // IPv4 translated
  bool rfc5737() const noexcept;  // IPv4 documentation
  bool rfc9637() const noexcept;  // IPv6 documentation, the second range
  bool multicast() const noexcept;
  bool reserved() const noexcept;  // 240/4, class E
  bool onion_cat() const noexcept;
  bool loopback() const noexcept;     // 127/8, ::1
  bool local() const noexcept;        // loopback or 0/8, as the Go node has it
  bool unspecified() const noexcept;  // 0.0.0.0, ::

  // Could be a peer's address at all: not unspecified, not documentation, not broadcast.
  bool valid() const noexcept;
  // Whether the internet routes it: unicast, and in no range that IANA's registries of
  // special-purpose addresses call not globally reachable. One that carries an IPv4 address is what
  // that one is. (The Go node's Routable knows far fewer ranges.)
  bool routable() const noexcept;
  // The IPv4 address that an IPv6 address carries: NAT64 (64:ff9b::/96), 6to4 (2002::/16),
  // IPv4-translated (::ffff:0:0:0/96), IPv4-compatible (::/96 without :: and ::1), or a Teredo
  // client (2001::/32). Any other is itself. Who has the one has the other: limits that count
  // hosts, networks or groups count this one.
  IpAddress carried() const noexcept;

  // The bits that an operator cannot cheaply have many of: the /16 of an IPv4 address (also of one
  // that is carried), the /32 of an IPv6 address (/36 inside Hurricane Electric's 2001:470::/32),
  // "tor:N" for OnionCat. With `strict`, "local" and "unroutable" stand for those classes.
  enum class Strict : std::uint8_t { no, yes };
  std::string group_key(Strict strict) const;
  // The same as a number: two addresses have equal ones exactly when their keys are equal.
  std::uint64_t group(Strict strict) const noexcept;

  // Keeps the first `bits` bits (of 32 for IPv4, of 128 for IPv6) and clears the rest.
  IpAddress masked(unsigned bits) const noexcept;

  std::strong_ordering operator<=>(const IpAddress& other) const noexcept {
    return order_of(bytes_, other.bytes_);
  }
  bool operator==(const IpAddress&) const = default;

 private:
  ByteArray<16> bytes_{};
};

// An address and a port: what a socket is bound or connected to.
struct Endpoint {
  IpAddress ip;
  std::uint16_t port = 0;

  // "1.2.3.4:26656", "[2001:db8::1]:26656".
  std::string to_string() const;
  // The inverse. A scheme ("tcp://") is not accepted here.
  static std::optional<Endpoint> parse(std::string_view text);

  auto operator<=>(const Endpoint&) const = default;
};

}  // namespace peerage::conn
