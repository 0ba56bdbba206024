// The commands of the program, in the order of its help.
#include "cmd/cli/commands.h"

namespace peerage::cmd {

Program peerage_program() {
  return {.name = "peerage",
          .about = "A peer-to-peer stack for BFT blockchains, on the wire a CometBFT node.",
          .version = version_line(),
          .example = "peerage probe ID@203.0.113.7:26656\npeerage seed --home ~/.gaia",
          .commands = {start_command(), seed_command(), ctl_command(), probe_command(),
                       crawl_command(), discovery_command(), init_command(), check_config_command(),
                       show_node_id_command(), gen_node_key_command(), addrbook_command(),
                       demo_command(), bench_command(), version_command()}};
}

}  // namespace peerage::cmd
