// Logging: what the library has to say, handed to a sink of the host's.
//
// A record is a level, a short message and named fields; the sink decides on form and place (an
// adapter to spdlog stands in p2p/spdlog_sink.h). Levels: info is what an operator acts on.
//
// A Log is for what the node itself and its operator do. What others cause, as often as they like,
// goes through a PeerLog (conn/runtime/peer_log.h), which bounds it. There is no third way to a
// sink.
//
// Threads: sinks are called from any thread and must not block for long; a Log is for any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace peerage::conn {

enum class LogLevel : std::uint8_t { debug, info, warn, error };
std::string_view name(LogLevel level) noexcept;

struct LogField {
  std::string_view key;
  std::string value;
};

struct LogRecord {
  LogLevel level = LogLevel::info;
  std::string_view message;
  std::span<const LogField> fields;
};

class LogSink {
 public:
  virtual ~LogSink() = default;
  // Whether records of this level are wanted: those that are not are not even made.
  virtual bool wants(LogLevel) const noexcept { return true; }

 private:
  friend class Log;
  // Nothing in the record outlives the call.
  virtual void write(const LogRecord& record) noexcept = 0;
};

// One module's way to the sink; copies share it.
class Log {
 public:
  // Without a sink nothing is logged.
  explicit Log(std::shared_ptr<LogSink> sink) : sink_(std::move(sink)) {}

  bool wants(LogLevel level) const noexcept { return sink_ && sink_->wants(level); }
  void write(LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields = {}) const noexcept {
    write(level, message, std::span(fields.begin(), fields.size()));
  }
  void write(LogLevel level, std::string_view message,
             std::span<const LogField> fields) const noexcept;

 private:
  std::shared_ptr<LogSink> sink_;
};

}  // namespace peerage::conn
