#include "tests/sim/scenario/many_runs.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/sim/interrupt.h"

namespace peerage::sim {
namespace {

struct Worker {
  std::uint64_t seed;
  pid_t process;
  int answer;  // the end of a pipe
  std::string text;
};

// The child: its report is its only output.
[[noreturn]] void work(const Scenario& scenario, ScenarioOptions options, int answer) {
  int code = 1;
  Interrupt::leave_to_parent();
  try {
    options.progress = nullptr;
    const std::string text = run(scenario, options).json();
    std::size_t written = 0;
    while (written < text.size()) {
      const ssize_t part = write(answer, text.data() + written, text.size() - written);
      if (part <= 0) break;
      written += static_cast<std::size_t>(part);
    }
    code = written == text.size() ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "seed %llu: %s\n", static_cast<unsigned long long>(options.seed),
                 error.what());
  }
  _exit(code);
}

Worker begin(const Scenario& scenario, ScenarioOptions options, std::uint64_t seed) {
  options.seed = seed;
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  std::fflush(nullptr);
  const pid_t process = fork();
  if (process < 0) throw std::runtime_error("no process");
  if (process == 0) {
    close(ends[0]);
    work(scenario, std::move(options), ends[1]);
  }
  close(ends[1]);
  return {seed, process, ends[0], {}};
}

// Waits until one of them is done, and takes it out. Nothing when we are interrupted before.
std::optional<Worker> wait_for_one(std::vector<Worker>& workers) {
  while (!Interrupt::came()) {
    std::vector<pollfd> waiting;
    waiting.reserve(workers.size());
    for (const Worker& each : workers) waiting.push_back({each.answer, POLLIN, 0});
    if (poll(waiting.data(), waiting.size(), -1) < 0) continue;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].revents == 0) continue;
      char buffer[65536];
      const ssize_t part = read(waiting[i].fd, buffer, sizeof buffer);
      if (part > 0) {
        workers[i].text.append(buffer, static_cast<std::size_t>(part));
        continue;
      }
      Worker done = std::move(workers[i]);
      workers.erase(workers.begin() + static_cast<std::ptrdiff_t>(i));
      close(done.answer);
      return done;
    }
  }
  return std::nullopt;
}

void end_all(const std::vector<Worker>& workers) {
  for (const Worker& each : workers) {
    close(each.answer);
    kill(each.process, SIGKILL);
    waitpid(each.process, nullptr, 0);
  }
}

std::optional<Report> report_of(const Worker& worker) {
  int status = 0;
  waitpid(worker.process, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
  return Report::from_json(worker.text);
}

}  // namespace

Report run_many(const Scenario& scenario, const ScenarioOptions& options, const ManyRuns& many) {
  std::optional<Report> all;
  std::vector<Worker> workers;
  std::size_t begun = 0, ended = 0, in_order = 0, held = 0;
  while (ended < many.seeds) {
    while (begun < many.seeds && workers.size() < std::max<std::size_t>(many.jobs, 1)) {
      workers.push_back(begin(scenario, options, options.seed + begun++));
    }
    const auto done = wait_for_one(workers);
    if (!done) break;
    ++ended;
    const auto report = report_of(*done);
    if (report) {
      ++in_order;
      held += report->holds() ? 1 : 0;
      if (all) {
        all->add(*report);
      } else {
        all = report;
      }
    }
    if (!report || !report->holds()) {
      std::fprintf(stderr, "seed %llu %s\n%s", static_cast<unsigned long long>(done->seed),
                   report ? "does not hold:" : "did not end cleanly",
                   report ? report->text().c_str() : "");
    }
    if (options.progress) {
      options.progress(
          static_cast<double>(ended) / static_cast<double>(many.seeds),
          std::to_string(ended) + " seeds, of which " + std::to_string(held) + " held");
    }
  }
  Report report = all.value_or(Report{std::string(scenario.name), {}, {}, {}});
  report.title += ", under " + std::to_string(ended) + " seeds";
  report.at_least("runs that ended cleanly", static_cast<double>(in_order),
                  static_cast<double>(ended));
  if (ended == many.seeds) return report;
  end_all(workers);
  report.title += ", interrupted before " + std::to_string(many.seeds - ended) + " more";
  throw Interrupted(std::move(report));
}

}  // namespace peerage::sim
