#include "cmd/node/heartbeat.h"

#include <utility>

namespace peerage::cmd {

struct Heartbeat::State {
  conn::Shard& shard;
  conn::Duration interval;
  std::function<void()> beat;
  std::unique_ptr<conn::Timer> timer = nullptr;  // while it beats
};

Heartbeat::Heartbeat(conn::Shard& shard, conn::Duration interval, std::function<void()> beat)
    : state_(std::make_shared<State>(State{shard, interval, std::move(beat)})) {}

void Heartbeat::run(const std::shared_ptr<State>& state) {
  if (!state->timer) return;
  state->timer->arm(state->shard.now() + state->interval);
  state->beat();
}

void Heartbeat::start() {
  state_->shard.post([state = state_] {
    state->timer = state->shard.make_timer([weak = std::weak_ptr(state)] {
      if (const auto self = weak.lock()) run(self);
    });
    run(state);
  });
}

void Heartbeat::stop() {
  state_->shard.post([state = state_] { state->timer.reset(); });
}

}  // namespace peerage::cmd
