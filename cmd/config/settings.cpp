#include "cmd/config/settings.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <utility>

#include <unistd.h>

#include "addrbook/file/book_file.h"
#include "cmd/config/fields.h"
#include "cmd/config/genesis.h"
#include "cmd/config/known_keys.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

using conn::fail;
using conn::Reason;
using conn::Result;
using conn::Stage;
namespace fs = std::filesystem;

constexpr std::size_t kMaxVariable = 1u << 20;  // as a config file

std::string full_name(std::string_view section, std::string_view key) {
  return section.empty() ? std::string(key) : std::string(section) + "." + std::string(key);
}

// "p2p.laddr": "P2P_LADDR".
std::string as_variable(std::string_view name) {
  std::string variable;
  for (const char c : name) {
    variable += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return variable;
}

constexpr std::string_view kPrefix = "PEERAGE_";

// Kubernetes gives each container the addresses of its services, as PEERAGE_SERVICE_HOST and
// PEERAGE_PORT_26656_TCP for one that is called "peerage".
bool is_of_a_service(std::string_view rest) {
  return rest == "SERVICE_HOST" || rest.starts_with("SERVICE_PORT") || rest == "PORT" ||
         rest.starts_with("PORT_");
}

struct Variable {
  std::string name, value;
};

std::optional<Variable> first_set(const Environment& environment,
                                  const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    auto value = value_of(environment, name);
    if (value && !value->empty()) return Variable{name, std::move(*value)};
  }
  return std::nullopt;
}

// The environment variables of a key; the first that is set counts.
std::vector<std::string> variables_of(std::string_view section, std::string_view key) {
  if (section == "peerage") {
    std::vector<std::string> names = {"PEERAGE_" + as_variable(key)};
    if (key == "network") names.emplace_back("TENDERSEED_CHAIN_ID");
    return names;
  }
  const std::string name = as_variable(full_name(section, key));
  std::vector<std::string> names;
  // A comet node copies CMTX over CMT_X: the former wins.
  for (const char* prefix : {"PEERAGE_", "CMT", "CMT_", "TM", "TM_"})
    names.push_back(prefix + name);
  if (name == "P2P_SEEDS") names.emplace_back("TENDERSEED_SEEDS");
  return names;
}

// One reading of the four layers.
class Layers {
 public:
  Layers(const fs::path& home, const Flags& flags, const Environment& environment, Listing listing)
      : flags_(flags), environment_(environment), listing_(listing) {
    std::error_code error;
    const fs::path expanded = expand_home(home, environment);
    settings().home = fs::absolute(expanded, error).lexically_normal();
    if (error) settings().home = expanded;
  }

  SettingsReading read() {
    tell_unknown_variables();
    if (read_file()) {
      const Config of_file = config();
      apply_environment();
      apply_flags();
      note_overruled(of_file);
      settle_all();
      resolve();
    }
    return std::move(reading_);
  }

 private:
  Settings& settings() { return reading_.settings; }
  Config& config() { return reading_.settings.config; }

  void error(std::string text) {
    reading_.findings.push_back({Severity::error, {}, 0, std::move(text)});
  }

  // False when there is nothing to go on with.
  bool read_file() {
    const fs::path file = settings().home / flags_.config_file.value_or(
                                                (fs::path("config") / "config.toml").string());
    settings().config_file = file;
    std::error_code failed;
    const bool there = fs::status(file, failed).type() != fs::file_type::not_found;
    if (!there && (!flags_.config_file || flags_.tenderseed)) {
      // With no file at all, a tenderseed's command line or environment makes one.
      if (flags_.tenderseed ||
          first_set(environment_, {"TENDERSEED_CHAIN_ID", "TENDERSEED_SEEDS"})) {
        config() = read_config("chain_id = \"\"").config;
      }
      return true;
    }
    const auto text = read_config_file(file);
    if (!text) {
      error(text.error().detail);
      return false;
    }
    ConfigReading read = read_config(*text, listing_);
    for (Finding& each : read.findings) {
      each.where = file.string();
      reading_.findings.push_back(std::move(each));
    }
    config() = std::move(read.config);
    reading_.lines = std::move(read.lines);
    return !read.malformed;
  }

