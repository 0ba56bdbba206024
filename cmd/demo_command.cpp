// demo: a network on this machine, to look at.
#include <memory>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "cmd/commands.h"
#include "cmd/demo.h"

namespace peerage::cmd {

void add_demo(CLI::App& app, Action& action) {
  struct Options {
    DemoOptions demo;
    bool keep = false, plain = false;
  };
  CLI::App* command = app.add_subcommand(
      "demo", "Show a network on this machine: a seed, nodes, a crash, a crawl, the times");
  command->footer("Exit code: 0 when everything came about, 1 when not.");
  auto flags = std::make_shared<Options>();
  command->add_option("--nodes", flags->demo.nodes, "Beside the seed")
      ->check(CLI::Range(DemoOptions::kMinNodes, DemoOptions::kMaxNodes))
      ->capture_default_str();
  command->add_flag("--keep", flags->keep,
                    "Stay up until Ctrl-C, and leave the homes and logs behind");
  command->add_option("--dir", flags->demo.directory,
                      "Where homes and logs go, and stay; default: a directory that is removed");
  command->add_flag("--plain", flags->plain,
                    "Lines instead of a table, as where there is no terminal");
  command->callback([&action, flags] {
    action = [flags] {
      DemoOptions options = flags->demo;
      if (flags->keep) options.after = DemoOptions::After::stay;
      const bool terminal = ::isatty(STDOUT_FILENO) == 1;
      if (terminal && !flags->plain) options.view = DemoScreen::View::table;
      return run_demo(options);
    };
  });
}

}  // namespace peerage::cmd
