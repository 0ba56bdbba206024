#include "tests/sim/discovery/command.h"

#include <cstdio>
#include <memory>

#include "tests/sim/discovery/eclipse/eclipse_command.h"
#include "tests/sim/discovery/scenario.h"
#include "tests/sim/interrupt.h"
#include "tests/sim/scenario/show.h"

namespace peerage::sim::discovery {
namespace {

struct Wish {
  Options options;
  double delay = 100;  // ms
  std::string fault = "none";
  std::string cryptography = "cheap";
  bool json = false, csv = false;
  std::string plot;
};

std::vector<std::string> fault_names() {
  std::vector<std::string> names = {std::string(name(Fault::none))};
  for (const Fault fault : faults()) names.emplace_back(name(fault));
  return names;
}

void print(const Wish& wish, const Report& report) {
  const std::string text = wish.json ? report.json() : wish.csv ? report.csv() : report.text();
  std::fputs(text.c_str(), stdout);
  if (!wish.plot.empty()) draw_shares(wish.plot, report, "share of the places");
}

int perform(const Scenario& scenario, Wish wish) {
  for (const Fault fault : faults()) {
    if (wish.fault == name(fault)) wish.options.fault = fault;
  }
  if (wish.cryptography == "real") wish.options.cryptography = Cryptography::real;
  wish.options.delay = std::chrono::duration_cast<conn::Duration>(
      std::chrono::duration<double, std::milli>(wish.delay));
  Progress progress;
  wish.options.progress = [&progress](double done, const std::string& now) {
    progress.show(done, now);
  };
  const Interrupt interrupt;
  try {
    const Report report = run(scenario, wish.options);
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
  wish->options.minutes = scenario.minutes;
  wish->options.loss = scenario.loss;
  return {
      .name = std::string(scenario.name),
      .about = std::string(scenario.about),
      .options = {{.name = "--nodes",
                   .into = &wish->options.nodes,
                   .help = "how many nodes",
                   .default_text = default_of(wish->options.nodes),
                   .range = {{10, 10'000}}},
                  {.name = "--minutes",
                   .into = &wish->options.minutes,
                   .help = "virtual minutes, of steady and nat",
                   .default_text = default_of(wish->options.minutes),
                   .range = {{0, 60 * 24 * 365}}},
                  {.name = "--loss",
                   .into = &wish->options.loss,
                   .help = "part of the datagrams that is lost",
                   .default_text = default_of(wish->options.loss),
                   .range = {{0, 0.99}}},
                  {.name = "--delay",
                   .into = &wish->delay,
                   .help = "of a datagram, one way, in milliseconds",
                   .default_text = default_of(wish->delay),
                   .range = {{0, 10'000}}},
                  {.name = "--seed",
                   .into = &wish->options.seed,
                   .help = "another seed gives another run",
                   .default_text = default_of(wish->options.seed)},
                  {.name = "--fault",
                   .into = &wish->fault,
                   .help = "switch a rule off, to see that the checks notice",
                   .default_text = default_of(wish->fault),
                   .choices = fault_names()},
                  {.name = "--crypto",
                   .into = &wish->cryptography,
                   .help = "of signatures: real, which costs 40 µs each, or cheap",
                   .default_text = default_of(wish->cryptography),
                   .choices = {"cheap", "real"}},
                  {.name = "--json", .into = &wish->json, .help = "all of it as one object"},
                  {.name = "--csv",
                   .into = &wish->csv,
                   .help = "the curves as a table",
                   .excludes = {"--json"}},
                  {.name = "--plot",
                   .into = &wish->plot,
                   .help = "draw the curves into this SVG file"}},
      .run = [&scenario, wish] { return perform(scenario, *wish); },
  };
}

}  // namespace

cmd::Command discovery_command() {
  cmd::Command command = {
      .name = "discovery",
      .about = "Networks of discovery servers, and what may happen to them",
  };
  for (const Scenario& scenario : scenarios()) command.commands.push_back(command_of(scenario));
  command.commands.push_back(eclipse_command());
  return command;
}

}  // namespace peerage::sim::discovery
