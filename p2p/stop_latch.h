// Who waits for a switch to have stopped: callbacks, threads, and the switch itself, which may be
// let go of meanwhile and has to live until then.
//
// It opens once and stays open.
//
// Threads: `wait` on any that may wait; everything else on the control shard.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "conn/runtime/runtime.h"

namespace peerage::p2p {

class StopLatch {
 public:
  // From now on until it opens, `owner` lives; the latch may be a part of it.
  void keep(std::shared_ptr<const void> owner);
  // `done` runs when it opens; at once if it is open.
  void then(std::function<void()> done);
  // Runs the callbacks, wakes the threads, and then lets the owner go, which may be the end of the
  // latch. Once.
  void open();
  // Waits until it is open, or the runtime has stopped: then nothing opens it any more.
  void wait(conn::Runtime& runtime);

 private:
  std::vector<std::function<void()>> callbacks_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable opened_;
  bool open_ = false;
  std::shared_ptr<const void> owner_;
};

}  // namespace peerage::p2p
