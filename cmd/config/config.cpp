#include "cmd/config/config.h"

#include <algorithm>
#include <exception>
#include <map>
#include <utility>

#include "addrbook/file/book_file.h"
#include "cmd/base/log_levels.h"
#include "cmd/config/fields.h"
#include "cmd/config/known_keys.h"
#include "cmd/config/toml_table.h"
#include "conn/base/bytes.h"
#include "conn/base/file.h"
#include "p2p/base/limits.h"
#include "p2p/base/listen_address.h"
#include "p2p/base/node_info.h"

namespace peerage::cmd {
namespace {

using conn::fail;
using conn::Reason;
using conn::Result;
using conn::Stage;

constexpr std::size_t kMaxFile = 1u << 20;
// Reports of keys that have no effect: a file of nothing else must not fill a log.
constexpr std::size_t kMaxUnread = 200;

constexpr std::size_t kMaxChainId = 50;  // comet types/genesis.go: MaxChainIDLen
// Bytes of a name that are shown: all of the longest that a comet node has.
constexpr std::size_t kShownKey = 96;

// Reads one document into a ConfigReading.
class Reader {
 public:
  Reader(const TomlDocument& document, Listing listing, ConfigReading& reading)
      : document_(document),
        listing_(listing),
        reading_(reading),
        root_(&document.keys, "", complaint()),
        p2p_(document.table("p2p"), "p2p", complaint()),
        own_(document.table("peerage"), "peerage", complaint()) {
    for (const std::string name : {"p2p", "peerage"}) {
      if (root_.has(name) && document.table(name) == nullptr) {
        add(Severity::error, root_.line_of(name), name + ": must be a table");
      }
    }
    if (!root_.has("p2p") && (root_.has("chain_id") || root_.has("laddr"))) {
      become_tenderseed();
    }
  }

  void read() {
    Config& config = reading_.config;
    const bool tenderseed = config.dialect == Config::Dialect::tenderseed;
    for_each_field(config, [&](std::string_view section, std::string_view key, auto& into) {
      TomlTable& table = section == "peerage"              ? own_
                         : section == "p2p" && !tenderseed ? p2p_
                                                           : root_;
      const bool there = table.read(key, into);
      if (there && key == "addr_book_file") config.names_addr_book_file = true;
      if (there) {
        reading_.lines[section.empty() ? std::string(key)
                                       : std::string(section) + "." + std::string(key)] =
            table.line_of(key);
      }
      known_.push_back(table.full_name(key));
    });
    if (tenderseed) {
      // [peerage] wins where both say it.
      if (!own_.has("network")) root_.read("chain_id", config.network);
      std::uint32_t workers = 0;  // 0 and "" mean the default there
      root_.read("peer_check_workers", workers);
      if (workers > 0 && !own_.has("crawl_parallel")) config.crawl_parallel = workers;
      std::string lifetime;
      root_.read("seed_disconnect_wait_period", lifetime);
      if (!lifetime.empty() && !own_.has("seed_peer_lifetime")) {
        set_value(config.seed_peer_lifetime, lifetime, [this](const std::string& what) {
          add(Severity::error, 0, "seed_disconnect_wait_period: " + what);
        });
      }
      for (const char* key : {"chain_id", "peer_check_workers", "seed_disconnect_wait_period"}) {
        known_.emplace_back(key);
      }
    }
    tell_unread();
  }

 private:
  TomlTable::ComplainAt complaint() {
    return [this](std::size_t line, const std::string& key, const std::string& what) {
      add(Severity::error, line, key + ": " + what);
    };
  }
  void add(Severity severity, std::size_t line, std::string text) {
    reading_.findings.push_back({severity, {}, line, std::move(text)});
  }

  // Its defaults, where they are not a comet node's.
  void become_tenderseed() {
    Config& config = reading_.config;
    config.dialect = Config::Dialect::tenderseed;
    config.p2p.seed_mode = true;
    config.p2p.allow_duplicate_ip = true;
    config.p2p.max_num_inbound_peers = 100;
    config.p2p.max_num_outbound_peers = 60;
    config.p2p.addr_book_file = "data/addrbook.json";
    config.names_addr_book_file = true;
  }

  void tell_unread() {
    known_.insert(known_.end(), {"p2p", "peerage"});
    for (const TomlTable* table : {&root_, &p2p_, &own_}) {
      for (const TomlTable::Unread& key : table->unread()) {
        if (table == &root_ && (key.key == "p2p" || key.key == "peerage")) continue;
        if (++unread_ > kMaxUnread) {
          if (unread_ == kMaxUnread + 1) add(Severity::warning, key.line, "and more such keys");
          return;
        }
        tell_unread(*table, key);
      }
    }
    for (auto& [reason, keys] : alike_) {
      add(Severity::notice, keys.line,
          keys.names + (keys.several ? " have" : " has") + " no effect: " + std::string(reason));
    }
  }

