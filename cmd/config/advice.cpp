#include "cmd/config/advice.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "addrbook/record/book_reason.h"
#include "cmd/config/node_key_file.h"
#include "cmd/config/overrides.h"
#include "cmd/config/private_addresses.h"
#include "cmd/config/sanity.h"
#include "conn/address/net_address.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

using conn::Reason;

class Check {
 public:
  Check(const SettingsReading& reading, const Surroundings& around, pex::Role role)
      : reading_(reading),
        settings_(reading.settings),
        config_(reading.settings.config),
        p2p_(reading.settings.config.p2p),
        around_(around),
        role_(role) {}

  std::vector<Finding> run() {
    check_network();
    check_role();
    check_own_id();
    check_several_addresses();
    check_external_address();
    check_port("p2p.laddr", p2p_.laddr, around_.port,
               "; if others reach it there, as in most clouds, listen on 0.0.0.0 and make that its "
               "external_address");
    for (const auto& each : around_.services) check_port(each.key, each.where, each.port, "");
    if (!around_.certificate.empty()) {
      add(Severity::error, "rpc.tls_cert_file", around_.certificate);
    }
    if (config_.discovery.is_on()) check_discovery_itself();
    check_reach();
    check_private();
    check_key();
    check_book();
    return std::move(findings_);
  }

 private:
  void add(Severity severity, const std::string& key, const std::string& what) {
    findings_.push_back(finding_about(settings_, severity, key, what));
  }
  void add_of_file(Severity severity, const std::filesystem::path& file, std::string text) {
    findings_.push_back({severity, file.string(), 0, std::move(text)});
  }

  void check_network() {
    if (const auto served = served_networks(settings_, around_.known_networks); !served) {
      return add(Severity::error, "peerage.network", served.error().detail);
    }
    const std::string& genesis = around_.genesis_chain_id;
    const auto& networks = settings_.networks;
    if (genesis.empty() || networks.front() == "*") return;
    if (std::find(networks.begin(), networks.end(), genesis) == networks.end()) {
      add(Severity::warning, "peerage.network",
          "is not that of " + config_.genesis_file + ", which is \"" +
              conn::printable(genesis, 64) + "\"");
    }
  }

  void check_role() {
    if (const auto has = require_peer_exchange(settings_); !has) {
      add(Severity::error, "p2p.pex", has.error().detail);
    }
    for (const Override& each : overrides(settings_, role_)) {
      add(Severity::notice, each.key, each.what);
    }
    for (const Oddity& each : oddities(config_, role_)) add(Severity::warning, each.key, each.what);
    if (!around_.control_socket.empty()) {
      add(Severity::error, "peerage.control_socket", around_.control_socket);
    }
    if (!around_.descriptors.empty()) {
      add(Severity::warning, "p2p.max_num_inbound_peers", around_.descriptors);
    }
  }

  void check_own_id() {
    if (!around_.own_id) return;
    const std::string itself = "names this node itself, " + around_.own_id->to_string();
    for (const auto& [key, list] : {std::pair{"p2p.seeds", &config_.seeds},
                                    std::pair{"p2p.persistent_peers", &p2p_.persistent_peers}}) {
      for (const conn::HostAddress& each : *list) {
        if (each.id == *around_.own_id) add(Severity::warning, key, itself);
      }
    }
    for (const auto& [key, list] :
         {std::pair{"p2p.unconditional_peer_ids", &p2p_.unconditional_peer_ids},
          std::pair{"p2p.private_peer_ids", &p2p_.private_peer_ids},
          std::pair{"peerage.named_nodes", &config_.named_nodes}}) {
      if (std::find(list->begin(), list->end(), *around_.own_id) != list->end()) {
        add(Severity::warning, key, itself);
      }
    }
  }

  // All are tried; but the second may be a slip, or the first an old place.
  void check_several_addresses() {
    std::map<conn::NodeId, std::pair<std::string, conn::HostAddress>> first;
    for (const auto& [key, list] : {std::pair{"p2p.persistent_peers", &p2p_.persistent_peers},
                                    std::pair{"p2p.seeds", &config_.seeds}}) {
      for (const conn::HostAddress& each : *list) {
        const auto [known, is_new] = first.try_emplace(each.id, key, each);
        const auto& [other_key, other] = known->second;
        if (is_new || other == each) continue;
        add(Severity::notice, key,
            "names " + each.to_string() + ", which is also at " + other.host + ":" +
                std::to_string(other.port) +
                (other_key == key ? "" : " in " + other_key.substr(4)) + ": both are tried");
      }
    }
  }

  void check_external_address() {
    static const std::string kKey = "p2p.external_address";
    const auto parts = conn::split_host_port(p2p_.external_address);
    if (!parts) return;  // none, or reported already
    if (parts->port == 0) add(Severity::warning, kKey, "port 0 cannot be dialled");
    const auto ip = conn::IpAddress::parse(parts->host);
    if (!ip) return;
    if (ip->unspecified()) {
      add(Severity::warning, kKey,
          parts->host +
              " is no address that others can dial; leave it empty, or name this "
              "node's public address");
    } else if (!ip->routable() && config_.addr_book_strict) {
      add(Severity::warning, kKey,
          parts->host +
              " cannot be reached across the internet, and nodes with addr_book_strict "
              "= true, as here, do not keep it; on a private network set it to false");
    }
  }

