// A value that one thread publishes and any thread reads, neither ever waiting for the other.
//
// The value is immutable and shared. There are a few slots, one of them current; a reader marks the
// slot it looks at, checks that it still is the current one, and copies the pointer; the writer
// fills a slot that is not current and that no reader has marked. With more slots than readers can
// be caught in at once the writer finds one at the first look.
//
// Threads: publish() on one at a time; read() on any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <utility>

namespace peerage::p2p {

template <typename T>
class SnapshotCell {
 public:
  explicit SnapshotCell(std::shared_ptr<const T> first) { slots_[0].value = std::move(first); }

  std::shared_ptr<const T> read() const {
    while (true) {
      const std::size_t index = current_.load();
      Slot& slot = slots_[index];
      slot.readers.fetch_add(1);
      if (current_.load() == index) {
        std::shared_ptr<const T> value = slot.value;
        slot.readers.fetch_sub(1);
        return value;
      }
      slot.readers.fetch_sub(1);
    }
  }

  void publish(std::shared_ptr<const T> value) {
    const std::size_t current = current_.load();
    for (std::size_t next = (current + 1) % kSlots;; next = (next + 1) % kSlots) {
      if (next == current) {
        std::this_thread::yield();
        continue;
      }
      if (slots_[next].readers.load() != 0) continue;
      slots_[next].value = std::move(value);
      current_.store(next);
      forget_old(next);
      return;
    }
  }

 private:
  // Old values go now, but for one that is just being copied: that goes with the next publish.
  // A reader that marks a slot from now on sees that it is not the current one.
  void forget_old(std::size_t current) {
    for (std::size_t i = 0; i < kSlots; ++i) {
      if (i != current && slots_[i].readers.load() == 0) slots_[i].value.reset();
    }
  }

  static constexpr std::size_t kSlots = 8;
  struct Slot {
    std::atomic<std::size_t> readers = 0;
    std::shared_ptr<const T> value;
  };
  mutable std::array<Slot, kSlots> slots_;
  std::atomic<std::size_t> current_ = 0;
};

}  // namespace peerage::p2p
