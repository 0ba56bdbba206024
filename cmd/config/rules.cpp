#include "cmd/config/rules.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "addrbook/file/book_file.h"
#include "cmd/base/log_levels.h"
#include "conn/address/own_address.h"
#include "conn/base/bytes.h"
#include "conn/base/split_list.h"
#include "p2p/base/limits.h"
#include "p2p/base/listen_address.h"
#include "p2p/base/node_info.h"
#include "pex/metrics/text_writer.h"

namespace peerage::cmd {
namespace {

constexpr std::size_t kMaxChainId = 50;  // comet types/genesis.go: MaxChainIDLen

// By the rule for a NodeInfo's moniker, and for its size, beside the longest network and version.
bool others_take(const std::string& moniker) {
  static constexpr std::size_t kMaxVersion = 32;
  p2p::NodeInfo info;
  info.network = std::string(kMaxChainId, 'x');
  info.version = std::string(kMaxVersion, 'x');
  info.node_id = conn::NodeId().to_string();
  info.listen_addr = P2pConfig().laddr;
  info.moniker = moniker;
  return p2p::validate(info) && p2p::encode(info).size() <= p2p::kMaxNodeInfo;
}

void check_network(const std::string& text, const ComplainOf& complain) {
  static const std::string kKey = "peerage.network";
  const auto names = conn::split_list(text);
  if (names.size() > addrbook::BookFile::kMaxNetworks) {
    return complain(kKey, "names more networks than a book can have, " +
                              std::to_string(addrbook::BookFile::kMaxNetworks));
  }
  for (const std::string_view name : names) {
    const std::string shown = "\"" + conn::printable(name, 64) + "\"";
    if (name.size() > kMaxChainId)
      complain(kKey, shown + " is longer than any chain ID, which have 50 characters");
    if (!std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7f; })) {
      complain(kKey, shown + " is no chain ID: they are printable ASCII without spaces");
    }
    if (name == "*" && names.size() > 1) complain(kKey, "\"*\" is every network, and stands alone");
  }
}

void check_logging(const Config& config, const ComplainOf& complain) {
  if (const auto levels = LogLevels::parse(config.log_level); !levels) {
    complain("log_level", levels.error().detail);
  }
  if (const auto format = parse_log_format(config.log_format); !format) {
    complain("log_format", format.error().detail);
  }
}

void check_addresses(const std::string& key, const std::string& text, const ComplainOf& complain) {
  if (const auto at = parse_service_addresses(text); !at) complain(key, at.error().detail);
}

// Each needs a socket of its own.
void check_collisions(const Config& config, const ComplainOf& complain) {
  std::vector<std::pair<std::string, ServiceAddress>> taken;
  const auto take = [&](const std::string& key, const std::string& text) {
    const auto addresses = parse_service_addresses(text);
    if (!addresses) return;  // complained of by itself
    for (const ServiceAddress& each : *addresses) {
      for (const auto& [other, address] : taken) {
        if (!collide(each, address)) continue;
        complain(key, "is an address of " + other + " as well: each needs one of its own");
        break;
      }
      taken.emplace_back(key, each);
    }
  };
  take("p2p.laddr", config.p2p.laddr);
  take("rpc.laddr", config.rpc.laddr);
  if (config.instrumentation.prometheus) {
    take("instrumentation.prometheus_listen_addr", config.instrumentation.prometheus_listen_addr);
  }
  take("peerage.http_laddr", config.surface.http_laddr);
}

void check_surface(const Config& config, const ComplainOf& complain) {
  const SurfaceConfig& surface = config.surface;
  check_addresses("peerage.http_laddr", surface.http_laddr, complain);
  check_addresses("rpc.laddr", config.rpc.laddr, complain);
  const InstrumentationConfig& metrics = config.instrumentation;
  if (metrics.prometheus) {
    static const std::string kKey = "instrumentation.prometheus_listen_addr";
    check_addresses(kKey, metrics.prometheus_listen_addr, complain);
    if (metrics.prometheus_listen_addr.empty()) complain(kKey, "must name an address to listen on");
  }
  if (!pex::is_metric_name(metrics.metrics_namespace)) {
    complain("instrumentation.namespace",
             "must be of letters, digits and _, and begin with none "
             "of the digits");
  }
  if (config.rpc.tls_cert_file.empty() != config.rpc.tls_key_file.empty()) {
    complain(config.rpc.tls_key_file.empty() ? "rpc.tls_cert_file" : "rpc.tls_key_file",
             "needs the other of tls_cert_file and tls_key_file");
  }
  if (const auto peers = parse_peer_metrics(surface.peer_metrics); !peers) {
    complain("peerage.peer_metrics", peers.error().detail);
  }
  static constexpr std::array<std::string_view, 3> kNetInfo = {"full", "outbound", "off"};
  if (std::find(kNetInfo.begin(), kNetInfo.end(), surface.net_info) == kNetInfo.end()) {
    complain("peerage.net_info", "must be \"full\", \"outbound\" or \"off\"");
  }
  check_collisions(config, complain);
  if (surface.drain_delay > std::chrono::hours(1)) {
    complain("peerage.drain_delay", "must be at most 1h");
  }
}

}  // namespace

void check_values(const Config& config, const ComplainOf& complain) {
  const P2pConfig& p2p = config.p2p;
  if (p2p.laddr.empty()) {
    complain("p2p.laddr", "must name an address to listen on");
  } else if (const auto listens = p2p::listen_address(p2p.laddr); !listens) {
    complain("p2p.laddr", listens.error().detail);
  }
  const auto external = conn::parse_own_address(p2p.external_address);
  if (!external && !p2p.external_address.empty()) {
    complain("p2p.external_address", external.error().detail);
  }
  if (const auto payload = p2p.max_packet_msg_payload_size;
      payload && (*payload < conn::kMinPacketSetting || *payload > conn::kMaxPacketSetting)) {
    complain("p2p.max_packet_msg_payload_size",
             "must be from " + std::to_string(conn::kMinPacketSetting) + " to " +
                 std::to_string(conn::kMaxPacketSetting) +
                 " bytes, as the nodes of the network have it; 1024 is a comet node's default");
  }
  if (config.seed_mode && !config.pex) complain("p2p.seed_mode", "needs pex = true");
  if (config.discovery.is_on() && !config.pex) {
    complain("peerage.discovery.protocols", "needs pex = true: what it finds goes to the book");
  }

  if (!config.moniker.empty() && !others_take(config.moniker)) {
    complain("moniker",
             "must be printable ASCII and not blank, and short, for others refuse a node with any "
             "other; without one a node finds a name");
  }
  if (config.node_key_file.empty()) complain("node_key_file", "must name a file");
  if (config.book_file.empty()) complain("peerage.book_file", "must name a file");
  if (config.crawl_parallel < 1 || config.crawl_parallel > 1000) {
    complain("peerage.crawl_parallel", "must be from 1 to 1000");
  }
  for (const auto& [key, value] :
       {std::pair{"peerage.visit_timeout", config.visit_timeout},
        std::pair{"peerage.seed_peer_lifetime", config.seed_peer_lifetime}}) {
    if (value <= conn::Duration(0)) complain(key, "must be longer than nothing");
  }
  if (config.named_nodes.size() > p2p::kMaxNamedNodes) {
    complain("peerage.named_nodes", "names more nodes than " + std::to_string(p2p::kMaxNamedNodes));
  }
  if (config.shards > 1024) complain("peerage.shards", "must be at most 1024");
  check_network(config.network, complain);
  check_logging(config, complain);
  check_surface(config, complain);
  check_discovery(config.discovery, complain);
}

}  // namespace peerage::cmd
