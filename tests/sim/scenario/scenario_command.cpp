#include "tests/sim/scenario/scenario_command.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <utility>

#include <unistd.h>

#include "tests/sim/plot.h"
#include "tests/sim/scenario/many_runs.h"
#include "tests/sim/scenario/scenario.h"

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

class Progress {
 public:
  void clear() {
    if (std::exchange(shown_, false)) std::fputs("\r\x1b[K", stderr);
  }
  void show(double done, const std::string& now) {
    if (isatty(STDERR_FILENO) == 0) return;
    std::fprintf(stderr, "\r\x1b[K%3.0f %%  %s", 100 * done, now.c_str());
    shown_ = true;
  }

 private:
  bool shown_ = false;
};

void draw(const std::string& file, const Report& report) {
  // The dials have another unit.
  std::vector<Curve> shares;
  double hours = 0;
  for (const Curve& each : report.curves) {
    if (each.name.find("dials") != std::string::npos) continue;
    shares.push_back(each);
    if (!each.points.empty()) hours = std::max(hours, each.points.back().first);
  }
  PlotLabels labels{.title = report.title, .y = "share of the nodes"};
  if (hours <= 2) {
    labels.x = "minutes";
    for (Curve& each : shares) {
      for (auto& [x, y] : each.points) x *= 60;
    }
  }
  write_plot(file, labels, shares);
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
  const Report report = wish.many.seeds == 1 ? run(scenario, wish.options)
                                             : run_many(scenario, wish.options, wish.many);
  progress.clear();
  const std::string text = wish.json ? report.json() : wish.csv ? report.csv() : report.text();
  std::fputs(text.c_str(), stdout);
  if (!wish.plot.empty()) draw(wish.plot, report);
  return report.holds() ? 0 : 1;
}

}  // namespace

void add_scenario_commands(CLI::App& app, int& exit_code) {
  for (const Scenario& scenario : scenarios()) {
    CLI::App* const command =
        app.add_subcommand(std::string(scenario.name), std::string(scenario.about));
    auto wish = std::make_shared<Wish>();
    wish->options.nodes = scenario.nodes;
    wish->options.hours = scenario.hours;
    command->add_option("--nodes", wish->options.nodes, "how many nodes")
        ->check(CLI::Range(std::size_t{10}, std::size_t{100'000}))
        ->capture_default_str();
    command->add_option("--hours", wish->options.hours, "virtual hours")
        ->check(CLI::Range(0.0, 24.0 * 365))
        ->capture_default_str();
    command->add_option("--seed", wish->options.seed, "another one gives another run")
        ->capture_default_str();
    CLI::Option* const seeds =
        command
            ->add_option("--seeds", wish->many.seeds,
                         "run under so many seeds, from that one on, each in its own process")
            ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}))
            ->capture_default_str();
    command->add_option("--jobs", wish->many.jobs, "of them side by side")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1024}))
        ->capture_default_str();
    command
        ->add_option(
            "--fault", wish->fault,
            "take a rule away, to see that the checks of flash-crowd, churn or false-claims "
            "notice: no-jitter, no-sticky-redial, source-from-claim")
        ->check(CLI::IsMember(fault_names()))
        ->capture_default_str();
    command
        ->add_option("--crypto", wish->cryptography,
                     "of handshakes: real, cheap, or auto: real up to 1000 nodes times hours")
        ->check(CLI::IsMember({"auto", "real", "cheap"}))
        ->capture_default_str();
    CLI::Option* const json = command->add_flag("--json", wish->json, "all of it as one object");
    command->add_flag("--csv", wish->csv, "the curves as a table")->excludes(json)->excludes(seeds);
    command->add_option("--plot", wish->plot, "draw the curves into this SVG file")
        ->excludes(seeds);
    command->callback([&scenario, wish, &exit_code] { exit_code = perform(scenario, *wish); });
  }
}

}  // namespace peerage::sim
