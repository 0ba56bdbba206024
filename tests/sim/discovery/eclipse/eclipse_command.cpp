#include "tests/sim/discovery/eclipse/eclipse_command.h"

#include <array>
#include <atomic>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/sim/cheap_crypto.h"
#include "tests/sim/discovery/eclipse/report.h"
#include "tests/sim/interrupt.h"
#include "tests/sim/plot.h"

namespace peerage::sim::discovery {
namespace {

constexpr std::array kAges = {Age::fresh, Age::restarted, Age::day_old};

struct Wish {
  EclipsePlan plan;
  std::string attackers = "2/2,16/16,64/64,512/512";
  std::string age = "all";
  bool ablations = false;
  std::size_t jobs = 2;
  bool json = false;
  std::string plot;
};

std::vector<AttackPlan> attackers_of(const Wish& wish) {
  std::vector<AttackPlan> attackers;
  std::size_t begin = 0;
  while (begin < wish.attackers.size()) {
    const std::size_t end = std::min(wish.attackers.find(',', begin), wish.attackers.size());
    AttackPlan attack = parse_attack(wish.attackers.substr(begin, end - begin));
    attack.ids = std::max(wish.plan.attack.ids, attack.addresses);
    attack.pings = wish.plan.attack.pings;
    attackers.push_back(attack);
    begin = end + 1;
  }
  return attackers;
}

std::vector<EclipsePlan> cases_of(const Wish& wish) {
  std::vector<EclipsePlan> cases;
  for (const AttackPlan& attack : attackers_of(wish)) {
    for (const Age age : kAges) {
      if (wish.age != "all" && wish.age != name(age)) continue;
      for (const Without without : ablations()) {
        if (without != Without::nothing && !wish.ablations) continue;
        EclipsePlan plan = wish.plan;
        plan.attack = attack;
        plan.age = age;
        plan.without = without;
        cases.push_back(plan);
      }
    }
  }
  return cases;
}

// The rows that were finished, in their order.
std::vector<Row> play_all(const std::vector<EclipsePlan>& cases, std::size_t jobs) {
  std::vector<Row> rows(cases.size());
  std::vector<char> finished(cases.size());
  std::atomic<std::size_t> next = 0, done = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < cases.size() && !Interrupt::came(); i = next++) {
      try {
        rows[i] = {cases[i], play(cases[i])};
        finished[i] = 1;
      } catch (const Interrupted&) {
        return;
      }
      std::fprintf(stderr, "%zu of %zu cases\n", ++done, cases.size());
    }
  };
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < jobs; ++i) threads.emplace_back(work);
  work();
  threads.clear();
  std::vector<Row> played;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (finished[i] != 0) played.push_back(rows[i]);
  }
  return played;
}

int run_command(const Wish& wish) {
  use_cryptography(Cryptography::cheap);
  const Interrupt interrupt;
  const auto rows = play_all(cases_of(wish), wish.jobs);
  const std::string text = wish.json ? as_json(rows) : as_table(rows);
  std::fputs(text.c_str(), stdout);
  if (!wish.plot.empty()) {
    write_plot(wish.plot, {.title = "What an attacker holds of a table", .y = "share"},
               as_curves(rows));
  }
  if (Interrupt::came()) return Interrupt::kExitCode;
  return holds(rows) ? 0 : 1;
}

std::vector<std::string> age_names() {
  std::vector<std::string> names = {"all"};
  for (const Age age : kAges) names.emplace_back(name(age));
  return names;
}

}  // namespace

cmd::Command eclipse_command() {
  using cmd::default_of;
  auto wish = std::make_shared<Wish>();
  return {
      .name = "eclipse",
      .about = "Many IDs behind few addresses want a node's table (spec/eclipse.md)",
      .options = {{.name = "--attackers",
                   .into = &wish->attackers,
                   .help = "addresses, and the /24s that they are in",
                   .example = "ADDRESSES/NETWORKS,...",
                   .default_text = default_of(wish->attackers)},
                  {.name = "--ids",
                   .into = &wish->plan.attack.ids,
                   .help = "of the attacker, on all its addresses",
                   .default_text = default_of(wish->plan.attack.ids),
                   .range = {{1, 1'000'000}}},
                  {.name = "--pings",
                   .into = &wish->plan.attack.pings,
                   .help = "that each of its addresses sends to the victim in a second",
                   .default_text = default_of(wish->plan.attack.pings),
                   .range = {{0.001, 1000}}},
                  {.name = "--age",
                   .into = &wish->age,
                   .help = "of the victim: fresh, restarted after a day while the pings come in, "
                           "day-old, all",
                   .default_text = default_of(wish->age),
                   .choices = age_names()},
                  {.name = "--ablations",
                   .into = &wish->ablations,
                   .help = "each case again without each of the rules"},
                  {.name = "--hours",
                   .into = &wish->plan.hours,
                   .help = "of the attack",
                   .default_text = default_of(wish->plan.hours),
                   .range = {{0.01, 1000}}},
                  {.name = "--nodes",
                   .into = &wish->plan.world.nodes,
                   .help = "honest ones",
                   .default_text = default_of(wish->plan.world.nodes),
                   .range = {{10, 10'000}}},
                  {.name = "--seed",
                   .into = &wish->plan.seed,
                   .help = "another seed gives another run",
                   .default_text = default_of(wish->plan.seed)},
                  {.name = "--jobs",
                   .into = &wish->jobs,
                   .help = "cases beside one another",
                   .default_text = default_of(wish->jobs),
                   .range = {{1, 256}}},
                  {.name = "--json", .into = &wish->json, .help = "the figures as one object"},
                  {.name = "--plot",
                   .into = &wish->plot,
                   .help = "draw the attacker's share of the table into this SVG file"}},
      .run = [wish] { return run_command(*wish); },
  };
}

}  // namespace peerage::sim::discovery
