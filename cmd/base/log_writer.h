// Writes lines to a descriptor from a thread of its own, so that no thread that logs waits for
// the reader: a pipe that is not read, a terminal after Ctrl-S, a disk that hangs.
//
// `write` never blocks on the descriptor: what waits is bounded (cmd/base/log_queue.h), and lines
// that there was no room for, or that could not be written (a full disk, a reader that has gone),
// are counted and told of as soon as there is one that can be. A line is one write.
//
// The thread may hang in write(2) for ever, so it is not joined: what it uses it shares with the
// writer, and outlives it when it hangs. The destructor waits for what is queued, kFlushLimit at
// most, and drops the rest: a log that stalls does not keep the process from ending. The descriptor
// stays open until the process ends.
//
// Threads: any.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace peerage::cmd {

class LogWriter {
 public:
  static constexpr std::chrono::milliseconds kFlushLimit{500};

  // `loss` makes the line that says how many were lost; called on the writer's thread.
  using LossLine = std::function<std::string(std::size_t lines)>;
  LogWriter(int descriptor, LossLine loss);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // With its end of line.
  void write(std::string line);
  // Waits until everything has been written or lost; false when it takes longer than `limit`.
  bool flush(std::chrono::milliseconds limit);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace peerage::cmd
