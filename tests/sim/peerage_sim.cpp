// The program that runs the experiments: one subcommand for each.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <system_error>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "tests/sim/eclipse/eclipse_command.h"
#include "tests/sim/scenario/scenario_command.h"

namespace {

// A world holds gigabytes in small pieces that are looked at in no order: with huge pages it takes
// a fifth less time. glibc asks for them when it is told to before the start, so we start again.
void use_huge_pages(char** argv) {
  if (getenv("GLIBC_TUNABLES") != nullptr) return;
  setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1", 0);
  std::error_code unknown;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", unknown);
  execv(program.c_str(), argv);  // if that fails, we go on without
}

}  // namespace

int main(int argc, char** argv) {
  use_huge_pages(argv);
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
