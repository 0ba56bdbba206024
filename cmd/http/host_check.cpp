#include "cmd/http/host_check.h"

#include <algorithm>
#include <charconv>

namespace peerage::cmd {
namespace {

constexpr std::size_t kLongestHost = 255;

bool of_a_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lowered;
}

std::optional<std::uint16_t> parse_port(std::string_view digits) {
  std::uint16_t port = 0;
  const char* const end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, port);
  if (error != std::errc() || rest != end) return std::nullopt;
  return port;
}

}  // namespace

std::optional<HttpHost> HttpHost::parse(std::string_view text) {
  if (text.empty() || text.size() > kLongestHost) return std::nullopt;
  HttpHost host;
  const bool bracketed = text.front() == '[';
  const std::size_t end = bracketed ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view name = bracketed ? text.substr(1, end - 1) : text.substr(0, end);
  std::string_view rest = text.substr(bracketed ? end + 1 : end);

  host.name = lower(name);
  host.ip = conn::IpAddress::parse(host.name);
  if (bracketed) {
    if (!host.ip || name.find(':') == std::string_view::npos) return std::nullopt;
  } else {
    if (host.name.ends_with('.')) host.name.pop_back();
    if (host.name.empty()) return std::nullopt;
    if (!std::all_of(host.name.begin(), host.name.end(), of_a_name)) return std::nullopt;
  }
  if (rest.empty() || rest == ":") return host;
  if (rest.front() != ':') return std::nullopt;
  rest.remove_prefix(1);
  host.port = parse_port(rest);
  if (!host.port) return std::nullopt;
  return host;
}

HostCheck::HostCheck(const std::vector<std::string>& hosts, std::uint16_t port_of_scheme)
    : port_of_scheme_(port_of_scheme) {
  for (const std::string& each : hosts) {
    if (auto host = HttpHost::parse(each)) hosts_.push_back(std::move(*host));
  }
}

bool HostCheck::allows(const HttpHost& host, const std::optional<conn::Endpoint>& local) const {
  if (!local) return true;
  const std::uint16_t port = host.port.value_or(port_of_scheme_);
  if (port == local->port) {
    if (host.name == "localhost") return true;
    if (host.ip && (host.ip->loopback() || *host.ip == local->ip)) return true;
  }
  return std::any_of(hosts_.begin(), hosts_.end(), [&](const HttpHost& each) {
    const bool same = each.ip ? each.ip == host.ip : each.name == host.name;
    return same && (!each.port || *each.port == port);
  });
}

}  // namespace peerage::cmd
