// The `peerage` program: a command line for the libraries.
#include <algorithm>
#include <iostream>

#include <sodium.h>

#include "cmd/cli/arguments.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/program.h"

int main(int argc, char** argv) {
  namespace cmd = peerage::cmd;
  if (sodium_init() < 0) {
    std::cerr << "peerage: libsodium cannot be initialised\n";
    return 1;
  }
  const cmd::Program program = {
      .name = "peerage",
      .about = "A peer-to-peer stack for BFT blockchains, on the wire a CometBFT node.",
      .version = cmd::version_line(),
      .commands = {cmd::init_command(), cmd::start_command(), cmd::seed_command(),
                   cmd::crawl_command(), cmd::demo_command(), cmd::gen_node_key_command(),
                   cmd::show_node_id_command(), cmd::probe_command(), cmd::addrbook_command(),
                   cmd::check_config_command(), cmd::bench_command(), cmd::version_command()}};
  return run_program(program, cmd::normalise_arguments({argv + std::min(argc, 1), argv + argc}),
                     std::cout, std::cerr);
}
