// The `peerage` program: a command line over the libraries.
#include <algorithm>
#include <exception>
#include <iostream>
#include <utility>

#include <CLI/CLI.hpp>
#include <sodium.h>

#include "cmd/arguments.h"
#include "cmd/commands.h"

int main(int argc, char** argv) {
  if (sodium_init() < 0) {
    std::cerr << "peerage: libsodium cannot be initialised\n";
    return 1;
  }
  CLI::App app("A peer-to-peer stack for BFT blockchains, on the wire a CometBFT node.", "peerage");
  app.require_subcommand(0, 1);
  app.get_formatter()->column_width(34);
  peerage::cmd::Action action;
  peerage::cmd::add_init(app, action);
  peerage::cmd::add_start(app, action);
  peerage::cmd::add_seed(app, action);
  peerage::cmd::add_crawl(app, action);
  peerage::cmd::add_demo(app, action);
  peerage::cmd::add_gen_node_key(app, action);
  peerage::cmd::add_show_node_id(app, action);
  peerage::cmd::add_probe(app, action);
  peerage::cmd::add_addrbook(app, action);
  peerage::cmd::add_check_config(app, action);
  peerage::cmd::add_bench(app, action);
  peerage::cmd::add_version(app, action);
  peerage::cmd::add_help(app, action);
  try {
    auto arguments = peerage::cmd::normalise_arguments({argv + std::min(argc, 1), argv + argc});
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    app.parse(std::move(arguments));
    if (action) return action();
    std::cerr << app.help();
    return 2;
  } catch (const CLI::ParseError& error) {
    // --help and the like are no errors; a wrong command line is 2, as for most tools.
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::cerr << "peerage: " << error.what() << '\n';
    return 1;
  }
}
