// config.toml: what an operator says about the node, read from the file that a comet node has too.
//
// The keys of `[p2p]`, `[rpc]` and `[instrumentation]` keep their names and meaning. Our own
// settings are in a `[peerage]` table, which a comet node ignores. Keys of a comet node's other
// parts are named as having no effect, with the reason; so are unknown keys, with the name that was
// probably meant. A key of ours that has the wrong type or an impossible value is an error that
// names it.
//
// A tenderseed's file is read, too: its [p2p] keys stand at the top level, as do AviaOne's
// metrics_listen_addr and metrics_namespace, and it is a seed's.
//
// Source: comet config/config.go, spec/vectors/config/*.toml; tenderseed's Config.go.
// Threads: plain values. No file, whatever is in it, ends in an exception.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/config/discovery.h"
#include "cmd/config/surface.h"
#include "conn/address/cidr.h"
#include "conn/runtime/runtime.h"
#include "p2p/base/p2p_config.h"
#include "pex/limits/limits.h"

namespace peerage::cmd {

using p2p::P2pConfig;

struct Config {
  // Which program's form the file has.
  enum class Dialect : std::uint8_t { comet, tenderseed };
  Dialect dialect = Dialect::comet;

  // --- top level: as a comet node has them; files are relative to the home ---
  std::string moniker;  // empty: the node finds a name
  std::string node_key_file = "config/node_key.json";
  std::string genesis_file = "config/genesis.json";  // read for its chain_id, if it is there
  std::string log_level = "info";                    // see cmd/base/log_levels.h
  std::string log_format = "plain";

  // --- [peerage] ---
  std::string network;  // chain ID, or several, or "*" for any that a dialler names
  std::string book_file = "data/addrbook.db";
  // A seed's, with the defaults of pex/limits/limits.h: visits at a time, 1 to 1000; the time of
  // each; how long a client may stay.
  std::uint32_t crawl_parallel = static_cast<std::uint32_t>(pex::CrawlLimits{}.parallel);
  conn::Duration visit_timeout = pex::CrawlLimits{}.visit;
  conn::Duration seed_peer_lifetime = pex::CrawlLimits{}.client_life;
  std::optional<std::uint32_t> seed_inbound_peers;            // see pex/pex_reactor.h
  conn::Duration summary_interval = std::chrono::minutes(1);  // of the log; 0: none
  std::optional<std::uint32_t> max_peers_per_ip;              // see p2p/base/switch_config.h
  std::vector<conn::NodeId> named_nodes;                      // likewise
  std::vector<conn::Cidr> exempt_networks;                    // likewise
  bool log_peers = false;    // each peer that comes or goes is a line at info
  std::uint32_t shards = 1;  // threads that connections live on; 0: one for each of the machine's
  SurfaceConfig surface;
  DiscoveryConfig discovery;  // [peerage.discovery]

  // --- [rpc], [instrumentation] ---
  RpcConfig rpc;
  InstrumentationConfig instrumentation;

  // --- [p2p] ---
  P2pConfig p2p;  // what the switch reads
  // Asked for addresses when the book has none.
  std::vector<conn::HostAddress> seeds;
  bool pex = true;         // peer exchange
  bool seed_mode = false;  // a seed: pex::Role
  // Whether private and unroutable addresses are not kept.
  bool addr_book_strict = true;
  // A comet node's book, which is read and written beside our own.
  std::string addr_book_file = "config/addrbook.json";
  bool names_addr_book_file = false;  // set, not the default

  // For the operator: keys that have no effect, and why.
  std::vector<std::string> notices;

  // What holds where a file of this form is silent.
  static Config defaults(Dialect dialect);

  static conn::Result<Config> parse(std::string_view toml);
  static conn::Result<Config> load(const std::filesystem::path& file);

  // A commented config.toml with the defaults above.
  static std::string template_text(std::string_view moniker, std::string_view network);
};

// The name of a key ("p2p.laddr") in a file of the config's dialect.
std::string key_in_file(const Config& config, const std::string& key);

}  // namespace peerage::cmd
