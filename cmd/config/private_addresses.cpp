#include "cmd/config/private_addresses.h"

#include <string>
#include <utility>

#include "conn/address/net_address.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

constexpr std::size_t kShown = 3;     // addresses of a list
constexpr std::size_t kMaxText = 64;  // bytes of each

constexpr const char* kHelp =
    "; on a private network use --private, or set addr_book_strict = false";

bool is_refused(const std::string& host) {
  if (host == "localhost") return true;
  const auto ip = conn::IpAddress::parse(host);
  return ip && !ip->unspecified() && !ip->routable();
}

// Those of a list, as a sentence; empty: none.
std::string told(const std::vector<conn::HostAddress>& list) {
  std::string hosts;
  std::size_t count = 0;
  for (const conn::HostAddress& each : list) {
    if (!is_refused(each.host) || ++count > kShown) continue;
    hosts += (hosts.empty() ? "" : ", ") + conn::printable(each.host, kMaxText);
  }
  if (count == 0) return {};
  if (count > kShown) hosts += " and " + std::to_string(count - kShown) + " more";
  return hosts + (count == 1 ? " is private, and" : " are private, and") +
         " an address book with addr_book_strict = true keeps no such address, so that nodes there "
         "are not found";
}

}  // namespace

std::vector<Finding> private_addresses(const Settings& settings) {
  std::vector<Finding> findings;
  const Config& config = settings.config;
  if (!config.addr_book_strict) return findings;
  const auto add = [&](const char* key, const std::string& what) {
    if (what.empty()) return;
    findings.push_back(finding_about(settings, Severity::warning, key, what + kHelp));
  };
  add("p2p.seeds", told(config.seeds));
  add("p2p.persistent_peers", told(config.p2p.persistent_peers));
  const auto parts = conn::split_host_port(config.p2p.laddr);
  if (parts && is_refused(parts->host) && config.p2p.external_address.empty()) {
    add("p2p.laddr", conn::printable(parts->host, kMaxText) +
                         " is private, and nodes with addr_book_strict = true, as this one, do not "
                         "keep it");
  }
  return findings;
}

}  // namespace peerage::cmd
