#include "cmd/base/log_writer.h"

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include <poll.h>
#include <unistd.h>

#include "cmd/base/log_queue.h"

namespace peerage::cmd {
namespace {

// False when the descriptor takes no more of this line.
bool write_line(int descriptor, std::string_view line) noexcept {
  while (!line.empty()) {
    const ssize_t count = ::write(descriptor, line.data(), line.size());
    if (count > 0) {
      line.remove_prefix(static_cast<std::size_t>(count));
    } else if (count < 0 && errno == EAGAIN) {
      pollfd room{descriptor, POLLOUT, 0};
      (void)::poll(&room, 1, -1);
    } else if (count == 0 || errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace

struct LogWriter::State {
  State(int to, LossLine loss_line) : descriptor(to), loss(std::move(loss_line)) {}

  void run() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return ending || !queue.empty(); });
      if (queue.empty()) return;
      const LogQueue::Next next = queue.pop();
      writing = true;
      lock.unlock();
      const std::size_t lost = put(next);
      lock.lock();
      queue.count_lost(lost);
      writing = false;
      changed.notify_all();
    }
  }

  // How many lines are still to be told of as lost.
  std::size_t put(const LogQueue::Next& next) noexcept {
    std::size_t lost = next.lost_before;
    try {
      if (lost > 0 && write_line(descriptor, loss(lost))) lost = 0;
    } catch (...) {  // NOLINT(bugprone-empty-catch): no memory; it is said with the next line
    }
    return write_line(descriptor, next.line) ? lost : lost + 1;
  }

  const int descriptor;
  const LossLine loss;
  std::mutex mutex;  // guards what follows
  std::condition_variable changed;
  LogQueue queue;
  bool writing = false;
  bool ending = false;
};

LogWriter::LogWriter(int descriptor, LossLine loss)
    : state_(std::make_shared<State>(descriptor, std::move(loss))) {
  std::thread([state = state_] { state->run(); }).detach();
}

LogWriter::~LogWriter() {
  flush(kFlushLimit);
  const std::lock_guard lock(state_->mutex);
  state_->ending = true;
  state_->queue.clear();
  state_->changed.notify_all();
}

void LogWriter::write(std::string line) {
  const std::lock_guard lock(state_->mutex);
  state_->queue.push(std::move(line));
  state_->changed.notify_all();
}

bool LogWriter::flush(std::chrono::milliseconds limit) {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, limit,
                                  [this] { return state_->queue.empty() && !state_->writing; });
}

}  // namespace peerage::cmd
