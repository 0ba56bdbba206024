// Logging: what the library has to say, handed to a sink of the host's.
//
// A record is a level, a short message and named fields; the sink decides on form and place (an
// adapter to spdlog stands in p2p/spdlog_sink.h). Levels: info is what an operator acts on; what a
// peer causes is debug, or warn when limits had to be used. Values that came from a peer are made
// printable by whoever logs them.
//
// What peers cause is rate-limited here: one line a second for a peer and 20 in all; how many lines
// were held back is said with the next one.
//
// Threads: sinks are called from any thread and must not block for long; Log is for any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "conn/node_id.h"
#include "conn/runtime.h"
#include "conn/token_bucket.h"

namespace peerage::p2p {

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
  // Nothing in the record outlives the call.
  virtual void write(const LogRecord& record) noexcept = 0;
  // Whether records of this level are wanted: those that are not are not even made.
  virtual bool wants(LogLevel) const noexcept { return true; }
};

class Log {
 public:
  // Without a sink nothing is logged.
  explicit Log(std::shared_ptr<LogSink> sink, conn::TimePoint now);

  bool wants(LogLevel level) const noexcept { return sink_ && sink_->wants(level); }
  void write(LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields = {}) noexcept;
  // What `peer` caused.
  void write_about(const conn::NodeId& peer, conn::TimePoint now, LogLevel level,
                   std::string_view message, std::initializer_list<LogField> fields) noexcept;

 private:
  static constexpr std::size_t kMaxPeers = 1024;

  const std::shared_ptr<LogSink> sink_;
  std::mutex mutex_;  // guards what follows
  conn::TokenBucket all_;
  std::map<conn::NodeId, conn::TokenBucket> by_peer_;
  std::uint64_t held_back_ = 0;
};

}  // namespace peerage::p2p
