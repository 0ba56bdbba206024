#include "cmd/config/reader.h"

#include <cctype>
#include <exception>
#include <map>
#include <utility>

#include "cmd/config/fields.h"
#include "cmd/config/known_keys.h"
#include "cmd/config/toml_table.h"
#include "conn/base/bytes.h"
#include "conn/base/file.h"

namespace peerage::cmd {
namespace {

constexpr std::size_t kMaxFile = 1u << 20;
// Reports of keys that have no effect: a file of nothing else must not fill a log.
constexpr std::size_t kMaxUnread = 200;
// Bytes of a name that are shown: all of the longest that a comet node has.
constexpr std::size_t kShownKey = 96;

std::string in_lower_case(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// Whether a setting that has no effect asks for something.
bool is_missed(std::string_view name, const TomlValue& value) {
  if (!asks_for_something(name)) return false;
  if (const auto* flag = std::get_if<bool>(&value.is)) return *flag;
  if (const auto* number = std::get_if<std::int64_t>(&value.is)) return *number != 0;
  const auto* text = std::get_if<std::string>(&value.is);
  return text != nullptr && read_bool(*text).value_or(true);
}

// Reads one document into a ConfigReading.
class Reader {
 public:
  Reader(const TomlDocument& document, Listing listing, ConfigReading& reading)
      : document_(document),
        listing_(listing),
        reading_(reading),
        root_(&document.keys, "", complaint()),
        p2p_(document.table("p2p"), "p2p", complaint()),
        rpc_(document.table("rpc"), "rpc", complaint()),
        metrics_(document.table("instrumentation"), "instrumentation", complaint()),
        own_(document.table("peerage"), "peerage", complaint()),
        discovery_(document.table("peerage.discovery"), "peerage.discovery", complaint()) {
    for (const std::string name : {"p2p", "rpc", "instrumentation", "peerage"}) {
      if (root_.has(name) && document.table(name) == nullptr) {
        add(Severity::error, root_.line_of(name), name + ": must be a table");
      }
    }
    if (own_.has("discovery") && document.table("peerage.discovery") == nullptr) {
      add(Severity::error, own_.line_of("discovery"), "peerage.discovery: must be a table");
    }
    if (!root_.has("p2p") && (root_.has("chain_id") || root_.has("laddr"))) {
      reading_.config = Config::defaults(Config::Dialect::tenderseed);
    }
  }

  void read() {
    Config& config = reading_.config;
    const bool tenderseed = config.dialect == Config::Dialect::tenderseed;
    for_each_field(config, [&](std::string_view section, std::string_view key, auto& into) {
      TomlTable& table = section == "peerage"              ? own_
                         : section == "peerage.discovery"  ? discovery_
                         : section == "rpc"                ? rpc_
                         : section == "instrumentation"    ? metrics_
                         : section == "p2p" && !tenderseed ? p2p_
                                                           : root_;
      const bool there = read(table, key, into);
      if (there && key == "addr_book_file") config.names_addr_book_file = true;
      if (there) {
        reading_.lines[full_name(section, key)] = table.line_of(key);
      }
      known_.push_back(table.full_name(key));
    });
    if (tenderseed) read_tenderseeds_own();
    tell_unread();
  }

 private:
  template <typename T>
  bool read(TomlTable& table, std::string_view key, T& into) {
    return table.read(key, into);
  }
  bool read(TomlTable& table, std::string_view key, std::string& into) {
    return key == "network" ? table.read_list(key, into) : table.read(key, into);
  }

  TomlTable::ComplainAt complaint() {
    return [this](std::size_t line, const std::string& key, const std::string& what) {
      add(Severity::error, line, key + ": " + what);
    };
  }
  void add(Severity severity, std::size_t line, std::string text) {
    using Kind = Finding::Kind;
    const Kind kind = severity == Severity::notice ? Kind::no_effect : Kind::other;
    reading_.findings.push_back({severity, {}, line, std::move(text), kind});
  }

  // Keys that a comet node does not have.
  void read_tenderseeds_own() {
    Config& config = reading_.config;
    // [peerage] wins where both say it.
    if (!own_.has("network")) root_.read("chain_id", config.network);
    std::uint32_t workers = 0;  // 0 and "" mean the default there
    root_.read("peer_check_workers", workers);
    if (workers > 0 && !own_.has("crawl_parallel")) config.crawl_parallel = workers;
    std::string lifetime;
    root_.read("seed_disconnect_wait_period", lifetime);
    if (!lifetime.empty() && !own_.has("seed_peer_lifetime")) {
      set_value(config.seed_peer_lifetime, lifetime, [this](const std::string& what) {
        add(Severity::error, root_.line_of("seed_disconnect_wait_period"),
            "seed_disconnect_wait_period: " + what);
      });
    }
    read_tenderseeds_metrics();
    for (const char* key : {"chain_id", "peer_check_workers", "seed_disconnect_wait_period",
                            "metrics_listen_addr", "metrics_namespace"}) {
      known_.emplace_back(key);
    }
  }

  // AviaOne's: an address turns them on.
  void read_tenderseeds_metrics() {
    InstrumentationConfig& metrics = reading_.config.instrumentation;
    std::string at;
    root_.read("metrics_listen_addr", at);
    if (!at.empty() && !metrics_.has("prometheus_listen_addr")) {
      metrics.prometheus = true;
      metrics.prometheus_listen_addr = at;
    }
    if (!metrics_.has("namespace")) root_.read("metrics_namespace", metrics.metrics_namespace);
  }

  void tell_unread() {
    known_.insert(known_.end(), {"p2p", "rpc", "instrumentation", "peerage", "peerage.discovery"});
    for (const TomlTable* table : {&root_, &p2p_, &rpc_, &metrics_, &own_, &discovery_}) {
      for (const TomlTable::Unread& key : table->unread()) {
        if (is_ours(table->full_name(key.key))) continue;
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

  // A table that is read.
  bool is_ours(std::string_view name) const {
    const auto* section = document_.table(name);
    return section != nullptr &&
           (section == document_.table("p2p") || section == document_.table("rpc") ||
            section == document_.table("instrumentation") ||
            section == document_.table("peerage") ||
            section == document_.table("peerage.discovery"));
  }

  void tell_unread(const TomlTable& table, const TomlTable::Unread& key) {
    const std::string name = in_lower_case(table.full_name(key.key));
    const std::string shown = conn::printable(table.full_name(key.key), kShownKey);
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
    if (is_missed(name, *key.value)) return tell_missed(shown, key.line, *reason);
    if (listing_ == Listing::full || (&table != &root_ && &table != &rpc_)) {
      return add(Severity::notice, key.line, shown + " has no effect: " + std::string(*reason));
    }
    Alike& alike = alike_[*reason];
    alike.several = !alike.names.empty();
    alike.names += (alike.several ? ", " : "") + shown;
    if (!alike.several) alike.line = key.line;
  }

  void tell_section(const std::string& name, std::size_t line, const TomlDocument::Keys& section,
                    std::string_view reason) {
    for (const auto& [key, value] : section) {
      std::string full = name;
      full.append(".").append(key);
      if (is_missed(in_lower_case(full), value)) {
        tell_missed(conn::printable(full, kShownKey), value.line, reason);
      }
    }
    if (listing_ == Listing::brief) {
      return add(Severity::notice, line, "[" + name + "] has no effect: " + std::string(reason));
    }
    for (const auto& [key, value] : section) {
      if (++unread_ > kMaxUnread) return;
      std::string full = name + ".";
      full += key;
      if (is_missed(in_lower_case(full), value)) continue;
      add(Severity::notice, value.line,
          conn::printable(full, kShownKey) + " has no effect: " + std::string(reason));
    }
  }

  void tell_missed(const std::string& name, std::size_t line, std::string_view reason) {
    add(Severity::warning, line, name + " has no effect: " + std::string(reason));
  }

  struct Alike {
    std::string names;
    std::size_t line = 0;
    bool several = false;
  };

  const TomlDocument& document_;
  const Listing listing_;
  ConfigReading& reading_;
  TomlTable root_, p2p_, rpc_, metrics_, own_, discovery_;
  std::vector<std::string> known_;
  std::map<std::string_view, Alike> alike_;
  std::size_t unread_ = 0;
};

}  // namespace

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

conn::Result<std::string> read_config_file(const std::filesystem::path& file) {
  auto text = conn::read_file(file, kMaxFile);
  if (text) return std::move(*text);
  const bool too_long = text.error().kind == conn::FileError::Kind::too_long;
  return conn::fail(
      conn::Stage::configuration, conn::Reason::config_malformed,
      file.string() + (too_long ? ": over 1 MiB" : ": cannot be read: " + text.error().what));
}

}  // namespace peerage::cmd
