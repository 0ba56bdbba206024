// The way to a log for everything that others cause: peers, nodes that want to be, hosts.
//
// They decide how often such things happen, so each line goes through a limiter
// (conn/runtime/log_limiter.h): above debug there are at most 60 lines and 256 KiB in any minute,
// whatever they do. A line says in `held_back` how many of its own kind were not written since the
// last one of the kind; no line of another kind is lost for it.
//
// Values are made printable here, and what is too long is cut: a line has at most kMaxText bytes
// of text, to which a sink adds the time and quotes, twice that if every character is escaped.
//
// Threads: any; copies share the limiter.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "conn/address/ip_address.h"
#include "conn/address/node_id.h"
#include "conn/base/log.h"
#include "conn/base/time.h"

namespace peerage::conn {

// The kind of an event, and the line's message: a literal of the program, never a peer's text.
class PeerEvent {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a literal is one
  consteval PeerEvent(const char* literal) : text_(literal) {}
  std::string_view text() const noexcept { return text_; }

 private:
  std::string_view text_;
};

class PeerLog {
 public:
  static constexpr std::size_t kMaxText = 1024;  // of a line: the message, keys and values
  static constexpr std::size_t kMaxValue = 320;  // of one value

  // With a limiter of its own. Without a sink nothing is logged.
  explicit PeerLog(std::shared_ptr<LogSink> sink);
  // For another module of the same node: the same limiter, and so the same bounds for both.
  PeerLog with_sink(std::shared_ptr<LogSink> sink) const;

  // A line about `peer`, with the field `peer` before the others. What the sink does not want is
  // not counted.
  void write(const NodeId& peer, TimePoint now, LogLevel level, PeerEvent event,
             std::initializer_list<LogField> fields) const noexcept;
  // The same about one that has proved no ID; the first field is `from`.
  void write(const IpAddress& from, TimePoint now, LogLevel level, PeerEvent event,
             std::initializer_list<LogField> fields) const noexcept;

  bool wants(LogLevel level) const noexcept { return log_.wants(level); }
  // Lines that were not written, of all kinds, since the beginning.
  std::uint64_t held_back() const;

 private:
  struct Limiter;
  PeerLog(std::shared_ptr<LogSink> sink, std::shared_ptr<Limiter> limiter);
  template <typename Subject>
  void write_about(std::string_view key, const Subject& subject, TimePoint now, LogLevel level,
                   PeerEvent event, std::initializer_list<LogField> fields) const;

  Log log_;
  std::shared_ptr<Limiter> limiter_;
};

}  // namespace peerage::conn
