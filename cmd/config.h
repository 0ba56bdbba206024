// config.toml: what an operator says about the node, read from the file that a comet node has too.
//
// `[p2p]` keys keep their names and meaning. Our own settings stand in a `[peerage]` table, which a
// comet node ignores. Sections that belong to a comet node's other parts are not looked at. A key
// of ours that has the wrong type or a value that makes no sense is an error that names it; a key
// that we cannot honour is listed in `notices` with the reason, and so is one in our tables that
// nobody knows.
//
// Source: comet config/config.go:P2PConfig; spec/vectors/config/*.toml.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conn/net_address.h"
#include "conn/runtime.h"
#include "p2p/p2p_config.h"

namespace peerage::cmd {

using p2p::P2pConfig;

struct Config {
  std::string moniker;
  std::string node_key_file = "config/node_key.json";  // relative to the home
  std::string network;                                 // [peerage] network: the chain ID
  std::string book_file = "data/addrbook.db";          // [peerage] book_file, likewise
  P2pConfig p2p;
  // For the operator: keys that have no effect, and why.
  std::vector<std::string> notices;

  static conn::Result<Config> parse(std::string_view toml);
  static conn::Result<Config> load(const std::filesystem::path& file);

  // A commented config.toml with the defaults above.
  static std::string template_text(std::string_view moniker, std::string_view network);
};

// A Go duration: "300ms", "1.5h", "2h45m", "0". Negative ones are refused.
std::optional<conn::Duration> parse_duration(std::string_view text);

}  // namespace peerage::cmd
