// The subcommands of the `peerage` program, each as data (cmd/cli/command.h). A command returns 0
// for success, 1 for a failure that has been reported on standard error, 64 for a wrong command
// line; a node 78 for what no restart mends (cmd/cli/exit_code.h).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cmd/cli/command.h"
#include "cmd/config/settings.h"
#include "conn/base/failure.h"
#include "conn/runtime/runtime.h"

namespace peerage::cmd {

Command version_command();
Command gen_node_key_command();
Command show_node_id_command();
Command init_command();
Command probe_command();
Command addrbook_command();
Command start_command();
Command seed_command();
Command check_config_command();
Command crawl_command();
Command discovery_command();
Command demo_command();
Command bench_command();
Command ctl_command();

// The groups of the program's help.
inline constexpr const char* kRunGroup = "Run a node";
inline constexpr const char* kLookGroup = "Look at a network";
inline constexpr const char* kHomeGroup = "A node's home";
inline constexpr const char* kOtherGroup = "Other";

// All of them.
Program peerage_program();

// The version in one line: "peerage 0.1.0".
std::string version_line();

// --- shared by the subcommands ---

// --home; sets `home` to default_home at once.
Option home_option(std::filesystem::path& home);

// --config and the options that go over it: for commands that are a node.
std::vector<Option> config_options(Flags& flags);
std::vector<Option> settings_options(Flags& flags);

// The home's node key file, by its settings.
conn::Result<std::filesystem::path> node_key_path(const std::filesystem::path& home,
                                                  const Flags& flags = {});

// Where the node's control socket is; empty: it has none.
std::filesystem::path control_socket_of(const Settings& settings);
// The same by the settings of a home, as far as they can be read: what is wrong with them
// must not keep anybody from asking the node.
std::filesystem::path control_socket_path(const std::filesystem::path& home);

// Prints "peerage: ..." with the hint, and returns 1.
int report(const conn::Failure& failure);
// The same for a command line that is wrong, and returns 64.
int report_wrong_usage(const conn::Failure& failure);
// The same for a node that could not start or save: returns 1, 64 or 78, by the failure's reason.
int report_of_node(const conn::Failure& failure);

// What --`option` says: a duration such as "10s", or a bare number of seconds, and more than
// nothing.
conn::Result<conn::Duration> duration_of(const std::string& option, const std::string& text);

}  // namespace peerage::cmd