  void tell_unread(const TomlTable& table, const TomlTable::Unread& key) {
    const std::string name = table.full_name(key.key);
    const std::string shown = conn::printable(name, kShownKey);
    auto reason = why_ignored(name);
    if (!reason && reading_.config.dialect == Config::Dialect::tenderseed) {
      reason = why_ignored_of_tenderseed(name);
    }
    if (!reason) {
      std::string text = shown + " has no effect: there is no such setting";
      const std::string meant = nearest_name(name, known_);
      if (!meant.empty()) text += "; did you mean " + meant + "?";
      return add(Severity::warning, key.line, std::move(text));
    }
    const auto* section = &table == &root_ ? document_.table(key.key) : nullptr;
    if (section != nullptr) return tell_section(shown, key.line, *section, *reason);
    if (listing_ == Listing::full || &table != &root_) {
      return add(Severity::notice, key.line, shown + " has no effect: " + std::string(*reason));
    }
    Alike& alike = alike_[*reason];
    alike.several = !alike.names.empty();
    alike.names += (alike.several ? ", " : "") + shown;
    if (!alike.several) alike.line = key.line;
  }

  void tell_section(const std::string& name, std::size_t line, const TomlDocument::Keys& section,
                    std::string_view reason) {
    if (listing_ == Listing::brief) {
      return add(Severity::notice, line, "[" + name + "] has no effect: " + std::string(reason));
    }
    for (const auto& [key, value] : section) {
      if (++unread_ > kMaxUnread) return;
      std::string full = name + ".";
      full += key;
      add(Severity::notice, value.line,
          conn::printable(full, kShownKey) + " has no effect: " + std::string(reason));
    }
  }

  struct Alike {
    std::string names;
    std::size_t line = 0;
    bool several = false;
  };

  const TomlDocument& document_;
  const Listing listing_;
  ConfigReading& reading_;
  TomlTable root_, p2p_, own_;
  std::vector<std::string> known_;
  std::map<std::string_view, Alike> alike_;
  std::size_t unread_ = 0;
};

// By the rule for a NodeInfo's moniker.
bool others_take(const std::string& moniker) {
  p2p::NodeInfo info;
  info.node_id = conn::NodeId().to_string();
  info.listen_addr = P2pConfig().laddr;
  info.moniker = moniker;
  return p2p::validate(info) && p2p::encode(info).size() <= p2p::kMaxNodeInfo;
}

void settle_network(const std::string& text, const ComplainOf& complain) {
  static const std::string kKey = "peerage.network";
  const auto names = split_list(text);
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

void settle_logging(const Config& config, const ComplainOf& complain) {
  if (const auto levels = LogLevels::parse(config.log_level); !levels) {
    complain("log_level", levels.error().detail);
  }
  if (const auto format = parse_log_format(config.log_format); !format) {
    complain("log_format", format.error().detail);
  }
}

}  // namespace

void settle(Config& config, const ComplainOf& complain) {
  P2pConfig& p2p = config.p2p;
  if (p2p.laddr.empty()) {
    complain("p2p.laddr", "must name an address to listen on");
  } else if (const auto listens = p2p::listen_address(p2p.laddr); !listens) {
    complain("p2p.laddr", listens.error().detail);
  }
  const auto external = conn::split_host_port(p2p.external_address);
  if (!external && !p2p.external_address.empty()) {
    complain("p2p.external_address", external.error().detail);
  }
  if (p2p.seed_mode && !p2p.pex) complain("p2p.seed_mode", "needs pex = true");
  p2p.handshake_timeout = std::min<conn::Duration>(p2p.handshake_timeout, p2p::kHandshakeTimeout);

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
  settle_network(config.network, complain);
  settle_logging(config, complain);
}

std::string key_in_file(const Config& config, const std::string& key) {
  if (config.dialect == Config::Dialect::comet) return key;
  if (key == "peerage.network") return "chain_id";
  return key.starts_with("p2p.") ? key.substr(4) : key;
}

ConfigReading read_config(std::string_view text, Listing listing) {
  ConfigReading reading;
  const auto malformed = [&reading](std::size_t line, std::string_view what) {
    reading.malformed = true;
    reading.findings.push_back({Severity::error, {}, line, conn::printable(what, 200)});
  };
  try {
    const auto document = TomlDocument::parse(text);
    if (document) {
      Reader(*document, listing, reading).read();
    } else {
      malformed(document.error().line, document.error().what);
    }
  } catch (const std::exception& error) {
    malformed(0, error.what());
  }
  return reading;
}

Result<Config> Config::parse(std::string_view text) {
  ConfigReading reading = read_config(text);
  if (!reading.malformed) {
    settle(reading.config, [&reading](const std::string& key, const std::string& what) {
      const std::string shown = key_in_file(reading.config, key);
      reading.findings.push_back({Severity::error, {}, 0, shown + ": " + what});
    });
  }
  if (const Finding* error = first_error(reading.findings)) {
    return fail(Stage::configuration, Reason::config_malformed,
                reading.malformed ? "line " + std::to_string(error->line) + ": " + error->text
                                  : error->text);
  }
  for (Finding& each : reading.findings) reading.config.notices.push_back(std::move(each.text));
  return std::move(reading.config);
}

Result<std::string> read_config_file(const std::filesystem::path& file) {
  auto text = conn::read_file(file, kMaxFile);
  if (text) return std::move(*text);
  const bool too_long = text.error().kind == conn::FileError::Kind::too_long;
  return fail(
      Stage::configuration, Reason::config_malformed,
      file.string() + (too_long ? ": over 1 MiB" : ": cannot be read: " + text.error().what));
}

Result<Config> Config::load(const std::filesystem::path& file) {
  const auto text = read_config_file(file);
  if (!text) return tl::unexpected(text.error());
  auto config = parse(*text);
  if (!config) config.error().detail = file.string() + ": " + config.error().detail;
  return config;
}

}  // namespace peerage::cmd
