// The subcommands of the `peerage` program. Each adds itself to the command line and, when chosen,
// sets what main() is to run and return: 0 for success, 1 for a failure that has been reported on
// standard error.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "cmd/settings.h"
#include "conn/failure.h"
#include "conn/runtime.h"

namespace CLI {
class App;  // <CLI/CLI.hpp> takes long to compile
}

namespace peerage::cmd {

// What the chosen subcommand does; returns the exit code.
using Action = std::function<int()>;

void add_version(CLI::App& app, Action& action);
void add_help(CLI::App& app, Action& action);
void add_gen_node_key(CLI::App& app, Action& action);
void add_show_node_id(CLI::App& app, Action& action);
void add_init(CLI::App& app, Action& action);
void add_probe(CLI::App& app, Action& action);
void add_addrbook(CLI::App& app, Action& action);
void add_start(CLI::App& app, Action& action);
void add_seed(CLI::App& app, Action& action);
void add_check_config(CLI::App& app, Action& action);
void add_crawl(CLI::App& app, Action& action);
void add_demo(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);

// --- shared by the subcommands ---

// --home, by default_home.
void add_home_option(CLI::App& command, std::filesystem::path& home);

// --config, and the options that have the last word over it: for commands that are a node.
void add_config_option(CLI::App& command, Flags& flags);
void add_settings_options(CLI::App& command, Flags& flags);

// The home's node key file, by its settings.
conn::Result<std::filesystem::path> node_key_path(const std::filesystem::path& home,
                                                  const Flags& flags = {});

// Prints "peerage: ..." with the hint, and returns 1.
int report(const conn::Failure& failure);
// The same for a command line that is wrong, and returns 2.
int report_wrong_usage(const conn::Failure& failure);

// What --`option` says: a duration such as "10s", or a bare number of seconds, and more than
// nothing.
conn::Result<conn::Duration> duration_of(const std::string& option, const std::string& text);

}  // namespace peerage::cmd
