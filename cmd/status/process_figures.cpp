#include "cmd/status/process_figures.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <vector>

#include <unistd.h>

namespace peerage::cmd {
namespace {

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

std::vector<std::string_view> words_of(std::string_view text) {
  static constexpr std::string_view kBlanks = " \t\n";
  std::vector<std::string_view> words;
  while (true) {
    const auto begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return words;
    text.remove_prefix(begin);
    words.push_back(text.substr(0, text.find_first_of(kBlanks)));
    text.remove_prefix(words.back().size());
  }
}

// The words of the first line that begins so, without that beginning.
std::optional<std::vector<std::string_view>> line_after(std::string_view text,
                                                        std::string_view begin) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.starts_with(begin)) return words_of(line.substr(begin.size()));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return std::nullopt;
}

// The fields of /proc/PID/stat that we need, under the numbers that proc(5) gives them.
struct Stat {
  std::uint64_t user_ticks, system_ticks, start_ticks, virtual_bytes, resident_pages;
};
std::optional<Stat> stat_of(std::string_view text) {
  // The second field, the program's name in parentheses, may hold anything.
  const auto name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  const auto words = words_of(text.substr(name_end + 1));
  const auto field = [&words](std::size_t number) -> std::optional<std::uint64_t> {
    static constexpr std::size_t kFirst = 3;
    if (number - kFirst >= words.size()) return std::nullopt;
    return number_in(words[number - kFirst]);
  };
  const auto user = field(14), system = field(15), start = field(22), size = field(23),
             resident = field(24);
  if (!user || !system || !start || !size || !resident) return std::nullopt;
  return Stat{*user, *system, *start, *size, *resident};
}

std::string text_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Without the one by which they are counted.
std::uint64_t count_open_fds() {
  std::error_code error;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end;
       at.increment(error)) {
    ++count;
  }
  return count > 0 ? count - 1 : 0;
}

}  // namespace

std::optional<ProcessFigures> parse_process(const ProcessTexts& texts, std::uint64_t open_fds,
                                            const SystemUnits& units) {
  const auto stat = stat_of(texts.stat);
  const auto booted = line_after(texts.system_stat, "btime");
  const auto files = line_after(texts.limits, "Max open files");
  if (!stat || !booted || booted->empty() || !files || files->empty()) return std::nullopt;
  const auto boot_time = number_in(booted->front());
  const auto max_fds = number_in(files->front());
  if (!boot_time || (!max_fds && files->front() != "unlimited")) return std::nullopt;
  const auto seconds = [&units](std::uint64_t ticks) {
    return static_cast<double>(ticks) / static_cast<double>(units.ticks_per_second);
  };
  ProcessFigures figures;
  figures.cpu_seconds = seconds(stat->user_ticks + stat->system_ticks);
  figures.resident_bytes = stat->resident_pages * units.page_bytes;
  figures.virtual_bytes = stat->virtual_bytes;
  figures.start_time = static_cast<double>(*boot_time) + seconds(stat->start_ticks);
  figures.open_fds = open_fds;
  figures.max_fds = max_fds;
  return figures;
}

std::optional<ProcessFigures> read_process() {
  const long ticks = ::sysconf(_SC_CLK_TCK), page = ::sysconf(_SC_PAGESIZE);
  if (ticks <= 0 || page <= 0) return std::nullopt;
  return parse_process(
      {text_of("/proc/self/stat"), text_of("/proc/self/limits"), text_of("/proc/stat")},
      count_open_fds(), {static_cast<std::uint64_t>(ticks), static_cast<std::uint64_t>(page)});
}

}  // namespace peerage::cmd
