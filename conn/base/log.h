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

#include <concepts>
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

// What a field says: a text or a number, which a sink whose form has numbers writes as one. A
// duration is a number, of the unit that its key ends with: "lasted_ms".
class LogValue {
 public:
  enum class Kind : std::uint8_t { text, number };

  // NOLINTBEGIN(google-explicit-constructor): a value is one
  LogValue(std::string text) : text_(std::move(text)) {}
  LogValue(const char* text) : text_(text) {}
  template <std::integral Number>
  requires(!std::same_as<Number, bool> && !std::same_as<Number, char>) LogValue(Number number)
      : text_(std::to_string(number)), kind_(Kind::number) {}
  // NOLINTEND(google-explicit-constructor)

  const std::string& text() const noexcept { return text_; }
  Kind kind() const noexcept { return kind_; }
  bool operator==(const LogValue&) const = default;

 private:
  std::string text_;
  Kind kind_ = Kind::text;
};

struct LogField {
  std::string_view key;
  LogValue value;
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
