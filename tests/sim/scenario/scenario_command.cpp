#include "tests/sim/scenario/scenario_command.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <utility>

#include "tests/sim/interrupt.h"
#include "tests/sim/scenario/many_runs.h"
#include "tests/sim/scenario/scenario.h"
#include "tests/sim/scenario/show.h"

namespace peerage::sim {
namespace {

constexpr std::array kFaults = {Fault::none, Fault::no_jitter, Fault::no_sticky_redial,
                                Fault::source_from_claim};

struct Wish {
  ScenarioOptions options;
  ManyRuns many;
  std::string fault = "none";
  std::string cryptography = "auto";
  bool json = false, csv = false;
  std::string plot;
};

std::vector<std::string> fault_names() {
  std::vector<std::string> names;
  names.reserve(kFaults.size());
  for (const Fault fault : kFaults) names.emplace_back(name(fault));
  return names;
}

void print(const Wish& wish, const Report& report) {
  const std::string text = wish.json ? report.json() : wish.csv ? report.csv() : report.text();
  std::fputs(text.c_str(), stdout);
  if (!wish.plot.empty()) draw_shares(wish.plot, report, "share of the nodes");
}

int perform(const Scenario& scenario, Wish wish) {
  for (const Fault fault : kFaults) {
    if (wish.fault == name(fault)) wish.options.fault = fault;
  }
  if (wish.cryptography == "real") wish.options.cryptography = Cryptography::real;
  if (wish.cryptography == "cheap") wish.options.cryptography = Cryptography::cheap;
  Progress progress;
  wish.options.progress = [&progress](double done, const std::string& now) {
    progress.show(done, now);
  };
  const Interrupt interrupt;
  try {
    const Report report = wish.many.seeds == 1 ? run(scenario, wish.options)
                                               : run_many(scenario, wish.options, wish.many);
    progress.clear();
    print(wish, report);
    return report.holds() ? 0 : 1;
  } catch (const Interrupted& interrupted) {
    progress.clear();
    print(wish, interrupted.so_far);
    return Interrupt::kExitCode;
  }
}

cmd::Command command_of(const Scenario& scenario) {
  using cmd::default_of;
  auto wish = std::make_shared<Wish>();
  wish->options.nodes = scenario.nodes;
  wish->options.hours = scenario.hours;
  return {
      .name = std::string(scenario.name),
      .about = std::string(scenario.about),
      .options = {{.name = "--nodes",
                   .into = &wish->options.nodes,
                   .help = "how many nodes",
                   .default_text = default_of(wish->options.nodes),
                   .range = {{10, 100'000}}},
                  {.name = "--hours",
                   .into = &wish->options.hours,
                   .help = "virtual hours",
                   .default_text = default_of(wish->options.hours),
                   .range = {{0, 24 * 365}}},
                  {.name = "--seed",
                   .into = &wish->options.seed,
                   .help = "another seed gives another run",
                   .default_text = default_of(wish->options.seed)},
                  {.name = "--seeds",
                   .into = &wish->many.seeds,
                   .help = "run under this many seeds, from that one on, each in its own process",
                   .default_text = default_of(wish->many.seeds),
                   .range = {{1, 1'000'000}}},
                  {.name = "--jobs",
                   .into = &wish->many.jobs,
                   .help = "of them side by side",
                   .default_text = default_of(wish->many.jobs),
                   .range = {{1, 1024}}},
                  {.name = "--fault",
                   .into = &wish->fault,
                   .help = "switch a rule off, to see that the checks of flash-crowd, churn or "
                           "false-claims notice: no-jitter, no-sticky-redial, source-from-claim",
                   .default_text = default_of(wish->fault),
                   .choices = fault_names()},
                  {.name = "--crypto",
                   .into = &wish->cryptography,
                   .help = "of handshakes: real, cheap, or auto: real up to 1000 nodes times hours",
                   .default_text = default_of(wish->cryptography),
                   .choices = {"auto", "real", "cheap"}},
                  {.name = "--json", .into = &wish->json, .help = "all of it as one object"},
                  {.name = "--csv",
                   .into = &wish->csv,
                   .help = "the curves as a table",
                   .excludes = {"--json", "--seeds"}},
                  {.name = "--plot",
                   .into = &wish->plot,
                   .help = "draw the curves into this SVG file",
                   .excludes = {"--seeds"}}},
      .run = [&scenario, wish] { return perform(scenario, *wish); },
  };
}

}  // namespace

std::vector<cmd::Command> scenario_commands() {
  std::vector<cmd::Command> commands;
  for (const Scenario& scenario : scenarios()) commands.push_back(command_of(scenario));
  return commands;
}

}  // namespace peerage::sim
