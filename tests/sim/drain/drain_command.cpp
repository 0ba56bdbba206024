#include "tests/sim/drain/drain_command.h"

#include <cstdio>
#include <memory>

#include "tests/sim/drain/drain.h"
#include "tests/sim/interrupt.h"
#include "tests/support/files.h"

namespace peerage::sim::drain {
namespace {

struct Options {
  DrainPlan plan;
  std::uint64_t seed = 1;
  std::size_t trials = 1;
  bool one_seed = false;
};

double seconds(conn::Duration span) {
  return std::chrono::duration<double>(span).count();
}

int run_command(Options options) {
  if (options.one_seed) {
    options.plan.world.seeds = 1;
    options.plan.seeds_die = {48h};
  }
  const Interrupt interrupt;
  const test::TemporaryDirectory directory;
  bool holds = true;
  std::printf("seed  full       at the worst  blackouts  refilled p50, max  dials an hour\n");
  for (std::size_t i = 0; i < options.trials && !Interrupt::came(); ++i) {
    const Drained drained = run_drain(options.plan, options.seed + i, directory.path());
    holds = holds && drained.holds();
    std::printf("%4zu  %7.3f %%  %12zu  %9zu  %6.1f s, %6.1f s  %8.1f  %s\n",
                static_cast<std::size_t>(options.seed) + i, 100 * drained.full, drained.lowest,
                drained.blackouts, seconds(drained.refill_p50), seconds(drained.refill_max),
                drained.dials_an_hour, drained.holds() ? "pass" : "FAIL");
    std::fflush(stdout);
  }
  if (Interrupt::came()) return Interrupt::kExitCode;
  return holds ? 0 : 1;
}

}  // namespace

cmd::Command drain_command() {
  using cmd::default_of;
  auto options = std::make_shared<Options>();
  return {
      .name = "drain",
      .about = "Whether a node keeps its outbound set full for a month (spec/eclipse.md)",
      .options = {{.name = "--days",
                   .into = &options->plan.days,
                   .help = "How long it runs",
                   .default_text = default_of(options->plan.days),
                   .range = {{0.1, 1'000}}},
                  {.name = "--blackouts",
                   .into = &options->plan.blackouts_a_day,
                   .help = "Of its own link, a day, of ten minutes each",
                   .default_text = default_of(options->plan.blackouts_a_day),
                   .range = {{0, 24}}},
                  {.name = "--nodes",
                   .into = &options->plan.world.nodes,
                   .help = "Honest ones",
                   .default_text = default_of(options->plan.world.nodes),
                   .range = {{20, 100'000}}},
                  {.name = "--one-seed",
                   .into = &options->one_seed,
                   .help = "Its only seed vanishes on the second day"},
                  {.name = "--trials",
                   .into = &options->trials,
                   .help = "One after another, each with the next seed",
                   .default_text = default_of(options->trials),
                   .range = {{1, 10'000}}},
                  {.name = "--seed",
                   .into = &options->seed,
                   .help = "Another seed gives another run",
                   .default_text = default_of(options->seed)}},
      .run = [options] { return run_command(*options); },
  };
}

}  // namespace peerage::sim::drain
