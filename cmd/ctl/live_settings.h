// The settings of a running node: those that it was started with, as reloads and `peerage ctl` have
// changed them since.
//
//  - A reload reads everything again: the files, data/control.toml among them, the environment and
//    the options of the start. If there is an error anywhere, nothing changes. Else what a running
//    node takes (cmd/config/change_set.h) is in force at once, and the rest is named: it needs a
//    restart. SIGHUP and `ctl reload` are the same.
//  - Lists follow cmd/ctl/operator_lists.h. A log level that `ctl log` has set lasts likewise until
//    the process ends, or the settings say the same.
//  - What is saved is on the disk before it is in force: if it cannot be saved, nothing changes.
//
// Threads: any, one at a time inside. Calls read and write files: not for a shard.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/base/log_levels.h"
#include "cmd/config/change_set.h"
#include "cmd/config/finding.h"
#include "cmd/config/settings.h"
#include "cmd/ctl/config_report.h"
#include "cmd/ctl/operator_lists.h"
#include "conn/base/failure.h"
#include "conn/base/log.h"
#include "pex/node.h"

namespace peerage::cmd {

class LiveSettings {
 public:
  // Everything that a start reads, again.
  using Load = std::function<SettingsReading()>;

  // The node, as far as settings change it. Each may be called on any thread.
  struct Node {
    std::function<void(pex::NodeLists)> set_lists;
    std::function<void(LogLevels)> set_log_levels;
    // What else is taken while it runs, after each reload that was applied: summary_interval,
    // log_peers.
    std::function<void(const Config&)> set_others;
    // The files of certificates are read again, for they may be others under the same names; the
    // old ones stay if they cannot be. None: there are none.
    std::function<conn::Result<void>()> read_certificates = {};
  };

  // `running`: what the node was started with. `role`: what it is.
  LiveSettings(Settings running, pex::Role role, Load load, Node node, conn::Log log);

  struct Reload {
    std::vector<SettingChange> changed;  // taken
    std::vector<SettingChange> ignored;  // that need a restart
    // That are taken, and not in force: `ctl log` has set another.
    std::vector<SettingChange> overruled;
    std::vector<std::string> errors;  // with file and line; nothing has changed, if there are any
  };
  // Logged.
  Reload reload();
  // Of reloads, since the start.
  struct Figures {
    std::uint64_t applied = 0, failed = 0;
    bool last_failed = false;
  };
  Figures figures() const;

  enum class Save : std::uint8_t { no, yes };
  // Whether anything is otherwise now: in force, or in the control file.
  conn::Result<bool> say(const ControlWords& words, Save save);
  // "debug", "p2p:debug,*:error".
  conn::Result<bool> set_log_level(const std::string& text);

  Settings settings() const;  // without what `ctl` has changed
  pex::NodeLists lists() const;
  ConfigReport report() const;

 private:
  conn::Result<bool> keep(const ControlWords& words) const;

  const pex::Role role_;
  const Load load_;
  const Node node_;
  const conn::Log log_;

  mutable std::mutex mutex_;  // of all below
  Settings running_;
  OperatorLists lists_;
  std::optional<std::string> log_level_;  // of ctl
  Figures figures_;
};

}  // namespace peerage::cmd
