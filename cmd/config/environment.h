// The process's environment: which variables stand for which settings.
//
// Each key as a comet node has it, CMT_P2P_LADDR, CMT_MONIKER (and CMTP2P_LADDR, TM_P2P_LADDR,
// TMP2P_LADDR), or PEERAGE_P2P_LADDR, which wins; keys of [peerage] as PEERAGE_CRAWL_PARALLEL;
// TENDERSEED_CHAIN_ID and TENDERSEED_SEEDS. Empty variables are not set; white space at the ends of
// a value, such as the line's end of a file that it came from, is no part of it.
//
// Source: comet libs/cli/setup.go, tenderseed's main.go. Threads: pure functions.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/config/finding.h"

namespace peerage::cmd {

// The variables and their values. Tests have their own.
using Environment = std::map<std::string, std::string>;
Environment process_environment();
// A variable's value; nothing when there is none.
std::optional<std::string> value_of(const Environment& environment, const std::string& name);

struct Variable {
  std::string name, value;
};
// The first of these that is set.
std::optional<Variable> first_set(const Environment& environment,
                                  const std::vector<std::string>& names);
// The variables of a key (cmd/config/fields.h); the first that is set counts.
std::vector<std::string> variables_of(std::string_view section, std::string_view key);

// A warning for each PEERAGE_ variable that is none of ours, with the one that was probably meant.
std::vector<Finding> unknown_variables(const Environment& environment);

// The default home of a node: $PEERAGE_HOME, $CMTHOME, $TMHOME, or ~/.peerage.
std::filesystem::path default_home(const Environment& environment);
// With a leading "~/" expanded: in "--home=~/x" a shell leaves it as it is.
std::filesystem::path expand_home(const std::filesystem::path& path,
                                  const Environment& environment);

}  // namespace peerage::cmd
