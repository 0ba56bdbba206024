#include "tests/sim/eclipse/eclipse_command.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

#include "tests/sim/cheap_crypto.h"
#include "tests/sim/eclipse/campaign.h"
#include "tests/sim/eclipse/price.h"
#include "tests/sim/eclipse/report.h"
#include "tests/sim/interrupt.h"
#include "tests/sim/plot.h"

namespace peerage::sim::eclipse {
namespace {

struct Options {
  std::size_t trials = 20;
  std::string policies = "ours";
  std::string attackers;
  std::string ages = "all";
  double hours = 72;
  std::uint64_t seed = 1;
  double rate = 20;
  double harvest = 0;
  std::string strategies = "all";
  bool ablations = false;
  bool price = false;
  bool no_restarts = false;
  std::string plot;
  bool json = false;
  bool csv = false;
  bool real_crypto = false;
  std::size_t jobs = 2;
  std::size_t trials_of_world = 4;
  WorldPlan world;
};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::vector<conn::Duration> ages_of(const std::string& text) {
  std::vector<conn::Duration> ages;
  for (const std::string& each : split(text == "all" ? "fresh,1d,30d" : text)) {
    ages.push_back(parse_age(each));
  }
  return ages;
}

std::vector<AttackPlan> attackers_of(const Options& options) {
  std::vector<AttackPlan> attackers;
  if (options.attackers.empty()) attackers = reference_attackers();
  for (const std::string& each : split(options.attackers)) attackers.push_back(parse_attack(each));
  for (AttackPlan& each : attackers) {
    each.tactics = parse_tactics(options.strategies);
    each.rate = options.rate;
    each.harvest = std::chrono::seconds(std::lround(3600 * options.harvest));
  }
  return attackers;
}

// A curve needs more of them.
std::vector<conn::Duration> checkpoints_of(double hours, bool for_curves) {
  std::vector<double> moments = {1, 6, 24, 72};
  if (for_curves) moments = {0.5, 1, 2, 4, 6, 9, 12, 18, 24, 36, 48, 60, 72};
  std::vector<conn::Duration> checkpoints;
  for (const double each : moments) {
    if (each < hours) checkpoints.push_back(std::chrono::seconds(std::lround(3600 * each)));
  }
  checkpoints.push_back(std::chrono::seconds(std::lround(3600 * hours)));
  return checkpoints;
}

void show_progress(std::size_t done, std::size_t all) {
  // A line for a log; on a terminal one that is overwritten.
  const bool reader = ::isatty(STDERR_FILENO) != 0;
  if (!reader && done * 20 / all == (done - 1) * 20 / all) return;
  std::fprintf(stderr, reader ? "\r%zu of %zu trials" : "%zu of %zu trials\n", done, all);
  if (reader && done == all) std::fputc('\n', stderr);
}

int broken_off(const Campaign& campaign, const std::vector<std::vector<Outcome>>& outcomes) {
  std::size_t played = 0;
  for (const auto& each : outcomes) played += each.size();
  std::fprintf(stderr, "interrupted: %zu of %zu trials\n", played,
               campaign.cases.size() * campaign.trials);
  return Interrupt::kExitCode;
}

int run_command(const Options& options) {
  use_cryptography(options.real_crypto ? Cryptography::real : Cryptography::cheap);
  Campaign campaign;
  campaign.trials = options.trials;
  campaign.trials_of_world = options.trials_of_world;
  campaign.seed = options.seed;
  campaign.jobs = options.jobs;
  campaign.world = options.world;
  campaign.timing.checkpoints = checkpoints_of(options.hours, !options.plot.empty());
  if (options.no_restarts || !options.plot.empty()) {
    campaign.timing.restarts = Timing::Restarts::none;
  }
  campaign.on_progress = show_progress;
  const Interrupt interrupt;

  const auto names = parse_policies(options.ablations ? "ablations" : options.policies);
  const auto ages = ages_of(options.ages);
  const auto attackers = attackers_of(options);
  if (options.price) {
    for (const std::string& name : names) {
      for (const conn::Duration age : ages) {
        const Price price = find_price(campaign, {name, attackers.front(), age});
        if (Interrupt::came()) return Interrupt::kExitCode;  // the results stand above
        std::fputs(as_text(price).c_str(), stdout);
        std::fflush(stdout);
      }
    }
    return 0;
  }
  for (const std::string& name : names) {
    for (const conn::Duration age : ages) {
      for (const AttackPlan& attacker : attackers) campaign.cases.push_back({name, attacker, age});
    }
  }
  const auto outcomes = run(campaign);
  std::vector<Summary> summaries;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].empty()) continue;  // it was interrupted before
    summaries.push_back(summarize(campaign.cases[i], outcomes[i]));
  }
  const std::string text = options.json  ? as_json(summaries)
                           : options.csv ? as_csv(summaries)
                                         : as_table(summaries);
  std::fputs(text.c_str(), stdout);
  if (!options.plot.empty()) {
    write_plot(options.plot,
               {.title = "What an attacker holds of the outbound peers", .y = "share"},
               as_curves(summaries));
  }
  return Interrupt::came() ? broken_off(campaign, outcomes) : 0;
}

}  // namespace

