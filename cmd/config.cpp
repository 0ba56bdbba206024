#include "cmd/config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <utility>

#include <toml++/toml.h>

#include "conn/bytes.h"
#include "p2p/config.h"

namespace peerage::cmd {
namespace {

using conn::fail;
using conn::Reason;
using conn::Result;
using conn::Stage;

constexpr std::size_t kMaxFile = 1u << 20;

tl::unexpected<conn::Failure> bad(const std::string& key, const std::string& what) {
  return fail(Stage::configuration, Reason::config_malformed, key + ": " + what);
}

// Keys of [p2p] that comet nodes have and we do not follow, and why.
const std::map<std::string_view, std::string_view> kIgnored = {
    {"flush_throttle_timeout", "packets leave as soon as the socket takes them"},
    {"max_packet_msg_payload_size",
     "1024 always: it is not negotiated, so any other value "
     "would end connections"},
    {"upnp", "not supported"},
    {"test_dial_fail", "a test setting"},
    {"test_fuzz", "a test setting"},
    {"test_fuzz_config", "a test setting"},
    {"libp2p", "another protocol"},
};

// One table of the file: reads keys by type and remembers which were asked for.
class Table {
 public:
  Table(const toml::table* table, std::string name) : table_(table), name_(std::move(name)) {}

  template <typename T>
  Result<void> read(std::string_view key, T& into) {
    known_.push_back(key);
    const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
    if (node == nullptr) return {};
    return convert(*node, name_.empty() ? std::string(key) : name_ + "." + std::string(key), into);
  }

  // Keys that nobody asked for.
  std::vector<std::string> unknown() const {
    std::vector<std::string> keys;
    if (table_ == nullptr) return keys;
    for (const auto& [key, value] : *table_) {
      if (std::find(known_.begin(), known_.end(), key.str()) == known_.end()) {
        keys.emplace_back(key.str());
      }
    }
    return keys;
  }

 private:
  static Result<void> convert(const toml::node& node, const std::string& key, std::string& into) {
    const auto text = node.value_exact<std::string>();
    if (!text) return bad(key, "must be a string");
    into = *text;
    return {};
  }
  static Result<void> convert(const toml::node& node, const std::string& key, bool& into) {
    const auto flag = node.value_exact<bool>();
    if (!flag) return bad(key, "must be true or false");
    into = *flag;
    return {};
  }
  template <std::unsigned_integral T>
  static Result<void> convert(const toml::node& node, const std::string& key, T& into) {
    const auto number = node.value_exact<std::int64_t>();
    if (!number) return bad(key, "must be a whole number");
    if (*number < 0 || !std::in_range<T>(*number)) return bad(key, "is out of range");
    into = static_cast<T>(*number);
    return {};
  }
  static Result<void> convert(const toml::node& node, const std::string& key,
                              conn::Duration& into) {
    std::string text;
    if (auto read = convert(node, key, text); !read) return read;
    const auto duration = parse_duration(text);
    if (!duration) return bad(key, "must be a duration such as \"10s\" or \"1h30m\"");
    into = *duration;
    return {};
  }
  static Result<void> convert(const toml::node& node, const std::string& key,
                              std::vector<conn::HostAddress>& into) {
    std::string text;
    if (auto read = convert(node, key, text); !read) return read;
    auto addresses = conn::parse_host_addresses(text);
    if (!addresses) {
      return fail(Stage::configuration, addresses.error().reason,
                  key + ": " + addresses.error().detail);
    }
    into = std::move(*addresses);
    return {};
  }
  static Result<void> convert(const toml::node& node, const std::string& key,
                              std::vector<conn::NodeId>& into) {
    std::string text;
    if (auto read = convert(node, key, text); !read) return read;
    std::istringstream list(text);
    for (std::string entry; std::getline(list, entry, ',');) {
      std::erase(entry, ' ');
      if (entry.empty()) continue;
      const auto id = conn::NodeId::parse(entry);
      if (!id) return bad(key, id.error().detail);
      into.push_back(*id);
    }
    return {};
  }

