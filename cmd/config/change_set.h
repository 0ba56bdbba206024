// What has changed between the settings that a node runs with and those that were read since: which
// of them a running node takes, and which need a restart.
//
// Every key of cmd/config/fields.h is in one of the two groups; a test fails for one that is in
// neither. The value of a key that needs a restart stays, so that it is told again at each reload
// until the restart comes.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/config/settings.h"

namespace peerage::cmd {

enum class AtReload : std::uint8_t { taken, needs_restart };
// Nothing for a key ("p2p.laddr") that is in neither group.
std::optional<AtReload> at_reload(std::string_view key);

struct SettingChange {
  std::string key;            // "p2p.laddr"
  std::string running, read;  // as the file has them; printable, and cut if they are long
  AtReload what = AtReload::needs_restart;
};

// In the order of cmd/config/fields.h. What a setting does not say itself counts, too: the network
// of a genesis file, for one.
std::vector<SettingChange> change_set(const Settings& running, const Settings& read);

// The settings that are in force once `read` has been taken in: those that need a restart are as
// they were. Where each value comes from is as it was read.
Settings after_reload(const Settings& running, const Settings& read);

}  // namespace peerage::cmd
