// demo: a network on this machine, to look at.
#include <memory>

#include <unistd.h>

#include "cmd/cli/commands.h"
#include "cmd/demo/demo.h"

namespace peerage::cmd {

Command demo_command() {
  struct Options {
    DemoOptions demo;
    bool keep = false, plain = false;
  };
  auto flags = std::make_shared<Options>();
  return {
      .name = "demo",
      .about = "Show a network on this machine: a seed, nodes, a crash, a crawl, the times",
      .options = {{.name = "--nodes",
                   .into = &flags->demo.nodes,
                   .help = "Beside the seed",
                   .default_text = default_of(flags->demo.nodes),
                   .range = {{DemoOptions::kMinNodes, DemoOptions::kMaxNodes}}},
                  {.name = "--keep",
                   .into = &flags->keep,
                   .help = "Stay up until Ctrl-C, and leave the homes and logs behind"},
                  {.name = "--dir",
                   .into = &flags->demo.directory,
                   .help = "Where homes and logs go, and stay; default: a directory that is "
                           "removed"},
                  {.name = "--plain",
                   .into = &flags->plain,
                   .help = "Lines instead of a table, as where there is no terminal"}},
      .group = kOtherGroup,
      .example = "peerage demo --nodes 5 --keep",
      .footer = "Exit code: 0 when every step succeeded, 1 when not.",
      .run =
          [flags] {
            DemoOptions options = flags->demo;
            if (flags->keep) options.after = DemoOptions::After::stay;
            const bool terminal = ::isatty(STDOUT_FILENO) == 1;
            if (terminal && !flags->plain) options.view = DemoScreen::View::table;
            return run_demo(options);
          },
  };
}

}  // namespace peerage::cmd
