// Everything a node command needs to know: the settings of all layers (cmd/config/layers.h), judged
// by the rules (cmd/config/rules.h), with the files and networks that they name.
//
// The network is named by the option, else the environment, else config.toml ([peerage] network, a
// tenderseed's chain_id), else the chain_id of genesis.json.
//
// Threads: plain values.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "cmd/config/config.h"
#include "cmd/config/finding.h"
#include "cmd/config/layers.h"
#include "conn/base/failure.h"

namespace peerage::cmd {

struct Settings {
  std::filesystem::path home;         // absolute, as all paths here
  std::filesystem::path config_file;  // read, if it was there
  Config config;                      // all layers; a file's notices are below
  std::map<std::string, SettingOrigin>
      origins;  // the keys ("p2p.laddr") that no default stands for

  std::vector<std::string> networks;  // {"*"}: any that a dialler names; empty: not named
  std::string networks_from;          // for the operator: "--network", "CMT_...", a file
  bool genesis_read = false;          // no network was named, so that it had to be

  std::filesystem::path node_key_file;
  std::filesystem::path book_file;  // SQLite
  std::filesystem::path discovery_key_file;
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

// For a node of this program: its one reactor is peer exchange.
conn::Result<void> require_peer_exchange(const Settings& settings);

// The same as load_settings, going on after mistakes: what could be read, and all findings.
struct SettingsReading {
  Settings settings;
  std::vector<Finding> findings;
};
SettingsReading read_settings(const std::filesystem::path& home, const Flags& flags,
                              const Environment& environment, Listing listing);

// What there is to say of a setting ("p2p.laddr"), named as it was set, and where.
Finding finding_about(const Settings& settings, Severity severity, const std::string& key,
                      const std::string& what);

}  // namespace peerage::cmd
