#include "tests/sim/slots/slots_command.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/sim/interrupt.h"
#include "tests/sim/slots/report.h"

namespace peerage::sim::slots {
namespace {

struct Options {
  NodePlan node;
  std::string attackers;
  std::string manner = "both";
  bool refuse = false;
  bool first = false;
  bool useful = false;
  std::uint64_t seed = 1;
  std::size_t jobs = 2;
  bool json = false;
};

// "HOSTS/NETWORKS,...", in both manners.
std::vector<AttackPlan> parse_attackers(const std::string& text) {
  std::vector<AttackPlan> attackers;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string each = text.substr(begin, end - begin);
    std::size_t hosts = 0, networks = 0;
    int used = 0;
    const int read = std::sscanf(each.c_str(), "%zu/%zu%n", &hosts, &networks, &used);
    if (read != 2 || static_cast<std::size_t>(used) != each.size() || networks < 1 ||
        hosts < networks || hosts > kMostHosts || networks > kMostNetworks) {
      throw std::invalid_argument("\"" + each + "\" is not HOSTS/NETWORKS");
    }
    for (const Manner manner : {Manner::polite, Manner::busy}) {
      attackers.push_back({hosts, networks, manner});
    }
    begin = end + 1;
  }
  return attackers;
}

std::vector<AttackPlan> attackers_of(const Options& options) {
  auto attackers = options.attackers.empty() ? price_list() : parse_attackers(options.attackers);
  for (AttackPlan& each : attackers) {
    if (options.first) each.begins = AttackPlan::Begins::first;
  }
  std::erase_if(attackers, [&options](const AttackPlan& each) {
    return options.manner != "both" && options.manner != text(each.manner);
  });
  return attackers;
}

// The rows that were finished, in their order.
std::vector<Row> play_all(const Options& options, const std::vector<AttackPlan>& attackers) {
  std::vector<Row> rows(attackers.size());
  std::vector<char> finished(attackers.size());
  std::atomic<std::size_t> next = 0, done = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < attackers.size() && !Interrupt::came(); i = next++) {
      rows[i] = {attackers[i], play(options.node, attackers[i], options.seed)};
      finished[i] = 1;
      std::fprintf(stderr, "%zu of %zu attackers\n", ++done, attackers.size());
    }
  };
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < options.jobs; ++i) threads.emplace_back(work);
  work();
  threads.clear();
  std::vector<Row> played;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (finished[i] != 0) played.push_back(rows[i]);
  }
  return played;
}

int run_command(Options options) {
  if (options.node.long_lived > options.node.slots) {
    throw std::invalid_argument("--long-lived is more than --slots");
  }
  // Each has a host of its own.
  if (options.node.long_lived > 200 * options.node.networks) {
    throw std::invalid_argument("--long-lived is more than 200 for each of --networks");
  }
  if (options.useful) options.node.useful = NodePlan::Useful::attackers;
  if (options.refuse) options.node.full_inbound = p2p::FullInbound::refuse;
  const Interrupt interrupt;
  const auto rows = play_all(options, attackers_of(options));
  const std::string text =
      options.json ? as_json(options.node, rows) : as_table(options.node, rows);
  std::fputs(text.c_str(), stdout);
  if (Interrupt::came()) return Interrupt::kExitCode;
  return holds(rows) ? 0 : 1;
}

}  // namespace

cmd::Command slots_command() {
  using cmd::default_of;
  auto options = std::make_shared<Options>();
  return {
      .name = "slots",
      .about =
          "What an attacker has to have to keep newcomers out or to push old peers out "
          "(spec/switch.md)",
      .options = {{.name = "--attackers",
                   .into = &options->attackers,
                   .help = "By default 1 to 10 000 hosts in 1 to 4 096 networks",
                   .example = "HOSTS/NETWORKS,..."},
                  {.name = "--manner",
                   .into = &options->manner,
                   .help =
                       "polite: stays as long as it may, and comes again after 9 minutes; busy: "
                       "ten a second come, as far as its hosts may",
                   .default_text = default_of(options->manner),
                   .choices = {"both", "polite", "busy"}},
                  {.name = "--slots",
                   .into = &options->node.slots,
                   .help = "Inbound ones of the node",
                   .default_text = default_of(options->node.slots),
                   .range = {{4, 10'000}}},
                  {.name = "--long-lived",
                   .into = &options->node.long_lived,
                   .help = "Honest peers of one to thirty days",
                   .default_text = default_of(options->node.long_lived),
                   .range = {{0, 10'000}}},
                  {.name = "--newcomers",
                   .into = &options->node.newcomers,
                   .help = "Honest ones, a minute",
                   .default_text = default_of(options->node.newcomers),
                   .range = {{0, 1'000}}},
                  {.name = "--networks",
                   .into = &options->node.networks,
                   .help = "That the honest nodes are in",
                   .default_text = default_of(options->node.networks),
                   .range = {{1, 40'000}}},
                  {.name = "--hours",
                   .into = &options->node.hours,
                   .help = "How long the attack lasts",
                   .default_text = default_of(options->node.hours),
                   .range = {{0.1, 10'000}}},
                  {.name = "--first",
                   .into = &options->first,
                   .help = "The attacker is there before the peers of long standing"},
                  {.name = "--only-attackers-useful",
                   .into = &options->useful,
                   .help = "No honest peer is ever of use"},
                  {.name = "--refuse",
                   .into = &options->refuse,
                   .help = "Refuse newcomers when full, as a Go node does, to see what it costs"},
                  {.name = "--seed",
                   .into = &options->seed,
                   .help = "Another seed gives another run",
                   .default_text = default_of(options->seed)},
                  {.name = "--jobs",
                   .into = &options->jobs,
                   .help = "Attackers tried side by side",
                   .default_text = default_of(options->jobs),
                   .range = {{1, 256}}},
                  {.name = "--json", .into = &options->json, .help = "The figures as one object"}},
      .run = [options] { return run_command(*options); },
  };
}

}  // namespace peerage::sim::slots
