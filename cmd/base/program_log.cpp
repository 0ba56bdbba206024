#include "cmd/base/program_log.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cstdint>
#include <ctime>
#include <mutex>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "cmd/base/log_writer.h"
#include "conn/base/bytes.h"
#include "conn/base/rfc3339.h"

namespace peerage::cmd {
namespace {

using conn::LogField;
using conn::LogLevel;
using conn::LogRecord;
using WallTime = std::chrono::system_clock::time_point;
using nlohmann::json;

constexpr std::size_t kMessageWidth = 44;
constexpr std::size_t kMaxMessage = 4096;  // bytes; of a message that is not ours
constexpr std::array kLevels = {LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error};

// "2026-11-21|10:15:00.250", in the machine's zone.
std::string plain_stamp(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t stamp = std::chrono::system_clock::to_time_t(seconds);
  std::tm parts{};
  ::localtime_r(&stamp, &parts);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d|%H:%M:%S.", &parts);
  const std::string milliseconds = std::to_string((time - seconds) / std::chrono::milliseconds(1));
  return std::string(text.data(), size) + std::string(3 - milliseconds.size(), '0') + milliseconds;
}

// Printable ASCII alone, and what is no UTF-8 replaced: safe for a terminal.
std::string as_json(const json& value) {
  return value.dump(-1, ' ', true, json::error_handler_t::replace);
}

// A JSON string unless it is one plain word.
std::string plain_value(std::string_view value) {
  const bool word = std::all_of(value.begin(), value.end(),
                                [](char c) { return c > ' ' && c < 0x7f && c != '=' && c != '"'; });
  if (word && value != "null") return std::string(value);
  return as_json(std::string(value));
}

std::string plain_key(std::string_view key) {
  std::string plain(key);
  std::replace_if(
      plain.begin(), plain.end(),
      [](char c) { return c <= ' ' || c >= 0x7f || c == '=' || c == '"'; }, '_');
  return plain.empty() ? "_" : plain;
}

// A number as one, whichever kind it is.
json value_json(const conn::LogValue& value) {
  if (value.kind() == conn::LogValue::Kind::number) {
    const json number = json::parse(value.text(), nullptr, false);
    if (number.is_number()) return number;
  }
  return value.text();
}

}  // namespace

std::string plain_line(std::string_view module, const LogRecord& record, WallTime time) {
  std::string line(1, static_cast<char>(std::toupper(
                          static_cast<unsigned char>(conn::name(record.level).front()))));
  std::string message = conn::printable(record.message, kMaxMessage);
  message.resize(std::max(message.size(), kMessageWidth), ' ');
  line += "[" + plain_stamp(time) + "] " + message + " module=" + plain_value(module);
  for (const LogField& field : record.fields) {
    line += " " + plain_key(field.key) + "=" + plain_value(field.value.text());
  }
  return line;
}

std::string json_line(std::string_view module, const LogRecord& record, WallTime time) {
  json line = {{"_msg", std::string(record.message)},
               {"level", std::string(conn::name(record.level))},
               {"module", std::string(module)},
               {"ts", conn::rfc3339_text(time)}};
  for (const LogField& field : record.fields) {
    std::string key(field.key);
    while (line.contains(key)) key += '_';  // nothing is overwritten
    line[key] = value_json(field.value);
  }
  return as_json(line);
}

struct ProgramLog::Output {
  Output(LogLevels wanted, LogFormat form, int descriptor, WallClock wall_clock)
      : format(form),
        clock(std::move(wall_clock)),
        levels(std::move(wanted)),
        writer(descriptor, [form, now = clock](std::size_t lines) {
          const std::array fields = {LogField{"lines", lines}};
          const LogRecord record{LogLevel::warn, "lines of the log were lost", fields};
          return line_of(form, "main", record, now());
        }) {}

  static std::string line_of(LogFormat form, std::string_view module, const LogRecord& record,
                             WallTime time) {
    return (form == LogFormat::json ? json_line(module, record, time)
                                    : plain_line(module, record, time)) +
           '\n';
  }

  const LogFormat format;
  const WallClock clock;

  std::mutex mutex;  // guards the levels
  LogLevels levels;
  // Goes up with each change of the levels.
  std::atomic<std::uint32_t> version = 0;

  LogWriter writer;
};

class ProgramLog::Sink final : public conn::LogSink {
 public:
  Sink(std::shared_ptr<Output> output, std::string_view name)
      : output_(std::move(output)), name_(name) {}

  void write(const LogRecord& record) noexcept override {
    if (!wants(record.level)) return;
    try {
      output_->writer.write(Output::line_of(output_->format, name_, record, output_->clock()));
    } catch (...) {  // NOLINT(bugprone-empty-catch): a line that cannot be written is lost
    }
  }

  bool wants(LogLevel level) const noexcept override {
    // Asked for every record: the levels are looked up when they change, not each time.
    const std::uint32_t version = output_->version.load(std::memory_order_acquire) + 1;
    std::uint64_t known = known_.load(std::memory_order_relaxed);
    if (known >> 32 != version) {
      known = std::uint64_t{version} << 32;
      const std::lock_guard lock(output_->mutex);
      for (const LogLevel each : kLevels) {
        if (output_->levels.wants(name_, each)) known |= 1u << static_cast<unsigned>(each);
      }
      known_.store(known, std::memory_order_relaxed);
    }
    return (known >> static_cast<unsigned>(level) & 1) != 0;
  }

 private:
  const std::shared_ptr<Output> output_;
  const std::string name_;
  // A version of the levels plus one, and below it a bit for each level.
  mutable std::atomic<std::uint64_t> known_ = 0;
};

ProgramLog::ProgramLog(LogLevels levels, LogFormat format, int descriptor, WallClock clock)
    : output_(std::make_shared<Output>(std::move(levels), format, descriptor, std::move(clock))) {}

std::shared_ptr<conn::LogSink> ProgramLog::module(std::string_view name) const {
  return std::make_shared<Sink>(output_, name);
}

void ProgramLog::set_levels(LogLevels levels) {
  const std::lock_guard lock(output_->mutex);
  output_->levels = std::move(levels);
  output_->version.fetch_add(1, std::memory_order_release);
}

bool ProgramLog::flush(std::chrono::milliseconds limit) const {
  return output_->writer.flush(limit);
}

}  // namespace peerage::cmd
