// The program that runs the experiments: one subcommand for each.
#include <exception>

#include <CLI/CLI.hpp>

#include "tests/sim/eclipse/eclipse_command.h"
#include "tests/sim/scenario/scenario_command.h"

int main(int argc, char** argv) {
  CLI::App app("Whole networks of nodes in virtual time, and what may happen to them",
               "peerage-sim");
  app.require_subcommand(1);
  int exit_code = 0;
  peerage::sim::add_scenario_commands(app, exit_code);
  peerage::sim::eclipse::add_eclipse_command(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "peerage-sim: %s\n", error.what());
    return 1;
  }
  return exit_code;
}
