#include "cmd/bench_report.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iostream>
#include <numeric>

#include <sys/resource.h>
#include <unistd.h>

namespace peerage::cmd {
namespace {

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// Nobody needs more than this of a figure, and a line is to be read.
double rounded(double value) {
  if (value == 0 || !std::isfinite(value)) return 0;
  const double scale = std::pow(10, 5 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
}

}  // namespace

BenchMoment BenchMoment::now() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return {conn::TimePoint(std::chrono::steady_clock::now().time_since_epoch()),
          seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime)};
}

std::uint64_t resident_kb() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 1024;
}

double percentile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  const double rank = std::ceil(share * static_cast<double>(sorted.size()));
  const double index = std::clamp(rank - 1, 0.0, static_cast<double>(sorted.size() - 1));
  return sorted[static_cast<std::size_t>(index)];
}

void FailureCounts::add(const FailureCounts& others) {
  for (const auto& [reason, count] : others.counts_) counts_[reason] += count;
}

std::uint64_t FailureCounts::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const auto& each) { return sum + each.second; });
}

nlohmann::ordered_json FailureCounts::json() const {
  auto by_name = nlohmann::ordered_json::object();
  for (const auto& [reason, count] : counts_) by_name[std::string(conn::name(reason))] = count;
  return by_name;
}

void BenchReport::set(const char* name, double value) {
  json_[name] = rounded(value);
}

void BenchReport::set_traffic(const BenchMoment& begin, const BenchMoment& end, std::uint64_t msgs,
                              std::uint64_t bytes) {
  const double seconds = std::chrono::duration<double>(end.at - begin.at).count();
  const double cpu = end.cpu_s - begin.cpu_s;
  json_["msgs"] = msgs;
  json_["bytes"] = bytes;
  if (seconds > 0 && msgs > 0) {
    json_["seconds"] = rounded(seconds);
    json_["MBps"] = rounded(static_cast<double>(bytes) / 1e6 / seconds);
    json_["msgs_per_s"] = rounded(static_cast<double>(msgs) / seconds);
  }
  json_["cpu_s"] = rounded(cpu);
  if (bytes > 0) json_["cpu_s_per_GB"] = rounded(cpu * 1e9 / static_cast<double>(bytes));
}

void BenchReport::set_times(std::vector<double> us) {
  if (us.empty()) return;
  std::sort(us.begin(), us.end());
  json_["p50_us"] = rounded(percentile(us, 0.5));
  json_["p90_us"] = rounded(percentile(us, 0.9));
  json_["p99_us"] = rounded(percentile(us, 0.99));
  const double sum = std::accumulate(us.begin(), us.end(), 0.0);
  json_["mean_us"] = rounded(sum / static_cast<double>(us.size()));
  json_["min_us"] = rounded(us.front());
  json_["max_us"] = rounded(us.back());
}

void BenchReport::set_failures(const FailureCounts& failures) {
  json_["failed"] = failures.total();
  if (!failures.empty()) json_["failures"] = failures.json();
}

bool BenchReport::print() const {
  std::cout << line() << '\n' << std::flush;
  return std::cout.good();
}

}  // namespace peerage::cmd
