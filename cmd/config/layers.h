// The layers that settings come from: the defaults, config.toml, the environment, the command line.
// A later one overrides, for each key by itself; and it is known where each value comes from.
//
// A wrong value is reported in the same words wherever it stands, with the name of the key, the
// variable or the option.
//
// Threads: plain values.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cmd/config/config.h"
#include "cmd/config/environment.h"
#include "cmd/config/finding.h"
#include "cmd/config/reader.h"

namespace peerage::cmd {

// What the command line said, as text; nothing for an option that was not given.
struct Flags {
  std::optional<std::string> network;  // "a", "a,b" or "*"
  std::optional<std::string> seeds;
  std::optional<std::string> persistent_peers;
  std::optional<std::string> laddr;
  std::optional<std::string> external_address;
  std::optional<std::string> moniker;
  std::optional<std::string> log_level;
  std::optional<std::string> log_format;
  std::optional<std::string> max_inbound;
  std::optional<std::string> max_outbound;
  std::optional<std::string> max_peers_per_ip;
  std::optional<std::string> addr_book_strict;
  std::optional<std::string> allow_duplicate_ip;
  std::optional<std::string> shards;
  std::optional<std::string> summary_interval;
  std::optional<std::string> log_peers;
  std::optional<std::string> discovery;  // the protocols
  std::optional<std::string> bootnodes;
  // A private network: addr_book_strict = false and allow_duplicate_ip = true, unless an option of
  // its own says otherwise.
  bool private_network = false;
  std::optional<std::string> config_file;  // relative to the home; it must be there
  // The command line was a tenderseed's (cmd/cli/arguments.h): its defaults hold when there is no
  // file.
  bool tenderseed = false;
};

// A list of config.toml that a variable or an option overrides: it does not change when
// the file is read again.
struct Overruled {
  std::string key;  // as in the file
  std::string by;   // "PEERAGE_P2P_SEEDS", "--seeds"
};

// Where the value of a setting comes from.
struct SettingOrigin {
  std::string name;      // "PEERAGE_P2P_SEEDS", "--seeds"; empty: config.toml
  std::size_t line = 0;  // of config.toml
};

struct Layers {
  std::filesystem::path config_file;  // read, if it was there
  Config config;                      // all layers; not judged yet
  std::map<std::string, SettingOrigin>
      origins;  // the keys ("p2p.laddr") that no default stands for
  std::vector<Overruled> overruled;
  std::vector<Finding> findings;
  bool readable = true;  // no: there is nothing to go on with
};

// `home` is absolute.
Layers read_layers(const std::filesystem::path& home, const Flags& flags,
                   const Environment& environment, Listing listing);

}  // namespace peerage::cmd
