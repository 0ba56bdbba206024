// gen-node-key and show-node-id: the node's identity on the command line.
#include <iostream>
#include <memory>
#include <system_error>

#include <CLI/CLI.hpp>

#include "cmd/commands.h"
#include "cmd/own_key.h"

namespace peerage::cmd {

using conn::NodeKey;

void add_gen_node_key(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("gen-node-key", "Make a node key, unless there is one, and print its ID");
  command->alias("gen_node_key");
  command->footer("Exit code: 0 when a key was made, 1 when there was one, or none could be made.");
  auto home = std::make_shared<std::filesystem::path>();
  add_home_option(*command, *home);
  command->callback([&action, home] {
    action = [home] {
      const auto path = node_key_path(*home);
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
    };
  });
}

void add_show_node_id(CLI::App& app, Action& action) {
  struct Options {
    std::filesystem::path home;
    Flags flags;
    bool create = false;
  };
  CLI::App* command = app.add_subcommand("show-node-id", "Print this node's ID");
  command->alias("show_node_id");
  auto options = std::make_shared<Options>();
  add_home_option(*command, options->home);
  add_config_option(*command, options->flags);
  command->add_flag("--create", options->create, "Make a node key first, if there is none");
  command->callback([&action, options] {
    action = [options] {
      const auto path = node_key_path(options->home, options->flags);
      if (!path) return report(path.error());
      const auto key = options->create ? load_or_create_key(*path) : NodeKey::load(*path);
      if (!key) return report(key.error());
      std::cout << key->id().to_string() << '\n';
      return 0;
    };
  });
}

}  // namespace peerage::cmd
