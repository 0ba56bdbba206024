// The memory that half-received messages of all peers may hold together. When it is used up, the
// peer that holds most of it is evicted.
//
// A holder reports its size in coarse steps (kStep), and takes the lock only for a new one. When
// the total would pass the limit, the largest holder is evicted; its share counts as free from that
// moment, and its owner releases the memory as soon as its shard runs.
//
// Invariant: the sum of granted sizes never exceeds the limit, but for evicted holders that have
// not run yet. Threads: all methods on any. `on_evict` runs on the thread of the holder that asked
// for memory, with no lock held, possibly while the evicted holder is being destroyed: it must only
// post to its own shard, and own what it needs for that.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "conn/base/limits.h"

namespace peerage::conn {

class ReassemblyBudget {
  struct Books;

 public:
  static constexpr std::size_t kStep = 64u << 10;

  explicit ReassemblyBudget(std::size_t limit_bytes = kTotalReassemblyBytes);
  ReassemblyBudget(const ReassemblyBudget&) = delete;
  ReassemblyBudget& operator=(const ReassemblyBudget&) = delete;

  // One peer's account. It may outlive the budget, as a peer that is kept outlives its switch.
  class Holder {
   public:
    explicit Holder(ReassemblyBudget& budget) : books_(budget.books_) {}
    ~Holder();
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;

    // Called when this holder is evicted. Set it before the first resize().
    void set_on_evict(std::function<void()> on_evict) { on_evict_ = std::move(on_evict); }

    // Reports that `bytes` are held now. False: this peer is evicted.
    bool resize(std::size_t bytes);

   private:
    friend struct Books;
    const std::shared_ptr<Books> books_;
    std::function<void()> on_evict_;
    // A multiple of kStep. Written with the budget's mutex held.
    std::atomic<std::size_t> granted_ = 0;
    bool evicted_ = false;  // guarded by the budget's mutex
  };

  std::size_t held_bytes() const;

 private:
  // What the budget and its holders share.
  struct Books {
    std::mutex mutex;  // guards what follows
    std::size_t limit = 0;
    std::size_t held = 0;
    std::multimap<std::size_t, Holder*> by_size;  // only those that hold something
    void move(Holder& holder, std::size_t granted);
  };
  const std::shared_ptr<Books> books_;
};

}  // namespace peerage::conn
