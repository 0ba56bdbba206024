#include "cmd/config/settings.h"

#include <algorithm>
#include <utility>

#include "addrbook/file/book_file.h"
#include "cmd/config/control_file.h"
#include "cmd/config/genesis.h"
#include "cmd/config/rules.h"
#include "conn/base/split_list.h"

namespace peerage::cmd {
namespace {

using conn::fail;
using conn::Reason;
using conn::Result;
using conn::Stage;
namespace fs = std::filesystem;

// An absolute path replaces the home.
fs::path place(const Settings& settings, const std::string& file) {
  return (settings.home / file).lexically_normal();
}

void name_networks(Settings& settings, std::vector<Finding>& findings) {
  std::vector<std::string>& networks = settings.networks;
  for (const std::string_view name : conn::split_list(settings.config.network)) {
    if (networks.size() == addrbook::BookFile::kMaxNetworks) break;  // reported already
    if (std::find(networks.begin(), networks.end(), name) == networks.end()) {
      networks.emplace_back(name);
    }
  }
  if (!networks.empty()) {
    const auto origin = settings.origins.find("peerage.network");
    const bool elsewhere = origin != settings.origins.end() && !origin->second.name.empty();
    settings.networks_from = elsewhere ? origin->second.name : settings.config_file.string();
    return;
  }
  if (settings.config.genesis_file.empty()) return;
  const fs::path genesis = place(settings, settings.config.genesis_file);
  settings.genesis_read = true;
  auto chain_id = read_chain_id(genesis);
  if (!chain_id) {
    // A command that needs a network finds none; others can do without.
    findings.push_back({Severity::warning, genesis.string(), 0, chain_id.error().detail});
    return;
  }
  if (!*chain_id) return;
  networks.push_back(std::move(**chain_id));
  settings.networks_from = genesis.string();
}

// The files, the networks, and what follows from them.
void resolve(Settings& settings, std::vector<Finding>& findings) {
  Config& config = settings.config;
  settings.node_key_file = place(settings, config.node_key_file);
  settings.book_file = place(settings, config.book_file);
  settings.discovery_key_file = place(settings, config.discovery.key_file);
  if (config.names_addr_book_file && !config.addr_book_file.empty()) {
    settings.json_book = place(settings, config.addr_book_file);
  }
  name_networks(settings, findings);
  const bool tenderseed = config.dialect == Config::Dialect::tenderseed;
  if (tenderseed && config.moniker.empty() && !settings.networks.empty()) {
    const std::string& first = settings.networks.front();
    config.moniker = (first == "*" ? "any" : first) + "-seed";
  }
}

}  // namespace

Finding finding_about(const Settings& settings, Severity severity, const std::string& key,
                      const std::string& what) {
  const auto origin = settings.origins.find(key);
  const bool has_one = origin != settings.origins.end();
  if (has_one && !origin->second.name.empty()) {
    return {severity, {}, 0, origin->second.name + ": " + what};
  }
  return {severity, has_one ? settings.config_file.string() : std::string(),
          has_one ? origin->second.line : 0, key_in_file(settings.config, key) + ": " + what};
}

SettingsReading read_settings(const fs::path& home, const Flags& flags,
                              const Environment& environment, Listing listing) {
  SettingsReading reading;
  Settings& settings = reading.settings;
  std::error_code error;
  const fs::path expanded = expand_home(home, environment);
  settings.home = fs::absolute(expanded, error).lexically_normal();
  if (error) settings.home = expanded;

  Layers layers = read_layers(settings.home, flags, environment, listing);
  settings.config_file = std::move(layers.config_file);
  settings.config = std::move(layers.config);
  settings.origins = std::move(layers.origins);
  settings.overruled = std::move(layers.overruled);
  reading.findings = std::move(layers.findings);
  if (!layers.readable) return reading;
  check_values(settings.config, [&reading](const std::string& key, const std::string& what) {
    reading.findings.push_back(finding_about(reading.settings, Severity::error, key, what));
  });
  merge_control_file(settings, reading.findings);
  resolve(settings, reading.findings);
  return reading;
}

Result<Settings> load_settings(const fs::path& home, const Flags& flags,
                               const Environment& environment) {
  SettingsReading reading = read_settings(home, flags, environment, Listing::brief);
  if (const Finding* error = first_error(reading.findings)) {
    std::string where = error->where;
    if (error->line > 0) where += ": line " + std::to_string(error->line);
    // A finding about an option begins with its name, and is in no file.
    const bool is_of_option = where.empty() && error->text.starts_with("--");
    return fail(Stage::configuration,
                is_of_option ? Reason::invalid_argument : Reason::config_malformed,
                where.empty() ? error->text : where + ": " + error->text);
  }
  Settings& settings = reading.settings;
  for (Finding& each : reading.findings) {
    if (!each.where.empty() && each.where != settings.config_file.string()) {
      each.text = each.where + ": " + each.text;
    }
    auto& list = each.severity == Severity::warning ? settings.warnings : settings.notices;
    list.push_back(std::move(each.text));
  }
  return std::move(settings);
}

Result<void> require_network(const Settings& settings) {
  if (!settings.networks.empty()) return {};
  return fail(Stage::configuration, Reason::config_malformed,
              "no network is named: use --network CHAIN-ID, or set `network` under [peerage] in " +
                  settings.config_file.string() + ", or put the chain's genesis.json at " +
                  (settings.home / settings.config.genesis_file).lexically_normal().string());
}

Result<void> require_peer_exchange(const Settings& settings) {
  if (settings.config.pex) return {};
  return fail(Stage::configuration, Reason::config_malformed,
              "pex = false leaves nothing to do: this node has no reactor but peer exchange");
}

}  // namespace peerage::cmd
