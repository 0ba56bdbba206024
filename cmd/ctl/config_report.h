// What `peerage ctl config` shows: each setting in force, where it comes from, and what a restart
// would make of it.
//
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/config/control_file.h"
#include "cmd/config/settings.h"
#include "cmd/ctl/operator_lists.h"
#include "pex/pex_reactor.h"

namespace peerage::cmd {

struct ConfigReport {
  struct Setting {
    std::string name;   // as in the file: "p2p.laddr"
    std::string value;  // in force; printable
    std::string from;   // "default", "config/config.toml line 7", "--laddr", "… and ctl"
    std::optional<std::string> after_restart;  // if it is another
    std::string note;                          // why the node has yet another; may be empty
  };
  std::string config_file;
  std::vector<std::string> networks;
  std::vector<Setting> settings;    // in the order of cmd/config/fields.h
  ControlWords saved;               // in data/control.toml
  ControlWords since_start;         // by ctl, and not saved
  std::vector<std::string> errors;  // of the files as they are now: with them it would not start
};

struct ConfigSources {
  const Settings& running;
  pex::Role role;
  const OperatorLists& lists;
  const std::optional<std::string>& log_level;  // of ctl
  const SettingsReading& fresh;                 // what a restart would read
  ControlWords saved;
};
ConfigReport config_report(const ConfigSources& sources);

// The errors, each with its file and line.
std::vector<std::string> errors_of(const std::vector<Finding>& findings);

}  // namespace peerage::cmd
