#include "cmd/config/discovery.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "cmd/config/setting_value.h"
#include "conn/base/bytes.h"
#include "p2p/base/listen_address.h"
#include "pex/discovery/external_ip.h"
#include "pex/discovery/record/enode_url.h"
#include "pex/discovery/record/enr.h"

namespace peerage::cmd {
namespace {

// Enough for any purpose, and such that a slip of a few digits takes no gigabytes; bytes a second
// take none.
std::uint64_t most_of(std::string_view name) {
  return name == "hashed_rate" ? 1'000'000'000 : 1'000'000;
}

std::string named(std::string_view key) {
  return "peerage.discovery." + std::string(key);
}

void check_boot_node(const std::string& text, const ComplainOfDiscovery& complain) {
  const std::string shown = "\"" + conn::printable(text, 512) + "\"";
  if (text.starts_with("enr:")) {
    const auto record = pex::Enr::parse(text);
    if (!record) return complain(named("bootnodes"), shown + ": " + record.error().detail);
    if (!(*record)->udp4() && !(*record)->udp6()) {
      complain(named("bootnodes"), shown + " has no UDP address");
    }
    return;
  }
  const auto url = pex::EnodeUrl::parse(text);
  if (!url) return complain(named("bootnodes"), shown + ": " + url.error().detail);
  if (url->host.empty() || url->udp == 0) {
    complain(named("bootnodes"), shown + " has no UDP address");
  }
}

void check_limit(const char* name, conn::Duration value, const ComplainOfDiscovery& complain) {
  if (value <= conn::Duration(0)) complain(named(name), "must be longer than nothing");
}
template <typename T>
void check_limit(const char* name, const T& value, const ComplainOfDiscovery& complain) {
  // Boot nodes need not be visited again; without any of the rest nothing would work.
  const unsigned least = std::string_view(name) == "boot_visits" ? 0 : 1;
  if (value >= least && value <= most_of(name)) return;
  complain(named(name),
           "must be from " + std::to_string(least) + " to " + std::to_string(most_of(name)));
}

}  // namespace

std::string discovery_laddr(const DiscoveryConfig& config, const std::string& p2p_laddr) {
  const std::string& laddr = config.laddr.empty() ? p2p_laddr : config.laddr;
  const auto at = p2p::listen_address(laddr);
  return at ? at->to_string() : laddr;
}

std::string_view missing_protocol(const DiscoveryConfig& config) {
  if (config.protocols == "v5") return "this version does not speak discv5 yet: use \"v4\"";
  if (config.protocols == "both") return "this version does not speak discv5 yet, and discv4 alone";
  return {};
}

void check_discovery(const DiscoveryConfig& config, const ComplainOfDiscovery& complain) {
  static constexpr std::array<std::string_view, 4> kProtocols = {"off", "v4", "v5", "both"};
  if (std::find(kProtocols.begin(), kProtocols.end(), config.protocols) == kProtocols.end()) {
    complain(named("protocols"), "must be \"off\", \"v4\", \"v5\" or \"both\", not \"" +
                                     conn::printable(config.protocols, 64) + "\"");
  }
  if (config.protocols == "v5") complain(named("protocols"), std::string(missing_protocol(config)));
  if (!config.laddr.empty()) {
    const auto at = p2p::listen_address(config.laddr);
    if (!at) complain(named("laddr"), at.error().detail);
  }
  if (config.key_file.empty()) complain(named("key_file"), "must name a file");
  for (const std::string& each : config.bootnodes) check_boot_node(each, complain);
  if (const auto source = pex::ExternalIpSource::parse(config.external_ip); !source) {
    complain(named("external_ip"), source.error().detail);
  }
  for_each_discovery_limit(config.limits, [&](const char* name, const auto& value) {
    check_limit(name, value, complain);
  });
  if (config.limits.lookup_interval_low > config.limits.lookup_interval_high) {
    complain(named("lookup_interval_low"), "must be at most lookup_interval_high, " +
                                               setting_text(config.limits.lookup_interval_high));
  }
}

}  // namespace peerage::cmd
