// Settings that are not in force as they were set: the node's role or another setting overrides
// them.
//
// What is in force is not decided here. It is what a start makes of the settings (pex::settled,
// p2p::handshake_deadline), compared with them key by key: a rule that is added there shows here.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cmd/config/settings.h"
#include "pex/node.h"

namespace peerage::cmd {

struct Override {
  std::string key;   // "p2p.dial_timeout"
  std::string what;  // "3s is not in force, but 2s: ...": what was set, what is so instead, and why
  // Whether the value is a default, as it stands in the file of each comet node.
  enum class Set : std::uint8_t { default_value, own_value } set = Set::own_value;
};

// Of the settings that a file, a variable or an option sets; in the order of cmd/config/fields.h.
std::vector<Override> overrides(const Settings& settings, pex::Role role);

}  // namespace peerage::cmd
