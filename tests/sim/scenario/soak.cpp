// A day of everything that may go wrong, and an hour of peace after it: then all must be as if
// nothing had happened.
#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "p2p/dial/dialer.h"
#include "tests/sim/scenario/faults.h"
#include "tests/sim/scenario/soak_watch.h"
#include "tests/sim/scenario/stage.h"
#include "tests/support/faulty_vfs.h"
#include "tests/support/files.h"

namespace peerage::sim {
namespace {

constexpr std::size_t kSeeds = 2;
constexpr Duration kWarmUp = 15min;
constexpr Duration kPeace = 1h;
// For each node: ten thousand in twenty days of 50 nodes.
constexpr double kFaultsInAnHour = 0.46;
constexpr std::size_t kHiddenOf = 10;  // one of this many cannot be dialled
constexpr std::size_t kNamedOf = 3;    // one of this many knows the seeds by name
// A test dial comes besides the outbound peers, and lost ones that are back before those that took
// their slots have left (p2p/dial/dialer.h).
constexpr double kSlots = Population::kFullOutbound + 1 + p2p::StickyPeers::kPace;
constexpr double kFaultsInADay = 500;  // of 50 nodes, at least
constexpr double kGrowthOfANode = 64;  // KiB from a third of the time on

class Soak {
 public:
  explicit Soak(const ScenarioOptions& options)
      : stage_("A soak of " + std::to_string(options.nodes) + " nodes", options) {}

  Report run() {
    populate();
    Faults faults(stage_, trouble_, setup());
    SoakWatch watch(stage_.world, stage_.population);
    faults.on_down = [&](auto node, auto disk, auto clock) { watch.on_down(node, disk, clock); };
    faults.on_ban = [&](auto node, const auto& whom, auto span) { watch.on_ban(node, whom, span); };
    stage_.go_on(kWarmUp, 1min);
    stage_.each_second = [&, second = 0]() mutable {
      faults.on_second();
      watch.on_second();
      if (++second % 60 == 0) watch.on_minute();
    };
    const Duration stormy = stage_.end() - stage_.world.now() - kPeace;
    stage_.go_on(stormy / 3, 1min);
    const std::size_t memory = resident_bytes();
    stage_.go_on(stormy - stormy / 3, 1min);
    judge_faults(faults, stormy);
    faults.end();
    make_peace();
    // A sawtooth is no growth: the question is whether it has an end.
    stage_.report.at_most("growth of memory for a node", growth_since(memory), kGrowthOfANode,
                          "KiB");
    judge(watch);
    return stage_.finish();
  }

 private:
  void populate() {
    for (std::size_t i = 0; i < kSeeds + stage_.options.nodes; ++i) {
      Node::Plan plan = i < kSeeds ? Node::seed_plan() : stage_.node_plan();
      std::filesystem::create_directories(folder_ / std::to_string(i));
      plan.book = folder_ / std::to_string(i) / "book.sqlite";
      if (i < kSeeds) {
        const Node& seed = stage_.population.add_seed(std::move(plan));
        names_.push_back("seed-" + std::to_string(i) + ".sim");
        stage_.world.set_name(names_.back(), std::vector{seed.ip()});
        continue;
      }
      for (std::size_t seed = 0; uses_names(i) && seed < kSeeds; ++seed) {
        conn::HostAddress address = stage_.population.at(seed).address();
        address.host = names_[seed];
        plan.pex.seeds.push_back(address);
      }
      const Node& node = stage_.population.add_node(std::move(plan));
      if (i % kHiddenOf == 0) stage_.internet.hide(node.ip());
    }
  }
  static bool uses_names(std::size_t node) { return node >= kSeeds && node % kNamedOf == 0; }

  Faults::Setup setup() {
    const double in_an_hour = kFaultsInAnHour * static_cast<double>(stage_.options.nodes);
    return {names_, [this](std::size_t node) { return folder_ / std::to_string(node); }, uses_names,
            std::chrono::duration_cast<Duration>(
                std::chrono::duration<double, std::ratio<3600>>(1 / in_an_hour))};
  }

  void make_peace() {
    const TimePoint from = stage_.world.now();
    const auto whole = stage_.go_on_until(
        [this](const Population::State& state) {
          return state.running == stage_.options.nodes && state.largest == state.running &&
                 state.full == state.running;
        },
        kPeace, 5s);
    stage_.report.figure("until all was well again",
                         std::chrono::duration<double>(whole.value_or(kPeace)).count(), "s");
    stage_.go_on(from + kPeace - stage_.world.now(), 1min);
    const Population::State state = stage_.population.state();
    stage_.report.at_least("nodes running after an hour of peace",
                           static_cast<double>(state.running),
                           static_cast<double>(stage_.options.nodes));
    stage_.report.at_least("in one component then", state.connected_share(), 1);
    stage_.report.at_least("with a full outbound set then", state.full_share(), 1);
  }

  double growth_since(std::size_t bytes) const {
    const std::size_t now = resident_bytes();
    return static_cast<double>(now - std::min(bytes, now)) / 1024 /
           static_cast<double>(stage_.options.nodes);
  }

  void judge_faults(const Faults& faults, Duration stormy) {
    Report& report = stage_.report;
    const double days = std::chrono::duration<double, std::ratio<86400>>(stormy).count() *
                        static_cast<double>(stage_.options.nodes) / 50;
    report.total("faults", static_cast<double>(faults.begun()));
    for (std::size_t i = 0; i < Faults::kKinds; ++i) {
      const auto kind = static_cast<Faults::Kind>(i);
      const std::string name(Faults::name(kind));
      report.total("faults: " + name, static_cast<double>(faults.begun(kind)));
      report.at_least("hits: " + name, static_cast<double>(faults.hits(kind)), 1);
    }
    report.at_least("hits: nodes that cannot be dialled", static_cast<double>(trouble_.hidden()),
                    1);
    report.at_least("faults in a day of 50 nodes", static_cast<double>(faults.begun()) / days,
                    kFaultsInADay);
  }

  void judge(const SoakWatch& watch) {
    Report& report = stage_.report;
    report.total("restarts with the disk kept", static_cast<double>(watch.books().restarts));
    report.total("the same with a clock that jumped",
                 static_cast<double>(watch.books_after_jumps().restarts));
    report.at_most("of books lost by restarts", watch.books().lost_share(), 0.01);
    report.at_most("of books lost by clocks that jump", watch.books_after_jumps().lost_share(),
                   0.01);
    report.at_least("operators' bans found in force", static_cast<double>(watch.bans()), 1);
    report.at_most("bans that last too long", static_cast<double>(watch.bans_overdue()), 0);
    report.at_most("bans that vanish", static_cast<double>(watch.bans_vanished()), 0);
    report.at_most("outbound peers and dials of a node", static_cast<double>(watch.most_slots()),
                   kSlots);
  }

  test::TemporaryDirectory folder_;  // destroyed last
  Stage stage_;
  Trouble trouble_{stage_.world, stage_.internet};
  std::vector<std::string> names_;
};

}  // namespace

Report soak(const ScenarioOptions& options) {
  if (options.hours < 2) throw std::invalid_argument("a soak takes two hours at least");
  test::FaultyVfs::make_default(test::FaultyVfs::Syncing::skipped);
  return Soak(options).run();
}

}  // namespace peerage::sim
