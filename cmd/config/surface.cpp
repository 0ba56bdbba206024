#include "cmd/config/surface.h"

#include <charconv>
#include <utility>

#include "conn/base/bytes.h"
#include "conn/base/split_list.h"
#include "p2p/base/listen_address.h"

namespace peerage::cmd {
namespace {

using conn::fail;
using conn::Reason;
using conn::Result;
using conn::Stage;

constexpr std::string_view kUnix = "unix://";
constexpr std::string_view kTcp = "tcp://";

Result<ServiceAddress> parse_one(std::string_view text) {
  if (text.starts_with(kUnix)) {
    const std::string_view path = text.substr(kUnix.size());
    if (!path.empty()) return std::filesystem::path(path);
    return fail(Stage::configuration, Reason::address_malformed, "names no file after unix://");
  }
  if (text.starts_with(kTcp)) text.remove_prefix(kTcp.size());
  std::string at(text);
  // As Go reads it: no host is every interface, and this name needs no look-up.
  if (at.starts_with(":")) at.insert(0, "0.0.0.0");
  static constexpr std::string_view kLocal = "localhost:";
  if (at.starts_with(kLocal)) at.replace(0, kLocal.size(), "127.0.0.1:");
  const auto endpoint = p2p::listen_address(at);
  if (!endpoint) return tl::unexpected(endpoint.error());
  return *endpoint;
}

// "::" takes IPv4 connections, too.
bool covers(const conn::IpAddress& any, const conn::IpAddress& ip) {
  return any.unspecified() && (!any.is_v4() || ip.is_v4());
}

}  // namespace

Result<std::vector<ServiceAddress>> parse_service_addresses(std::string_view text) {
  std::vector<ServiceAddress> addresses;
  for (const std::string_view each : conn::split_list(text)) {
    auto address = parse_one(each);
    if (!address) return tl::unexpected(std::move(address.error()));
    addresses.push_back(std::move(*address));
  }
  return addresses;
}

bool collide(const ServiceAddress& one, const ServiceAddress& other) {
  const auto* const first = std::get_if<conn::Endpoint>(&one);
  const auto* const second = std::get_if<conn::Endpoint>(&other);
  if (first == nullptr || second == nullptr) return one == other;
  if (first->port == 0 || first->port != second->port) return false;
  return first->ip == second->ip || covers(first->ip, second->ip) || covers(second->ip, first->ip);
}

bool is_local(const ServiceAddress& address) {
  const auto* const endpoint = std::get_if<conn::Endpoint>(&address);
  return endpoint == nullptr || endpoint->ip.loopback();
}

std::optional<RpcCertificate> rpc_certificate(const RpcConfig& rpc,
                                              const std::filesystem::path& home) {
  if (rpc.tls_cert_file.empty()) return std::nullopt;
  const std::filesystem::path beside = home / "config";
  return RpcCertificate{beside / rpc.tls_cert_file, beside / rpc.tls_key_file};
}

Result<std::optional<std::size_t>> parse_peer_metrics(std::string_view text) {
  if (text == "auto" || text.empty()) return std::optional<std::size_t>();
  if (text == "off") return std::optional<std::size_t>(0);
  static constexpr std::size_t kMost = 100'000;
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number <= kMost) return number;
  return fail(Stage::configuration, Reason::invalid_argument,
              "must be \"auto\", \"off\" or for how many peers, at most " + std::to_string(kMost) +
                  ", not \"" + conn::printable(text, 64) + "\"");
}

}  // namespace peerage::cmd
