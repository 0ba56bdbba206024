// Signs of life for a supervisor, given by a shard itself: one that hangs gives none, whatever the
// other threads do.
//
// Threads: made anywhere; start() and stop() on any thread, `beat` runs on the shard.
#pragma once

#include <functional>
#include <memory>

#include "conn/runtime/runtime.h"

namespace peerage::cmd {

class Heartbeat {
 public:
  // `shard` must outlive it.
  Heartbeat(conn::Shard& shard, conn::Duration interval, std::function<void()> beat);
  // At once, and then each `interval`, for as long as the shard runs its tasks.
  void start();
  void stop();

 private:
  struct State;
  static void run(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;  // its timer is the shard's
};

}  // namespace peerage::cmd
