// Everything a node command needs to know, from four layers: the defaults, config.toml, the
// environment, the command line. A later one overrides, for each key by itself.
//
// The environment: each key as a comet node has it, CMT_P2P_LADDR, CMT_MONIKER (and CMTP2P_LADDR,
// TM_P2P_LADDR, TMP2P_LADDR), or PEERAGE_P2P_LADDR, which wins; keys of [peerage] as
// PEERAGE_CRAWL_PARALLEL; TENDERSEED_CHAIN_ID and TENDERSEED_SEEDS. Empty variables are not set. A
// PEERAGE_ variable that is none of these is a warning, with the one that was probably meant.
// A wrong value is reported in the same words wherever it stands, with the name of the key, the
// variable or the option.
//
// The network is named by the option, else the environment, else config.toml ([peerage] network, a
// tenderseed's chain_id), else the chain_id of genesis.json.
//
// Source: comet libs/cli/setup.go, tenderseed's main.go. Threads: plain values.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cmd/config/config.h"
#include "cmd/config/finding.h"
#include "conn/base/failure.h"

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
  std::optional<std::string> config_file;  // relative to the home; it must be there
  // The command line was a tenderseed's (cmd/cli/arguments.h): its defaults hold when there is no
  // file.
  bool tenderseed = false;
};

// The variables and their values. Tests have their own.
using Environment = std::map<std::string, std::string>;
Environment process_environment();
// A variable's value; nothing when there is none.
std::optional<std::string> value_of(const Environment& environment, const std::string& name);

// The default home of a node: $PEERAGE_HOME, $CMTHOME, $TMHOME, or ~/.peerage.
std::filesystem::path default_home(const Environment& environment);
// With a leading "~/" expanded: in "--home=~/x" a shell leaves it as it is.
std::filesystem::path expand_home(const std::filesystem::path& path,
                                  const Environment& environment);

// A list of config.toml that a variable or an option overrides: it does not change when
// the file is read again.
struct Overruled {
  std::string key;  // as in the file
  std::string by;   // "PEERAGE_P2P_SEEDS", "--seeds"
};

struct Settings {
  std::filesystem::path home;         // absolute, as all paths here
  std::filesystem::path config_file;  // read, if it was there
  Config config;                      // all layers; a file's notices are below

  std::vector<std::string> networks;  // {"*"}: any that a dialler names; empty: not named
  std::string networks_from;          // for the operator: "--network", "CMT_...", a file

  std::filesystem::path node_key_file;
  std::filesystem::path book_file;  // SQLite
  std::filesystem::path json_book;  // an addrbook.json to keep up to date; empty: none was named

  std::vector<Overruled> overruled;

  std::vector<std::string> warnings;  // what was probably not meant; printable
  std::vector<std::string> notices;   // what has no effect, and why; likewise
};

// An error names the file and key, the variable or the option. A missing config.toml is none.
conn::Result<Settings> load_settings(const std::filesystem::path& home, const Flags& flags,
                                     const Environment& environment = process_environment());

// For a command that cannot do without a network: the failure says what to do.
conn::Result<void> require_network(const Settings& settings);

// The same as load_settings, going on after mistakes: what could be read, and all findings.
struct SettingsReading {
  Settings settings;
  std::vector<Finding> findings;
  std::map<std::string, std::size_t> lines;  // of keys that nothing overrides in config.toml
};
SettingsReading read_settings(const std::filesystem::path& home, const Flags& flags,
                              const Environment& environment, Listing listing);

}  // namespace peerage::cmd
