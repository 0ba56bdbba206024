// The program's log: lines as a comet node writes them, for people or for programs.
//
// Plain, in local time, the message padded to 44 characters:
//   I[2026-11-21|10:15:00.250] Dialled a peer                               module=p2p id=6c8f
// Values that are not one plain word are quoted, as in a JSON string. Or JSON, an object to a line,
// its keys in alphabetical order, its numbers as numbers and its time in UTC:
//   {"_msg":"Dialled a peer","id":"6c8f","level":"info","module":"p2p","ts":"2026-11-21T..."}
//
// A record is one line and one write, whatever is in it. A thread of the log's own writes it
// (cmd/base/log_writer.h): a reader that does not read blocks nothing else. Lines that are lost
// that way are counted, and a line says how many as soon as the reader goes on.
//
// Source: comet v0.34 to v0.38, libs/log/tmfmt_logger.go, tm_json_logger.go.
// Threads: any. The sinks keep what they need of the log alive, but not the descriptor open. The
// last of them to go waits until all is written, LogWriter::kFlushLimit at most.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include <unistd.h>

#include "cmd/base/log_levels.h"
#include "conn/base/log.h"

namespace peerage::cmd {

class ProgramLog {
 public:
  using WallClock = std::function<std::chrono::system_clock::time_point()>;

  // `descriptor`: where to, not closed at the end. A comet node logs to standard output.
  ProgramLog(LogLevels levels, LogFormat format, int descriptor = STDOUT_FILENO,
             WallClock clock = std::chrono::system_clock::now);

  // For the part of the program with this name: "p2p", "pex", "addrbook", "main".
  std::shared_ptr<conn::LogSink> module(std::string_view name) const;

  // The levels from now on, also for existing sinks.
  void set_levels(LogLevels levels);

  // As LogWriter::flush.
  bool flush(std::chrono::milliseconds limit) const;

 private:
  struct Output;
  class Sink;
  std::shared_ptr<Output> output_;
};

// A record as a line, without its end.
std::string plain_line(std::string_view module, const conn::LogRecord& record,
                       std::chrono::system_clock::time_point time);
std::string json_line(std::string_view module, const conn::LogRecord& record,
                      std::chrono::system_clock::time_point time);

}  // namespace peerage::cmd