  void tell_unknown_variables() {
    // As written, and with the key's last part alone: "PEERAGE_SEEDS" is near, too.
    std::map<std::string, std::string> variables = {{"HOME", std::string(kPrefix) + "HOME"}};
    for_each_field(config(), [&](std::string_view section, std::string_view key, auto&) {
      const std::string variable = variables_of(section, key).front();
      variables[variable.substr(kPrefix.size())] = variable;
      variables[full_name(section, key)] = variable;
    });
    std::vector<std::string> known;
    known.reserve(variables.size());
    for (const auto& [name, variable] : variables) known.push_back(name);
    for (auto each = environment_.lower_bound(std::string(kPrefix));
         each != environment_.end() && each->first.starts_with(kPrefix); ++each) {
      const std::string rest = each->first.substr(kPrefix.size());
      const auto found = variables.find(rest);
      const bool is_known = found != variables.end() && found->second == each->first;
      if (each->second.empty() || is_known || is_of_a_service(rest)) continue;
      std::string text =
          conn::printable(each->first, 96) + " has no effect: there is no such setting";
      const std::string meant = nearest_name(rest, known);
      if (!meant.empty()) text += "; did you mean " + variables.at(meant) + "?";
      reading_.findings.push_back({Severity::warning, {}, 0, std::move(text)});
    }
  }

  template <typename T>
  void set(T& into, std::string_view section, std::string_view key, const std::string& from,
           const std::string& text) {
    if (text.size() > kMaxVariable) return error(from + ": over 1 MiB");
    from_[full_name(section, key)] = from;
    reading_.lines.erase(full_name(section, key));
    set_value(into, text, [&](const std::string& what) { error(from + ": " + what); });
  }

  void apply_environment() {
    for_each_field(config(), [&](std::string_view section, std::string_view key, auto& into) {
      const auto variable = first_set(environment_, variables_of(section, key));
      if (!variable) return;
      set(into, section, key, variable->name, variable->value);
      if (key == "addr_book_file") config().names_addr_book_file = true;
    });
  }

  void apply_flags() {
    const auto& f = flags_;
    const auto apply = [&](auto& into, std::string_view section, std::string_view key,
                           const char* option, const std::optional<std::string>& text) {
      if (text) set(into, section, key, option, *text);
    };
    P2pConfig& p2p = config().p2p;
    apply(config().network, "peerage", "network", "--network", f.network);
    apply(p2p.seeds, "p2p", "seeds", "--seeds", f.seeds);
    apply(p2p.persistent_peers, "p2p", "persistent_peers", "--persistent-peers",
          f.persistent_peers);
    apply(p2p.laddr, "p2p", "laddr", "--laddr", f.laddr);
    apply(p2p.external_address, "p2p", "external_address", "--external-address",
          f.external_address);
    apply(config().moniker, "", "moniker", "--moniker", f.moniker);
    apply(config().log_level, "", "log_level", "--log-level", f.log_level);
    apply(config().log_format, "", "log_format", "--log-format", f.log_format);
  }

  void note_overruled(const Config& file) {
    const P2pConfig& of_file = file.p2p;
    const auto note = [this](const char* key, const auto& in_file, const auto& now) {
      const auto from = from_.find(key);
      if (from == from_.end() || in_file.empty() || in_file == now) return;
      settings().overruled.push_back({key_in_file(config(), key), from->second});
    };
    const P2pConfig& p2p = config().p2p;
    note("p2p.seeds", of_file.seeds, p2p.seeds);
    note("p2p.persistent_peers", of_file.persistent_peers, p2p.persistent_peers);
    note("p2p.unconditional_peer_ids", of_file.unconditional_peer_ids, p2p.unconditional_peer_ids);
    note("peerage.named_nodes", file.named_nodes, config().named_nodes);
    note("p2p.private_peer_ids", of_file.private_peer_ids, p2p.private_peer_ids);
  }

