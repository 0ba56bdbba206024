// discovery ping: whether nodes answer over UDP, and what they say.
#include <iostream>
#include <memory>

#include "cmd/cli/commands.h"
#include "cmd/cli/exit_code.h"
#include "cmd/discovery/ping_nodes.h"
#include "cmd/discovery/verbs.h"

namespace peerage::cmd {
namespace {

struct Options {
  std::vector<std::string> nodes;
  std::uint32_t count = 1;
  std::string timeout = "5s";
  bool json = false;
};

constexpr std::uint32_t kMostPings = 1000;

int run(const Options& options) {
  const auto timeout = duration_of("timeout", options.timeout);
  if (!timeout) return report_wrong_usage(timeout.error());
  const Signals signals{SIGINT, SIGTERM};
  std::vector<PingTarget> targets;
  for (NamedNode& each : read_nodes(options.nodes, std::cin)) targets.emplace_back(std::move(each));
  const auto reports = ping_nodes(targets, {.count = options.count, .patience = *timeout}, signals);
  if (!reports) return report(reports.error());
  bool all_proven = !reports->empty();
  for (const PingReport& each : *reports) {
    std::cout << (options.json ? to_json(each) + '\n' : to_text(each));
    all_proven = all_proven && each.proven();
  }
  return all_proven ? kExitDone : kExitFailed;
}

}  // namespace

Command discovery_ping_verb() {
  auto options = std::make_shared<Options>();
  return {
      .name = "ping",
      .about = "Ping nodes over UDP, and ask for their records",
      .options = {{.name = "node", .into = &options->nodes, .help = kNodeHelp, .required = true},
                  {.name = "--count",
                   .into = &options->count,
                   .help = "Pings of each node, a second apart",
                   .default_text = default_of(options->count),
                   .range = {{1, kMostPings}}},
                  {.name = "--timeout",
                   .into = &options->timeout,
                   .help = "For one answer",
                   .example = "TIME",
                   .default_text = default_of(options->timeout)},
                  {.name = "--json",
                   .into = &options->json,
                   .help = "One JSON object for each node, each on a line"}},
      .example = "peerage discovery ping enr:-IS4Q... --count 3",
      .footer =
          "A pong proves that the key is at that address and port. What it says of our own "
          "address is a claim. Exit code: 0 if every node answered at least once, 1 if not, "
          "64 for a wrong command line.",
      .run = [options] { return run(*options); }};
}

}  // namespace peerage::cmd
