#include "cmd/base/log_queue.h"

#include <utility>

namespace peerage::cmd {

void LogQueue::push(std::string line) {
  bytes_ += line.size();
  lines_.push_back(std::move(line));
  while (bytes_ > max_bytes_) {
    bytes_ -= lines_.front().size();
    lines_.pop_front();
    ++lost_;
  }
}

LogQueue::Next LogQueue::pop() {
  Next next{std::exchange(lost_, 0), std::move(lines_.front())};
  lines_.pop_front();
  bytes_ -= next.line.size();
  return next;
}

void LogQueue::clear() noexcept {
  lines_.clear();
  bytes_ = lost_ = 0;
}

}  // namespace peerage::cmd
