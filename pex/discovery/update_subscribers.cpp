#include "pex/discovery/update_subscribers.h"

#include <algorithm>
#include <utility>

namespace peerage::pex {

void UpdateSubscribers::hand_out(const std::vector<Update>& updates) {
  if (updates.empty()) return;
  std::erase_if(subscriptions_, [](const auto& each) { return each.expired(); });
  for (const auto& each : subscriptions_) {
    if (const auto subscription = each.lock()) hand_to(subscription, updates);
  }
}

void UpdateSubscribers::hand_to(const std::shared_ptr<UpdateSubscription>& subscription,
                                const std::vector<Update>& updates) {
  const std::size_t waiting = subscription->waiting_.load();
  const std::size_t room = subscription->limit_ - std::min(waiting, subscription->limit_);
  const std::size_t count = std::min(room, updates.size());
  subscription->lost_ += updates.size() - count;
  if (count == 0) return;
  subscription->waiting_ += count;
  const auto end = updates.begin() + static_cast<std::ptrdiff_t>(count);
  // The last reference to it goes on its own shard, or here, before its shard could run anything.
  subscription->shard_.post(
      [to = std::weak_ptr(subscription), taken = std::vector<Update>(updates.begin(), end)] {
        const auto there = to.lock();
        if (!there) return;
        there->waiting_ -= taken.size();
        there->on_updates_(taken);
      });
}

}  // namespace peerage::pex
