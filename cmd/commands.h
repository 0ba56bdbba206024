// The subcommands of the `peerage` program. Each adds itself to the command line and, when chosen,
// sets what main() is to run and return: 0 for success, 1 for a failure that has been reported on
// standard error.
#pragma once

#include <filesystem>
#include <functional>

#include <CLI/CLI.hpp>

#include "cmd/config.h"
#include "conn/failure.h"

namespace peerage::cmd {

// What the chosen subcommand does; returns the exit code.
using Action = std::function<int()>;

void add_version(CLI::App& app, Action& action);
void add_gen_node_key(CLI::App& app, Action& action);
void add_show_node_id(CLI::App& app, Action& action);
void add_init(CLI::App& app, Action& action);
void add_probe(CLI::App& app, Action& action);
void add_addrbook(CLI::App& app, Action& action);

// --- shared by the subcommands ---

// --home: $PEERAGE_HOME, or ~/.peerage.
std::filesystem::path default_home();
void add_home_option(CLI::App& command, std::filesystem::path& home);

// The home's config.toml; the defaults when there is none.
conn::Result<Config> load_config(const std::filesystem::path& home);

// The home's node key file, by its config.toml when there is one.
conn::Result<std::filesystem::path> node_key_path(const std::filesystem::path& home);

// Prints "peerage: ..." with the hint, and returns 1.
int report(const conn::Failure& failure);

}  // namespace peerage::cmd
