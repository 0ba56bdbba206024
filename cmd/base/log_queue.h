// Lines of a log that wait to be written, bounded: what a reader that does not read cannot make us
// keep.
//
// When there is no room for one more line, the oldest go, because what happened last is what an
// operator looks for. Where some went the writer is told how many, just before the line that
// followed them.
//
// Threads: plain value, none. Source of the rule: spdlog's `overrun_oldest`.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

namespace peerage::cmd {

class LogQueue {
 public:
  // Bytes of all lines that wait; about 5 000 lines.
  static constexpr std::size_t kMaxBytes = std::size_t{1} << 20;

  struct Next {
    std::size_t lost_before = 0;
    std::string line;
  };

  explicit LogQueue(std::size_t max_bytes = kMaxBytes) : max_bytes_(max_bytes) {}

  void push(std::string line);
  // Only when it is not empty.
  Next pop();
  // A line that was taken could not be written: it counts as those that there was no room for.
  void count_lost(std::size_t lines) noexcept { lost_ += lines; }

  void clear() noexcept;

  bool empty() const noexcept { return lines_.empty(); }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  const std::size_t max_bytes_;
  std::deque<std::string> lines_;
  std::size_t bytes_ = 0;  // of lines_
  std::size_t lost_ = 0;   // before the first of lines_
};

}  // namespace peerage::cmd