  const toml::table* table_;
  std::string name_;
  std::vector<std::string_view> known_;
};

Result<void> read_p2p(Table& table, P2pConfig& p2p) {
  Result<void> outcome;
  const auto read = [&](std::string_view key, auto& into) {
    if (outcome) outcome = table.read(key, into);
  };
  read("laddr", p2p.laddr);
  read("external_address", p2p.external_address);
  read("seeds", p2p.seeds);
  read("persistent_peers", p2p.persistent_peers);
  read("addr_book_file", p2p.addr_book_file);
  read("addr_book_strict", p2p.addr_book_strict);
  read("max_num_inbound_peers", p2p.max_num_inbound_peers);
  read("max_num_outbound_peers", p2p.max_num_outbound_peers);
  read("unconditional_peer_ids", p2p.unconditional_peer_ids);
  read("private_peer_ids", p2p.private_peer_ids);
  read("persistent_peers_max_dial_period", p2p.persistent_peers_max_dial_period);
  read("send_rate", p2p.send_rate);
  read("recv_rate", p2p.recv_rate);
  read("pex", p2p.pex);
  read("seed_mode", p2p.seed_mode);
  read("allow_duplicate_ip", p2p.allow_duplicate_ip);
  read("handshake_timeout", p2p.handshake_timeout);
  read("dial_timeout", p2p.dial_timeout);
  if (!outcome) return outcome;
  for (const auto& [key, value] : {std::pair{"p2p.laddr", &p2p.laddr},
                                   std::pair{"p2p.external_address", &p2p.external_address}}) {
    if (value->empty()) continue;
    if (const auto parts = conn::split_host_port(*value); !parts) {
      return bad(key, parts.error().detail);
    }
  }
  if (p2p.laddr.empty()) return bad("p2p.laddr", "must name an address to listen on");
  if (p2p.seed_mode && !p2p.pex) return bad("p2p.seed_mode", "needs pex = true");
  p2p.handshake_timeout = std::min<conn::Duration>(p2p.handshake_timeout, p2p::kHandshakeTimeout);
  return {};
}

}  // namespace

Result<Config> Config::parse(std::string_view text) {
  // Debian's toml++ reports errors by exception; they end here.
  toml::table document;
  try {
    document = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return fail(Stage::configuration, Reason::config_malformed,
                "line " + std::to_string(error.source().begin.line) + ": " +
                    std::string(error.description()));
  }
  Config config;
  Table root(&document, "");
  Table p2p(document["p2p"].as_table(), "p2p");
  Table own(document["peerage"].as_table(), "peerage");
  for (const std::string_view name : {"p2p", "peerage"}) {
    if (document.contains(name) && !document[name].is_table()) {
      return bad(std::string(name), "must be a table");
    }
  }
  Result<void> read = root.read("moniker", config.moniker);
  if (read) read = root.read("node_key_file", config.node_key_file);
  if (read) read = own.read("network", config.network);
  if (read) read = own.read("book_file", config.book_file);
  if (read) read = read_p2p(p2p, config.p2p);
  if (!read) return tl::unexpected(read.error());
  if (config.book_file.empty()) return bad("peerage.book_file", "must name a file");

  for (const std::string& key : p2p.unknown()) {
    const auto ignored = kIgnored.find(key);
    config.notices.push_back(
        "p2p." + conn::printable(key, 64) + " has no effect: " +
        (ignored == kIgnored.end() ? "there is no such setting" : std::string(ignored->second)));
  }
  for (const std::string& key : own.unknown()) {
    config.notices.push_back("peerage." + conn::printable(key, 64) +
                             " has no effect: there is no such setting");
  }
  return config;
}

Result<Config> Config::load(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text(kMaxFile + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad() || (!stream.eof() && stream.fail()) || !stream.gcount()) {
    if (!std::filesystem::is_regular_file(file)) {
      return fail(Stage::configuration, Reason::config_malformed,
                  file.string() + ": cannot be read");
    }
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > kMaxFile) {
    return fail(Stage::configuration, Reason::config_malformed, file.string() + ": over 1 MiB");
  }
  auto config = parse(text);
  if (!config) config.error().detail = file.string() + ": " + config.error().detail;
  return config;
}

std::string Config::template_text(std::string_view moniker, std::string_view network) {
  const auto quoted = [](std::string_view text) {
    std::ostringstream out;
    out << toml::value<std::string>(std::string(text));
    return out.str();
  };
  std::string text =
      R"(# Configuration of a Peerage node. The keys of [p2p] are those of a comet node.

# What others see as this node's name: printable ASCII.
moniker = @MONIKER@

# The file with this node's identity, relative to the home directory.
node_key_file = "config/node_key.json"

[peerage]

# The network (chain ID) this node belongs to.
network = @NETWORK@

# The address book, relative to the home directory.
book_file = "data/addrbook.db"

[p2p]

# Where to listen.
laddr = "tcp://0.0.0.0:26656"

# What to advertise instead, when others reach this node elsewhere: host:port. A name is resolved.
external_address = ""

# Nodes to ask for addresses, and nodes to stay connected to: comma-separated ID@host:port.
seeds = ""
persistent_peers = ""

# The address book of a comet node, which `peerage addrbook import` reads.
addr_book_file = "config/addrbook.json"

# With true, private and unroutable addresses are not kept. Set it to false on a private network.
addr_book_strict = true

max_num_inbound_peers = 40
max_num_outbound_peers = 10

# IDs that are always let in, and IDs that are never passed on to others: comma-separated.
unconditional_peer_ids = ""
private_peer_ids = ""

# The longest pause between two attempts to reach a persistent peer; 0s leaves it to the backoff.
persistent_peers_max_dial_period = "0s"

# Bytes per second for each connection; 0 is unlimited.
send_rate = 5120000
recv_rate = 5120000

# Exchange addresses with peers; only crawl and serve addresses.
pex = true
seed_mode = false

# Let several peers in from one IP address.
allow_duplicate_ip = false

# From accept to admission; never more than 5s.
handshake_timeout = "5s"
dial_timeout = "3s"
)";
  for (const auto& [mark, value] :
       {std::pair<std::string_view, std::string_view>{"@MONIKER@", moniker},
        {"@NETWORK@", network}}) {
    text.replace(text.find(mark), mark.size(), quoted(value));
  }
  return text;
}

std::optional<conn::Duration> parse_duration(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, double>, 7> kUnits = {
      {{"ns", 1}, {"us", 1e3}, {"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}}};
  if (text == "0") return conn::Duration(0);
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    double number = 0;
    const std::size_t digits = text.find_first_not_of("0123456789.");
    if (digits == 0 || digits == std::string_view::npos) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
    if (error != std::errc{} || end != text.data() + digits) return std::nullopt;
    text.remove_prefix(digits);
    const std::string_view unit = text.substr(0, text.find_first_of("0123456789."));
    const auto* known = std::find_if(kUnits.begin(), kUnits.end(),
                                     [unit](const auto& each) { return each.first == unit; });
    if (known == kUnits.end()) return std::nullopt;
    total += number * known->second;
    text.remove_prefix(unit.size());
  }
  if (!(total < 9e18)) return std::nullopt;  // 292 years
  return conn::Duration(static_cast<conn::Duration::rep>(std::llround(total)));
}

}  // namespace peerage::cmd
