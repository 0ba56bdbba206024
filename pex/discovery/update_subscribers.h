// Whoever listens to updates, each on its own shard, with a bound of its own: one that does not
// keep up loses the newest, which is counted, and holds nobody up.
//
// Threads: the control shard; a subscription is dropped on the subscriber's own shard.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "conn/runtime/runtime.h"
#include "pex/discovery/update.h"

namespace peerage::pex {

// Dropping it ends what it stands for: from then on nothing comes.
class UpdateSubscription {
 public:
  using OnUpdates = std::function<void(const std::vector<Update>&)>;
  // `on_updates` runs on `shard`; `limit` updates may wait for it.
  UpdateSubscription(conn::Shard& shard, std::size_t limit, OnUpdates on_updates)
      : shard_(shard), limit_(limit), on_updates_(std::move(on_updates)) {}

  std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

 private:
  friend class UpdateSubscribers;
  conn::Shard& shard_;
  const std::size_t limit_;
  const OnUpdates on_updates_;
  std::atomic<std::size_t> waiting_{0};
  std::atomic<std::uint64_t> lost_{0};
};

class UpdateSubscribers {
 public:
  void add(const std::shared_ptr<UpdateSubscription>& subscription) {
    subscriptions_.push_back(subscription);
  }
  void hand_out(const std::vector<Update>& updates);
  std::size_t size() const noexcept { return subscriptions_.size(); }

 private:
  static void hand_to(const std::shared_ptr<UpdateSubscription>& subscription,
                      const std::vector<Update>& updates);
  std::vector<std::weak_ptr<UpdateSubscription>> subscriptions_;
};

}  // namespace peerage::pex