  void settle_all() {
    settle(config(), [this](const std::string& key, const std::string& what) {
      const auto from = from_.find(key);
      if (from != from_.end()) return error(from->second + ": " + what);
      const auto line = reading_.lines.find(key);
      reading_.findings.push_back({Severity::error, settings().config_file.string(),
                                   line == reading_.lines.end() ? 0 : line->second,
                                   key_in_file(config(), key) + ": " + what});
    });
  }

  void resolve() {
    // An absolute path replaces the home.
    const auto place = [this](const std::string& file) {
      return (settings().home / file).lexically_normal();
    };
    settings().node_key_file = place(config().node_key_file);
    settings().book_file = place(config().book_file);
    if (config().names_addr_book_file && !config().p2p.addr_book_file.empty()) {
      settings().json_book = place(config().p2p.addr_book_file);
    }
    name_networks(place);
    const bool tenderseed = config().dialect == Config::Dialect::tenderseed;
    if (tenderseed && config().moniker.empty() && !settings().networks.empty()) {
      const std::string& first = settings().networks.front();
      config().moniker = (first == "*" ? "any" : first) + "-seed";
    }
  }

  template <typename Place>
  void name_networks(const Place& place) {
    std::vector<std::string>& networks = settings().networks;
    for (const std::string_view name : split_list(config().network)) {
      if (networks.size() == addrbook::BookFile::kMaxNetworks) break;  // reported already
      if (std::find(networks.begin(), networks.end(), name) == networks.end()) {
        networks.emplace_back(name);
      }
    }
    if (!networks.empty()) {
      const auto from = from_.find("peerage.network");
      settings().networks_from =
          from == from_.end() ? settings().config_file.string() : from->second;
      return;
    }
    if (config().genesis_file.empty()) return;
    const fs::path genesis = place(config().genesis_file);
    auto chain_id = read_chain_id(genesis);
    if (!chain_id) {
      // A command that needs a network finds none; others can do without.
      reading_.findings.push_back(
          {Severity::warning, genesis.string(), 0, chain_id.error().detail});
      return;
    }
    if (!*chain_id) return;
    networks.push_back(std::move(**chain_id));
    settings().networks_from = genesis.string();
  }

  const Flags& flags_;
  const Environment& environment_;
  const Listing listing_;
  SettingsReading reading_;
  std::map<std::string, std::string> from_;  // key: the variable or option that overrode it
};

}  // namespace

Environment process_environment() {
  Environment variables;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    const std::string_view text = *each;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

std::optional<std::string> value_of(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  if (found == environment.end()) return std::nullopt;
  return found->second;
}

fs::path default_home(const Environment& environment) {
  const auto named =
      first_set(environment, {"PEERAGE_HOME", "CMTHOME", "CMT_HOME", "TMHOME", "TM_HOME"});
  return named ? fs::path(named->value) : expand_home("~/.peerage", environment);
}

fs::path expand_home(const fs::path& path, const Environment& environment) {
  const std::string text = path.string();
  if (text != "~" && !text.starts_with("~/")) return path;
  const fs::path user_home = value_of(environment, "HOME").value_or(".");
  return text.size() <= 2 ? user_home : user_home / text.substr(2);
}

SettingsReading read_settings(const fs::path& home, const Flags& flags,
                              const Environment& environment, Listing listing) {
  return Layers(home, flags, environment, listing).read();
}

Result<Settings> load_settings(const fs::path& home, const Flags& flags,
                               const Environment& environment) {
  SettingsReading reading = read_settings(home, flags, environment, Listing::brief);
  if (const Finding* error = first_error(reading.findings)) {
    std::string where = error->where;
    if (error->line > 0) where += ": line " + std::to_string(error->line);
    return fail(Stage::configuration, Reason::config_malformed,
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
  return fail(Stage::configuration, Reason::invalid_argument,
              "no network is named: use --network CHAIN-ID, or set `network` under [peerage] in " +
                  settings.config_file.string() + ", or put the chain's genesis.json at " +
                  (settings.home / settings.config.genesis_file).lexically_normal().string());
}

}  // namespace peerage::cmd
