// discovery enr: what records and enode URLs say.
#include <iostream>
#include <memory>

#include "cmd/cli/commands.h"
#include "cmd/cli/exit_code.h"
#include "cmd/discovery/record_report.h"
#include "cmd/discovery/verbs.h"

namespace peerage::cmd {
namespace {

struct Options {
  std::vector<std::string> nodes;
  bool json = false;
};

int run(const Options& options) {
  const auto nodes = read_nodes(options.nodes, std::cin);
  if (nodes.empty()) {
    return report({conn::Stage::configuration, conn::Reason::invalid_argument,
                   "there is no record and no URL in it"});
  }
  bool all_good = true;
  bool first = true;
  for (const NamedNode& each : nodes) {
    if (options.json) {
      std::cout << to_json(each) << '\n';
    } else {
      std::cout << (first ? "" : "\n") << to_text(each);
    }
    first = false;
    all_good = all_good && each.node.has_value();
  }
  return all_good ? kExitDone : kExitFailed;
}

}  // namespace

Command discovery_enr_verb() {
  auto options = std::make_shared<Options>();
  return {
      .name = "enr",
      .about = "Decode node records and enode URLs, and check their signatures",
      .options = {{.name = "node", .into = &options->nodes, .help = kNodeHelp, .required = true},
                  {.name = "--json",
                   .into = &options->json,
                   .help = "One JSON object for each, each on a line"}},
      .example = "peerage discovery enr enr:-IS4Q...\npeerage discovery enr nodes.txt --json",
      .footer = "Nothing is sent. Exit code: 0 if all of them are good, 1 if any is not.",
      .run = [options] { return run(*options); }};
}

}  // namespace peerage::cmd
