#include "pex/discovery/record/enode_url.h"

#include <algorithm>
#include <charconv>

#include "conn/address/host_name.h"
#include "pex/discovery/record/record_reason.h"

namespace peerage::pex {
namespace {

constexpr std::string_view kScheme = "enode://";
constexpr std::string_view kUdpPort = "discport=";

tl::unexpected<conn::Failure> malformed(std::string_view why) {
  return conn::fail(conn::Stage::configuration, RecordReason::enode_malformed, std::string(why));
}

std::optional<conn::Secp256k1PublicKey> key_of(std::string_view digits) {
  const auto bytes = conn::from_hex(digits);
  conn::ByteArray<64> xy;
  if (!bytes || bytes->size() != xy.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), xy.begin());
  return conn::Secp256k1PublicKey::from_xy(xy);
}

std::optional<std::uint16_t> port_of(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return port;
}

// Of "host:port" or "[host]:port"; an IPv6 address stands in brackets, and nothing else does.
std::optional<std::string_view> host_of(std::string_view text) {
  const bool is_bracketed = text.starts_with('[') && text.ends_with(']');
  if (is_bracketed) text = text.substr(1, text.size() - 2);
  const bool is_v6 = text.find(':') != std::string_view::npos;
  if (is_v6 != is_bracketed) return std::nullopt;
  if (conn::IpAddress::parse(text)) return text;
  return !is_v6 && conn::is_host_name(text) ? std::optional(text) : std::nullopt;
}

// Of "a=1&discport=2&b=3"; others are none of ours.
std::string_view udp_port_in(std::string_view query) {
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    if (one.starts_with(kUdpPort)) return one.substr(kUdpPort.size());
    query.remove_prefix(std::min(query.size(), one.size() + 1));
  }
  return {};
}

}  // namespace

conn::Result<EnodeUrl> EnodeUrl::parse(std::string_view text) {
  if (!text.starts_with(kScheme)) return malformed("it does not begin with enode://");
  text.remove_prefix(kScheme.size());
  const std::size_t at = text.find('@');
  const auto key = key_of(text.substr(0, at));
  if (!key) return malformed("its key is not one of 128 hex digits");
  EnodeUrl url{*key, {}};
  if (at == std::string_view::npos) return url;

  text.remove_prefix(at + 1);
  const std::size_t mark = text.find('?');
  const std::string_view address = text.substr(0, mark);
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return malformed("it has no port");
  const auto host = host_of(address.substr(0, colon));
  if (!host) return malformed("its host is neither an IP address nor a name");
  const auto tcp = port_of(address.substr(colon + 1));
  if (!tcp) return malformed("its port is no number from 0 to 65535");
  url.host = *host;
  url.tcp = url.udp = *tcp;
  if (mark == std::string_view::npos) return url;

  const std::string_view digits = udp_port_in(text.substr(mark + 1));
  if (digits.empty()) return url;
  const auto udp = port_of(digits);
  if (!udp) return malformed("its discport is no number from 0 to 65535");
  url.udp = *udp;
  return url;
}

std::string EnodeUrl::to_string() const {
  std::string text(kScheme);
  text += conn::to_hex(key.xy());
  if (host.empty()) return text;
  const bool is_v6 = host.find(':') != std::string::npos;
  text += is_v6 ? "@[" + host + "]:" : "@" + host + ":";
  text += std::to_string(tcp);
  if (udp != tcp) text += "?" + std::string(kUdpPort) + std::to_string(udp);
  return text;
}

std::optional<conn::Endpoint> EnodeUrl::udp_endpoint() const {
  const auto ip = conn::IpAddress::parse(host);
  if (!ip) return std::nullopt;
  return conn::Endpoint{*ip, udp};
}

}  // namespace peerage::pex
