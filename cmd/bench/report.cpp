#include "cmd/bench/report.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iostream>
#include <numeric>

#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <unistd.h>

namespace peerage::cmd {
namespace {

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// More digits than this are no use, and the line must be readable.
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

std::string FailureCounts::json() const {
  auto by_name = nlohmann::ordered_json::object();
  for (const auto& [reason, count] : counts_) by_name[std::string(conn::name(reason))] = count;
  return by_name.dump();
}

BenchReport::BenchReport(std::string_view role) {
  put("bench", nlohmann::json(role).dump());
}

void BenchReport::put(std::string_view name, std::string json) {
  const auto there = std::find_if(figures_.begin(), figures_.end(),
                                  [name](const auto& each) { return each.first == name; });
  if (there != figures_.end()) {
    there->second = std::move(json);
  } else {
    figures_.emplace_back(name, std::move(json));
  }
}

void BenchReport::set(std::string_view name, double value) {
  put(name, nlohmann::json(rounded(value)).dump());
}

void BenchReport::set_span(std::string_view name, conn::Duration span) {
  set(name, std::chrono::duration<double, std::milli>(span).count());
}

void BenchReport::set(std::string_view name, const FailureCounts& counts) {
  put(name, counts.json());
}

void BenchReport::set_traffic(const BenchMoment& begin, const BenchMoment& end, std::uint64_t msgs,
                              std::uint64_t bytes) {
  const double seconds = std::chrono::duration<double>(end.at - begin.at).count();
  const double cpu = end.cpu_s - begin.cpu_s;
  set("msgs", msgs);
  set("bytes", bytes);
  if (seconds > 0 && msgs > 0) {
    set_span("lasted_ms", end.at - begin.at);
    set("MBps", static_cast<double>(bytes) / 1e6 / seconds);
    set("msgs_per_s", static_cast<double>(msgs) / seconds);
  }
  set("cpu_ms", cpu * 1e3);
  if (bytes > 0) set("cpu_ms_per_GB", cpu * 1e12 / static_cast<double>(bytes));
}

void BenchReport::set_times(std::vector<double> us) {
  if (us.empty()) return;
  std::sort(us.begin(), us.end());
  set("p50_ms", percentile(us, 0.5) / 1e3);
  set("p90_ms", percentile(us, 0.9) / 1e3);
  set("p99_ms", percentile(us, 0.99) / 1e3);
  const double sum = std::accumulate(us.begin(), us.end(), 0.0);
  set("mean_ms", sum / static_cast<double>(us.size()) / 1e3);
  set("min_ms", us.front() / 1e3);
  set("max_ms", us.back() / 1e3);
}

void BenchReport::set_failures(const FailureCounts& failures) {
  set("failed", failures.total());
  if (!failures.empty()) set("failures", failures);
}

std::string BenchReport::line() const {
  std::string line;
  for (const auto& [name, value] : figures_) {
    line += line.empty() ? "{\"" : ",\"";
    line.append(name).append("\":").append(value);
  }
  return line + "}";
}

bool BenchReport::print() const {
  std::cout << line() << '\n' << std::flush;
  return std::cout.good();
}

}  // namespace peerage::cmd
