// The program that runs the experiments: one subcommand for each.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <system_error>

#include <unistd.h>

#include "cmd/cli/program.h"
#include "tests/sim/discovery/command.h"
#include "tests/sim/drain/drain_command.h"
#include "tests/sim/eclipse/eclipse_command.h"
#include "tests/sim/scenario/scenario_command.h"
#include "tests/sim/slots/slots_command.h"

namespace {

// A world holds gigabytes in small pieces that are read in no order: with huge pages it takes a
// fifth less time. glibc uses them when it is set so before the start, so we start again.
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
  peerage::cmd::Program program = {
      .name = "peerage-sim",
      .about = "Whole networks of nodes in virtual time, and what may happen to them",
      .commands = peerage::sim::scenario_commands()};
  program.commands.push_back(peerage::sim::eclipse::eclipse_command());
  program.commands.push_back(peerage::sim::slots::slots_command());
  program.commands.push_back(peerage::sim::drain::drain_command());
  program.commands.push_back(peerage::sim::discovery::discovery_command());
  return run_program(program, {argv + std::min(argc, 1), argv + argc}, std::cout, std::cerr);
}
