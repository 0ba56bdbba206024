#include <iostream>

#include <CLI/CLI.hpp>

#include "cmd/commands.h"
#include "conn/frame_aead.h"
#include "p2p/config.h"

namespace peerage::cmd {

void add_version(CLI::App& app, Action& action) {
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

}  // namespace peerage::cmd
