#include "cmd/config/layers.h"

#include <system_error>
#include <utility>

#include "cmd/config/fields.h"
#include "cmd/config/setting_value.h"
#include "conn/base/split_list.h"

namespace peerage::cmd {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxVariable = 1u << 20;  // as a config file

class LayerReader {
 public:
  LayerReader(const fs::path& home, const Flags& flags, const Environment& environment,
              Listing listing)
      : home_(home), flags_(flags), environment_(environment), listing_(listing) {}

  Layers read() {
    layers_.findings = unknown_variables(environment_);
    read_file();
    if (layers_.readable) {
      const Config of_file = layers_.config;
      apply_environment();
      apply_flags();
      note_overruled(of_file);
    }
    return std::move(layers_);
  }

 private:
  void error(std::string text) {
    layers_.findings.push_back({Severity::error, {}, 0, std::move(text)});
  }

  void read_file() {
    const fs::path file =
        home_ / flags_.config_file.value_or((fs::path("config") / "config.toml").string());
    layers_.config_file = file;
    std::error_code failed;
    const bool there = fs::status(file, failed).type() != fs::file_type::not_found;
    if (!there && (!flags_.config_file || flags_.tenderseed)) {
      // With no file at all, a tenderseed's command line or environment makes one.
      if (flags_.tenderseed ||
          first_set(environment_, {"TENDERSEED_CHAIN_ID", "TENDERSEED_SEEDS"})) {
        layers_.config = Config::defaults(Config::Dialect::tenderseed);
      }
      return;
    }
    const auto text = read_config_file(file);
    if (!text) {
      error(text.error().detail);
      layers_.readable = false;
      return;
    }
    ConfigReading read = read_config(*text, listing_);
    for (Finding& each : read.findings) {
      each.where = file.string();
      layers_.findings.push_back(std::move(each));
    }
    layers_.config = std::move(read.config);
    for (const auto& [key, line] : read.lines) layers_.origins[key] = {{}, line};
    layers_.readable = !read.malformed;
  }

  template <typename T>
  void set(T& into, std::string_view section, std::string_view key, const std::string& by,
           const std::string& text) {
    if (text.size() > kMaxVariable) return error(by + ": over 1 MiB");
    layers_.origins[full_name(section, key)] = {by, 0};
    // A name of blanks is a mistake (cmd/config/rules.h), not a name that is left out.
    const std::string_view bare = key == "moniker" ? std::string_view(text) : conn::trimmed(text);
    set_value(into, bare, [&](const std::string& what) { error(by + ": " + what); });
  }

  void apply_environment() {
    for_each_field(layers_.config, [&](std::string_view section, std::string_view key, auto& into) {
      const auto variable = first_set(environment_, variables_of(section, key));
      if (!variable) return;
      set(into, section, key, variable->name, variable->value);
      if (key == "addr_book_file") layers_.config.names_addr_book_file = true;
    });
  }

  // An option that was given.
  template <typename T>
  void apply(T& into, std::string_view section, std::string_view key, const char* option,
             const std::optional<std::string>& text) {
    if (text) set(into, section, key, option, *text);
  }

  void apply_flags() {
    const auto& f = flags_;
    Config& config = layers_.config;
    P2pConfig& p2p = config.p2p;
    apply(config.network, "peerage", "network", "--network", f.network);
    apply(config.seeds, "p2p", "seeds", "--seeds", f.seeds);
    apply(p2p.persistent_peers, "p2p", "persistent_peers", "--persistent-peers",
          f.persistent_peers);
    apply(p2p.laddr, "p2p", "laddr", "--laddr", f.laddr);
    apply(p2p.external_address, "p2p", "external_address", "--external-address",
          f.external_address);
    apply(config.moniker, "", "moniker", "--moniker", f.moniker);
    apply(config.log_level, "", "log_level", "--log-level", f.log_level);
    apply(config.log_format, "", "log_format", "--log-format", f.log_format);
    apply(config.discovery.protocols, "peerage.discovery", "protocols", "--discovery", f.discovery);
    apply(config.discovery.bootnodes, "peerage.discovery", "bootnodes", "--bootnodes", f.bootnodes);
    apply_limits();
  }

  void apply_limits() {
    const auto& f = flags_;
    Config& config = layers_.config;
    P2pConfig& p2p = config.p2p;
    if (f.private_network) {
      set(config.addr_book_strict, "p2p", "addr_book_strict", "--private", "false");
      set(p2p.allow_duplicate_ip, "p2p", "allow_duplicate_ip", "--private", "true");
    }
    apply(p2p.max_num_inbound_peers, "p2p", "max_num_inbound_peers", "--max-num-inbound-peers",
          f.max_inbound);
    // A seed's, too: in its file 40 counts as not set, but not on a command line.
    if (f.max_inbound) {
      if (layers_.origins.contains("peerage.seed_inbound_peers")) {
        layers_.origins["peerage.seed_inbound_peers"] = {"--max-num-inbound-peers", 0};
      }
      set_value(config.seed_inbound_peers, *f.max_inbound, [](const std::string&) {});
    }
    apply(p2p.max_num_outbound_peers, "p2p", "max_num_outbound_peers", "--max-num-outbound-peers",
          f.max_outbound);
    apply(config.max_peers_per_ip, "peerage", "max_peers_per_ip", "--max-peers-per-ip",
          f.max_peers_per_ip);
    apply(config.addr_book_strict, "p2p", "addr_book_strict", "--addr-book-strict",
          f.addr_book_strict);
    apply(p2p.allow_duplicate_ip, "p2p", "allow_duplicate_ip", "--allow-duplicate-ip",
          f.allow_duplicate_ip);
    apply(config.shards, "peerage", "shards", "--shards", f.shards);
    apply(config.summary_interval, "peerage", "summary_interval", "--summary-interval",
          f.summary_interval);
    apply(config.log_peers, "peerage", "log_peers", "--log-peers", f.log_peers);
  }

  void note_overruled(const Config& file) {
    const Config& config = layers_.config;
    const auto note = [&](const char* key, const auto& in_file, const auto& now) {
      const auto origin = layers_.origins.find(key);
      if (origin == layers_.origins.end() || origin->second.name.empty()) return;
      if (in_file.empty() || in_file == now) return;
      layers_.overruled.push_back({key_in_file(config, key), origin->second.name});
    };
    const P2pConfig& of_file = file.p2p;
    const P2pConfig& p2p = config.p2p;
    note("p2p.seeds", file.seeds, config.seeds);
    note("p2p.persistent_peers", of_file.persistent_peers, p2p.persistent_peers);
    note("p2p.unconditional_peer_ids", of_file.unconditional_peer_ids, p2p.unconditional_peer_ids);
    note("peerage.named_nodes", file.named_nodes, config.named_nodes);
    note("p2p.private_peer_ids", of_file.private_peer_ids, p2p.private_peer_ids);
  }

  const fs::path& home_;
  const Flags& flags_;
  const Environment& environment_;
  const Listing listing_;
  Layers layers_;
};

}  // namespace

Layers read_layers(const fs::path& home, const Flags& flags, const Environment& environment,
                   Listing listing) {
  return LayerReader(home, flags, environment, listing).read();
}

}  // namespace peerage::cmd
