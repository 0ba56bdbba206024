#include "cmd/bench/bench.h"

#include <charconv>

namespace peerage::cmd {

using conn::fail;
using conn::Reason;
using conn::Result;
using conn::Stage;

Result<BenchTarget> BenchTarget::parse(std::string_view text) {
  BenchTarget target;
  if (text.find('@') != std::string_view::npos) {
    auto address = conn::NetAddress::parse(text);
    if (!address) return tl::unexpected(address.error());
    target.id = address->id;
    target.endpoint = address->endpoint;
  } else {
    const auto endpoint = parse_listen_address(text);
    if (!endpoint) return tl::unexpected(endpoint.error());
    target.endpoint = *endpoint;
  }
  if (target.endpoint.port == 0) {
    return fail(Stage::configuration, Reason::address_malformed, "port 0 cannot be dialled");
  }
  return target;
}

std::optional<conn::ChannelId> parse_channel(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  std::uint8_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return conn::ChannelId{number};
}

Result<conn::Endpoint> parse_listen_address(std::string_view text) {
  const auto parts = conn::split_host_port(text);
  if (!parts) return tl::unexpected(parts.error());
  const auto ip = conn::IpAddress::parse(parts->host);
  if (!ip) {
    return fail(Stage::configuration, Reason::address_malformed,
                conn::printable(text) + ": an IP address and a port are needed");
  }
  return conn::Endpoint{*ip, parts->port};
}

}  // namespace peerage::cmd
