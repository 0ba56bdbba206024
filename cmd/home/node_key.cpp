// gen-node-key and show-node-id: the node's identity on the command line.
#include <iostream>
#include <memory>
#include <system_error>

#include "cmd/cli/commands.h"
#include "cmd/config/node_key_file.h"

namespace peerage::cmd {
namespace {

using conn::NodeKey;

int generate(const std::filesystem::path& home) {
  const auto path = node_key_path(home);
  if (!path) return report(path.error());
  std::error_code error;
  if (std::filesystem::exists(*path, error)) {
    const auto there = NodeKey::load(*path);
    if (!there) return report(there.error());
    std::cout << there->id().to_string() << std::endl;
    std::cerr << "peerage: " << path->string()
              << ": there is a key already, with this ID; it stays as it is\n";
    return 1;
  }
  const auto key = create_key(*path);
  if (!key) return report(key.error());
  std::cout << key->id().to_string() << '\n';
  return 0;
}

struct ShowOptions {
  std::filesystem::path home;
  Flags flags;
  bool create = false;
};

int show(const ShowOptions& options) {
  const auto path = node_key_path(options.home, options.flags);
  if (!path) return report(path.error());
  const auto key = options.create ? load_or_create_key(*path) : NodeKey::load(*path);
  if (!key) return report(key.error());
  std::cout << key->id().to_string() << '\n';
  return 0;
}

}  // namespace

Command gen_node_key_command() {
  auto home = std::make_shared<std::filesystem::path>();
  return {
      .name = "gen-node-key",
      .about = "Make a node key, unless there is one, and print its ID",
      .aliases = {"gen_node_key"},
      .options = {home_option(*home)},
      .group = kHomeGroup,
      .example = "peerage gen-node-key --home ~/.peerage",
      .footer = "Exit code: 0 when a key was made, 1 when there was one, or none could be made.",
      .run = [home] { return generate(*home); }};
}

Command show_node_id_command() {
  auto options = std::make_shared<ShowOptions>();
  Command command{.name = "show-node-id",
                  .about = "Print this node's ID",
                  .aliases = {"show_node_id"},
                  .options = {home_option(options->home)},
                  .group = kHomeGroup,
                  .example = "peerage show-node-id --home ~/.gaia",
                  .run = [options] { return show(*options); }};
  for (Option& each : config_options(options->flags)) command.options.push_back(std::move(each));
  command.options.push_back({.name = "--create",
                             .into = &options->create,
                             .help = "Make a node key first, if there is none"});
  return command;
}

}  // namespace peerage::cmd
