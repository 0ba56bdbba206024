// version, help: what this program is.
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/commands.h"
#include "conn/frame_aead.h"
#include "p2p/config.h"

namespace peerage::cmd {

void add_version(CLI::App& app, Action& action) {
  app.set_version_flag("--version", "peerage " PEERAGE_VERSION, "Print the version and exit");
  CLI::App* command = app.add_subcommand("version", "Print the version and what it was built with");
  command->callback([&action] {
    action = [] {
      std::cout << "peerage " << PEERAGE_VERSION << '\n'
                << "protocol p2p " << p2p::kP2pVersion << ", block " << p2p::kBlockVersion
                << " (CometBFT/Tendermint v0.34 to v0.40, v1.0)\n"
                << "frame cipher " << conn::frame_aead().name() << '\n'
                << "compiler "
                <<
#if defined(__clang__)
          "clang " << __clang_version__
#else
          "g++ " << __VERSION__
#endif
                << '\n';
      return 0;
    };
  });
}

void add_help(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("help", "Print what --help prints, of a command or of all");
  auto names = std::make_shared<std::vector<std::string>>();
  command->add_option("command", *names, "As in: help addrbook list");
  command->callback([&app, &action, names] {
    const CLI::App* of = &app;
    std::string path = app.get_name();
    for (const std::string& name : *names) {
      const auto found =
          of->get_subcommands([&name](const CLI::App* each) { return each->check_name(name); });
      // As it would be without "help".
      if (found.empty()) throw CLI::ExtrasError({name});
      of = found.front();
      path += " " + of->get_name();
    }
    // help() would be that of the subcommand that was chosen, which is this one.
    action = [of, path] {
      std::cout << of->get_formatter()->make_help(of, path, CLI::AppFormatMode::Normal);
      return 0;
    };
  });
}

}  // namespace peerage::cmd
