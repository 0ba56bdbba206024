// gen-node-key and show-node-id: the node's identity on the command line.
#include <iostream>
#include <memory>

#include <sodium.h>

#include "cmd/commands.h"
#include "conn/node_key.h"

namespace peerage::cmd {

using conn::NodeKey;

void add_gen_node_key(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("gen-node-key", "Make a node key, unless there is one, and print its ID");
  command->alias("gen_node_key");
  auto home = std::make_shared<std::filesystem::path>();
  add_home_option(*command, *home);
  command->callback([&action, home] {
    action = [home] {
      const auto path = node_key_path(*home);
      if (!path) return report(path.error());
      if (std::filesystem::exists(*path)) {
        return report({conn::Stage::configuration, conn::Reason::key_file_unwritable,
                       path->string() + ": there is a key already"});
      }
      std::error_code error;
      std::filesystem::create_directories(path->parent_path(), error);
      if (error) {
        return report({conn::Stage::configuration, conn::Reason::key_file_unwritable,
                       path->parent_path().string() + ": " + error.message()});
      }
      conn::Secret<32> seed;
      randombytes_buf(seed.writable().data(), 32);
      const NodeKey key = NodeKey::from_seed(seed);
      if (const auto saved = key.save_new(*path); !saved) return report(saved.error());
      std::cout << key.id().to_string() << '\n';
      return 0;
    };
  });
}

void add_show_node_id(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("show-node-id", "Print this node's ID");
  command->alias("show_node_id");
  auto home = std::make_shared<std::filesystem::path>();
  add_home_option(*command, *home);
  command->callback([&action, home] {
    action = [home] {
      const auto path = node_key_path(*home);
      if (!path) return report(path.error());
      const auto key = NodeKey::load(*path);
      if (!key) return report(key.error());
      std::cout << key->id().to_string() << '\n';
      return 0;
    };
  });
}

}  // namespace peerage::cmd
