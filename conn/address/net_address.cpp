#include "conn/address/net_address.h"

#include <algorithm>
#include <charconv>

#include "conn/address/host_name.h"
#include "conn/base/split_list.h"

namespace peerage::conn {
namespace {

tl::unexpected<Failure> malformed(std::string_view text, std::string_view what) {
  return fail(Stage::configuration, Reason::address_malformed,
              "\"" + printable(text, 128) + "\": " + std::string(what));
}

// What stands between the first "://" and the next, as the Go node cuts it.
std::string_view without_scheme(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return text;
  text.remove_prefix(scheme + 3);
  return text.substr(0, text.find("://"));
}

struct IdAndRest {
  NodeId id;
  std::string_view host_port;
};
Result<IdAndRest> split_id(std::string_view text) {
  const std::string_view bare = without_scheme(text);
  const std::size_t at = bare.find('@');
  if (at == std::string_view::npos || bare.find('@', at + 1) != std::string_view::npos) {
    return fail(Stage::configuration, Reason::address_without_id,
                "\"" + printable(text, 128) + "\" is not of the form ID@HOST:PORT");
  }
  const auto id = NodeId::parse(bare.substr(0, at));
  if (!id) {
    // In a list of addresses the operator looks for the entry, not for the ID in it.
    return fail(Stage::configuration, id.error().reason,
                "\"" + printable(text, 128) + "\" does not begin with an ID of 40 hex digits");
  }
  return IdAndRest{*id, bare.substr(at + 1)};
}

// `text` is the whole entry, for the message; `rest` what to split.
Result<HostPort> split_rest(std::string_view text, std::string_view rest) {
  std::string_view host;
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) return malformed(text, "the port is missing");
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos || end + 1 != colon) {
      return malformed(text, "not of the form [HOST]:PORT");
    }
    host = rest.substr(1, end - 1);
  } else {
    host = rest.substr(0, colon);
    if (host.find(':') != std::string_view::npos) {
      return malformed(text, "too many colons; an IPv6 address goes in brackets");
    }
  }
  if (host.find_first_of("[]") != std::string_view::npos) return malformed(text, "stray bracket");
  if (host.empty()) return malformed(text, "the host is missing");
  const std::string_view digits = rest.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    return malformed(text, "the port is not a number from 0 to 65535");
  }
  return HostPort{std::string(host), port};
}

}  // namespace

Result<HostPort> split_host_port(std::string_view text) {
  return split_rest(text, without_scheme(text));
}

Result<NetAddress> NetAddress::parse(std::string_view text) {
  const auto parsed = HostAddress::parse(text);
  if (!parsed) return tl::unexpected(parsed.error());
  const auto ip = IpAddress::parse(parsed->host);
  if (!ip) {
    return fail(Stage::configuration, Reason::address_is_a_name, printable(parsed->host, 128));
  }
  return NetAddress{parsed->id, {*ip, parsed->port}};
}

std::string NetAddress::to_string() const {
  return id.to_string() + "@" + endpoint.to_string();
}

bool NetAddress::valid() const noexcept {
  return id != NodeId{} && endpoint.ip.valid();
}
bool NetAddress::routable() const noexcept {
  return id != NodeId{} && endpoint.ip.routable();
}

Result<HostAddress> HostAddress::parse(std::string_view text) {
  const auto parts = split_id(text);
  if (!parts) return tl::unexpected(parts.error());
  auto host_port = split_rest(text, parts->host_port);
  if (!host_port) return tl::unexpected(host_port.error());
  if (!IpAddress::parse(host_port->host) && !is_host_name(host_port->host)) {
    return malformed(text, "neither an IP address nor a host name");
  }
  return HostAddress{parts->id, std::move(host_port->host), host_port->port};
}

HostAddress HostAddress::of(const NetAddress& address) {
  return {address.id, address.endpoint.ip.to_string(), address.endpoint.port};
}

std::string HostAddress::to_string() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return id.to_string() + "@" + (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<std::vector<HostAddress>> parse_host_addresses(std::string_view list) {
  std::vector<HostAddress> addresses;
  for (const std::string_view entry : split_list(list)) {
    auto address = HostAddress::parse(entry);
    if (!address) return tl::unexpected(address.error());
    addresses.push_back(std::move(*address));
  }
  return addresses;
}

}  // namespace peerage::conn

std::size_t std::hash<peerage::conn::NetAddress>::operator()(
    const peerage::conn::NetAddress& address) const noexcept {
  // FNV-1a over the endpoint, started from the ID's hash.
  std::size_t value = std::hash<peerage::conn::NodeId>{}(address.id);
  const auto mix = [&value](std::uint8_t byte) { value = (value ^ byte) * 0x100000001b3; };
  for (const std::uint8_t byte : address.endpoint.ip.bytes()) mix(byte);
  mix(static_cast<std::uint8_t>(address.endpoint.port >> 8));
  mix(static_cast<std::uint8_t>(address.endpoint.port));
  return value;
}
