#include "p2p/stop_latch.h"

#include <utility>

namespace peerage::p2p {

void StopLatch::keep(std::shared_ptr<const void> owner) {
  const std::lock_guard lock(mutex_);
  owner_ = std::move(owner);
}

void StopLatch::then(std::function<void()> done) {
  {
    const std::lock_guard lock(mutex_);
    if (!open_) {
      callbacks_.push_back(std::move(done));
      return;
    }
  }
  done();
}

void StopLatch::open() {
  // One may ask for another.
  while (!callbacks_.empty()) {
    for (const auto& done : std::exchange(callbacks_, {})) done();
  }
  std::shared_ptr<const void> owner;  // goes after the lock
  const std::lock_guard lock(mutex_);
  owner = std::exchange(owner_, nullptr);
  open_ = true;
  opened_.notify_all();
}

void StopLatch::wait(conn::Runtime& runtime) {
  {
    std::unique_lock lock(mutex_);
    // Looked at again and again, for a runtime that is stopped wakes no thread.
    while (!open_ && !runtime.stopped()) opened_.wait_for(lock, conn::kStoppedLook);
    if (open_) return;
  }
  if (!runtime.may_wait()) return;
  runtime.wait();  // what it had begun may be at work on the owner
  // Nobody has to live for what will not come. The caller has a share of its own.
  const std::lock_guard lock(mutex_);
  owner_.reset();
}

}  // namespace peerage::p2p
