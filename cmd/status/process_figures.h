// What the kernel says of this process: the figures that every program with a Prometheus client
// shows as process_*.
//
// Source: proc(5), for the texts. Threads: pure functions; `read_process` reads files, on any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace peerage::cmd {

struct ProcessFigures {
  double cpu_seconds = 0;  // of user and system
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  double start_time = 0;  // seconds since 1970
  std::uint64_t open_fds = 0;
  std::optional<std::uint64_t> max_fds;  // none: unlimited
};

struct ProcessTexts {
  std::string stat;         // /proc/self/stat
  std::string limits;       // /proc/self/limits
  std::string system_stat;  // /proc/stat
};
struct SystemUnits {
  std::uint64_t ticks_per_second = 100;
  std::uint64_t page_bytes = 4096;
};

// Nothing when a text is not as proc(5) has it.
std::optional<ProcessFigures> parse_process(const ProcessTexts& texts, std::uint64_t open_fds,
                                            const SystemUnits& units);

// Nothing where there is no /proc.
std::optional<ProcessFigures> read_process();

}  // namespace peerage::cmd
