// The program that runs the experiments: one subcommand for each.
#include <CLI/CLI.hpp>

#include "tests/sim/eclipse/eclipse_command.h"

int main(int argc, char** argv) {
  CLI::App app("Experiments on simulated networks, in virtual time");
  app.require_subcommand(1);
  peerage::sim::eclipse::add_eclipse_command(app);
  CLI11_PARSE(app, argc, argv);
  return 0;
}
