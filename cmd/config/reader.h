// Reading config.toml: from text to values, with a finding for each mistake and for each key that
// has no effect.
//
// A key is judged by itself here, its type and its form; what the values mean, and whether they go
// together, is the rules' (cmd/config/rules.h), which are asked once no other layer adds to them.
// Reading goes on after a mistake: the config then has what could be read.
//
// Source: comet config/config.go; tenderseed's Config.go. Threads: plain values. No text ends in an
// exception.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/config/config.h"
#include "cmd/config/finding.h"

namespace peerage::cmd {

struct ConfigReading {
  Config config;  // its notices stay empty: they are among the findings
  std::vector<Finding> findings;
  bool malformed = false;                    // no TOML at all
  std::map<std::string, std::size_t> lines;  // of the keys that we honour and it has
};

// Keys that belong to a comet node's other parts: one notice for those that have the same reason,
// or each by itself.
enum class Listing : std::uint8_t { brief, full };
ConfigReading read_config(std::string_view toml, Listing listing = Listing::brief);

// The text of a file of at most 1 MiB.
conn::Result<std::string> read_config_file(const std::filesystem::path& file);

}  // namespace peerage::cmd