cmd::Command eclipse_command() {
  using cmd::default_of;
  auto options = std::make_shared<Options>();
  return {
      .name = "eclipse",
      .about = "Try to surround a node with an attacker's peers (spec/eclipse.md)",
      .options = {{.name = "--trials",
                   .into = &options->trials,
                   .help = "Of each case",
                   .default_text = default_of(options->trials)},
                  {.name = "--policy",
                   .into = &options->policies,
                   .help = "ours, go, one of ours without a countermeasure, all",
                   .default_text = default_of(options->policies)},
                  {.name = "--ablations",
                   .into = &options->ablations,
                   .help = "Ours, and ours without each countermeasure"},
                  {.name = "--attackers",
                   .into = &options->attackers,
                   .help = "addresses/groups, ...; by default the four that goals are set for"},
                  {.name = "--age",
                   .into = &options->ages,
                   .help = "Of the victim: fresh, 1d, 30d, all",
                   .default_text = default_of(options->ages)},
                  {.name = "--hours",
                   .into = &options->hours,
                   .help = "How long the attack lasts",
                   .default_text = default_of(options->hours),
                   .range = {{0.1, 10'000}}},
                  {.name = "--seed",
                   .into = &options->seed,
                   .help = "Another seed gives another run",
                   .default_text = default_of(options->seed)},
                  {.name = "--rate",
                   .into = &options->rate,
                   .help = "Connections a minute that claim something",
                   .default_text = default_of(options->rate),
                   .range = {{1e-6, 1e6}}},
                  {.name = "--strategies",
                   .into = &options->strategies,
                   .help = "s1 to s7, or all",
                   .default_text = default_of(options->strategies)},
                  {.name = "--harvest",
                   .into = &options->harvest,
                   .help = "Hours in which the attacker's peers leave once they are tried",
                   .default_text = default_of(options->harvest)},
                  {.name = "--no-restarts", .into = &options->no_restarts, .help = "Try none"},
                  {.name = "--price",
                   .into = &options->price,
                   .help = "Search for the attacker that succeeds in half of the trials"},
                  {.name = "--plot",
                   .into = &options->plot,
                   .help = "Draw the attacker's share of the outbound peers into this SVG file; no "
                           "restarts then"},
                  {.name = "--json", .into = &options->json, .help = "The figures as one object"},
                  {.name = "--csv", .into = &options->csv, .help = "The figures as a table"},
                  {.name = "--jobs",
                   .into = &options->jobs,
                   .help = "Processes beside one another",
                   .default_text = default_of(options->jobs),
                   .range = {{1, 256}}},
                  {.name = "--trials-of-world",
                   .into = &options->trials_of_world,
                   .help = "That have one warm-up behind them",
                   .default_text = default_of(options->trials_of_world)},
                  {.name = "--nodes",
                   .into = &options->world.nodes,
                   .help = "Honest ones",
                   .default_text = default_of(options->world.nodes),
                   .range = {{10, 100'000}}},
                  {.name = "--real-crypto",
                   .into = &options->real_crypto,
                   .help = "X25519 and Ed25519 as they are"},
                  {.name = "--restarts",
                   .into = &options->world.restarts,
                   .help = "Share of the ends of honest sessions that are mere restarts",
                   .default_text = default_of(options->world.restarts)}},
      .run = [options] { return run_command(*options); },
  };
}

}  // namespace peerage::sim::eclipse
