#include "cmd/ctl/gone_watch.h"

#include <utility>

#include "conn/runtime/shard_owned.h"

namespace peerage::cmd {

void GoneWatch::when_gone(p2p::PeerPtr peer, std::function<void()> then) {
  control_.post([weak = weak_from_this(), peer = std::move(peer), then = std::move(then)] {
    const auto self = weak.lock();
    if (!self) return;
    self->leaving_.push_back({peer, self->control_.now() + kLongest, then});
    self->look();
  });
}

bool GoneWatch::is_gone(const Leaving& leaving) const {
  const p2p::PeerPtr now = switch_.find_peer(leaving.peer->id());
  return !now || now->link() != leaving.peer->link() || control_.now() >= leaving.until;
}

void GoneWatch::look() {
  std::vector<Leaving> stay;
  std::vector<std::function<void()>> told;
  for (Leaving& each : leaving_) {
    if (is_gone(each)) {
      told.push_back(std::move(each.then));
    } else {
      stay.push_back(std::move(each));
    }
  }
  leaving_ = std::move(stay);
  if (!leaving_.empty()) {
    if (!timer_) {
      timer_ = conn::shard_owned(control_, control_.make_timer([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->look();
      }));
    }
    timer_->arm(control_.now() + kPause);
  }
  for (const auto& then : told) then();  // last: they may end everything
}

}  // namespace peerage::cmd
