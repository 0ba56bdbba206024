// The report of a measurement, and what it needs: clocks, the process's CPU and memory,
// percentiles, and one line of JSON.
//
// Threads: plain values; `now` and `resident_kb` on any.
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conn/base/failure.h"
#include "conn/runtime/runtime.h"

namespace peerage::cmd {

// A moment: the time, and the CPU time that the process has used until then.
struct BenchMoment {
  conn::TimePoint at;
  double cpu_s = 0;  // user and system, of all threads

  static BenchMoment now();
};

// Memory of this process that is in RAM.
std::uint64_t resident_kb();

// The smallest value that at least `share` (0 to 1) of all do not exceed; 0 when there are none.
double percentile(const std::vector<double>& sorted, double share);

// Why things failed, and how often.
class FailureCounts {
 public:
  void add(const conn::Failure& failure) { ++counts_[failure.reason]; }
  void add(const FailureCounts& others);
  bool empty() const { return counts_.empty(); }
  std::uint64_t total() const;
  std::string json() const;  // an object, by name

 private:
  std::map<conn::Reason, std::uint64_t> counts_;
};

// Builds a report. Figures that cannot be computed (of no time, of no bytes) are left out. One that
// is set again keeps its place.
class BenchReport {
 public:
  explicit BenchReport(std::string_view role);

  template <std::integral T>
  void set(std::string_view name, T value) {
    if constexpr (std::same_as<T, bool>) {
      put(name, value ? "true" : "false");
    } else {
      put(name, std::to_string(value));
    }
  }
  void set(std::string_view name, double value);  // to six digits
  // In milliseconds; names end with "_ms".
  void set_span(std::string_view name, conn::Duration span);
  void set(std::string_view name, const FailureCounts& counts);
  // lasted_ms, msgs, bytes, MBps, msgs_per_s, cpu_ms, cpu_ms_per_GB; units of 10^6 and 10^9 bytes.
  void set_traffic(const BenchMoment& begin, const BenchMoment& end, std::uint64_t msgs,
                   std::uint64_t bytes);
  // p50_ms, p90_ms, p99_ms, mean_ms, min_ms, max_ms.
  void set_times(std::vector<double> us);
  void set_failures(const FailureCounts& failures);

  // One line, without its end.
  std::string line() const;
  // On standard output. False when it could not be written.
  bool print() const;

 private:
  void put(std::string_view name, std::string json);

  std::vector<std::pair<std::string, std::string>> figures_;  // names, and values as JSON
};

}  // namespace peerage::cmd