  void check_port(const std::string& key, const std::string& laddr, Surroundings::Port port,
                  const char* if_not_ours) {
    using Port = Surroundings::Port;
    const std::string where = conn::printable(laddr, 128);
    if (port == Port::in_use && around_.book_held) {
      add(Severity::notice, key, where + " is in use; the node of this home runs");
    } else if (port == Port::in_use) {
      add(Severity::error, key, where + " is in use by another program");
    } else if (port == Port::not_permitted) {
      add(Severity::error, key, "this user may not listen on " + where);
    } else if (port == Port::not_ours) {
      add(Severity::error, key, where + " is no address of this machine" + if_not_ours);
    }
  }

  void check_discovery_itself() {
    const DiscoveryConfig& discovery = config_.discovery;
    const std::string laddr = discovery_laddr(discovery, p2p_.laddr);
    check_port("peerage.discovery.laddr", "udp " + laddr, around_.discovery_port, "");
    const std::string missing(missing_protocol(discovery));
    if (discovery.protocols == "both") {
      add(Severity::notice, "peerage.discovery.protocols", missing);
    }
    if (around_.discovery_key_failure) {
      add_of_file(Severity::error, settings_.discovery_key_file,
                  around_.discovery_key_failure->detail);
    } else if (is_open_to_others(around_.discovery_key_mode)) {
      add_of_file(Severity::warning, settings_.discovery_key_file,
                  "others on this machine can read or change the key: chmod 600");
    }
    if (discovery.bootnodes.empty()) {
      add(Severity::notice, "peerage.discovery.bootnodes",
          "names nobody: discovery waits until others find this node");
    }
  }

  // Whether any node can be reached.
  void check_reach() {
    const bool empty_book = around_.book_failure
                                ? around_.book_failure->reason == addrbook::BookReason::book_missing
                                : around_.book_addresses == 0;
    const std::size_t known = (empty_book ? 0 : around_.book_addresses) + around_.json_addresses;
    // Lists that could not be read may name any node.
    const bool all_read = first_error(reading_.findings) == nullptr;
    if (all_read && knows_nobody(config_, known)) {
      add(Severity::warning, "p2p.seeds", std::string(kKnowsNobody));
    }
    const auto parts = conn::split_host_port(p2p_.laddr);
    const auto ip = parts ? conn::IpAddress::parse(parts->host) : std::nullopt;
    if (ip && ip->loopback() && p2p_.external_address.empty()) {
      add(Severity::notice, "p2p.laddr", parts->host + " is reached from this machine alone");
    }
  }

  void check_private() {
    for (Finding& each : private_addresses(settings_)) findings_.push_back(std::move(each));
  }

  void check_key() {
    const std::filesystem::path& file = settings_.node_key_file;
    if (around_.key_failure) {
      const bool missing = around_.key_failure->reason == Reason::key_file_missing;
      std::string text(explain(around_.key_failure->reason));
      if (missing) {
        text += "; `peerage init` makes one";
      } else if (!around_.key_failure->detail.empty()) {
        text += ": " + around_.key_failure->detail;
      }
      add_of_file(missing ? Severity::warning : Severity::error, file, std::move(text));
    } else if (is_open_to_others(around_.key_mode)) {
      add_of_file(Severity::warning, file,
                  "others on this machine can read or change the key: chmod 600");
    }
  }

  void check_book() {
    const std::filesystem::path& file = settings_.book_file;
    for (const Unwritable& each : around_.unwritable) {
      add_of_file(Severity::error, each.file, "cannot be written: " + each.why.detail);
    }
    if (!around_.book_failure) {
      return add_of_file(Severity::notice, file,
                         std::to_string(around_.book_addresses) + " addresses" +
                             (around_.book_held ? "; a node has it open" : ""));
    }
    const conn::Failure& failure = *around_.book_failure;
    std::string text(explain(failure.reason));
    if (!hint(failure.reason).empty()) text += "; " + std::string(hint(failure.reason));
    const bool moved_aside = failure.reason == addrbook::BookReason::book_corrupt ||
                             failure.reason == addrbook::BookReason::book_foreign ||
                             failure.reason == addrbook::BookReason::book_newer;
    const bool missing = failure.reason == addrbook::BookReason::book_missing;
    const bool never = std::any_of(around_.unwritable.begin(), around_.unwritable.end(),
                                   [&file](const Unwritable& each) { return each.file == file; });
    if (missing && never) return;
    if (missing && around_.json_addresses > 0) {
      text = "is made at the first start, with what can be used of the " +
             std::to_string(around_.json_addresses) + " addresses in " +
             conn::printable(settings_.json_book.native(), 1024);
    }
    add_of_file(missing       ? Severity::notice
                : moved_aside ? Severity::warning
                              : Severity::error,
                file, std::move(text));
  }

  const SettingsReading& reading_;
  const Settings& settings_;
  const Config& config_;
  const P2pConfig& p2p_;
  const Surroundings& around_;
  const pex::Role role_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> check_settings(const SettingsReading& reading,
                                    const Surroundings& surroundings, pex::Role role) {
  return Check(reading, surroundings, role).run();
}

}  // namespace peerage::cmd
