// How often something happened lately, by key: each time counts as one at first, and fades with a
// time constant, as e^-1 after that time. So a key is a number and a time, however often it comes,
// and no flood of one key washes out what is known of another.
//
// Bounded: `most` keys. The one with the smallest count is forgotten first; and all at kForgotten,
// which is three time constants after a single one.
//
// Threads: none of its own.
#pragma once

#include <chrono>
#include <cmath>
#include <cstddef>
#include <map>
#include <set>
#include <utility>

#include "conn/base/time.h"

namespace peerage::p2p {

template <typename Key>
class FadingCounts {
 public:
  static constexpr double kForgotten = 0.05;

  FadingCounts(std::size_t most, conn::Duration memory) : most_(most), memory_(memory) {}

  void add(const Key& key, double amount, conn::TimePoint now) {
    if (amount <= 0) return;
    const auto [entry, is_new] = marks_.try_emplace(key);
    if (!is_new) {
      amount += count_of(entry->second, now);
      order_.erase({entry->second, key});
    }
    entry->second = std::log(amount) + memories(now);
    order_.emplace(entry->second, key);
    while (order_.size() > most_ || count_of(order_.begin()->first, now) < kForgotten) {
      marks_.erase(order_.begin()->second);
      order_.erase(order_.begin());
      if (order_.empty()) return;
    }
  }
  // 0 or more, not whole.
  double count(const Key& key, conn::TimePoint now) const {
    const auto found = marks_.find(key);
    return found == marks_.end() ? 0 : count_of(found->second, now);
  }
  std::size_t size() const noexcept { return marks_.size(); }

 private:
  // The logarithm of the count, had it grown by as much as it fades since the clock's zero. It does
  // not change while nothing is added, so that marks are in order for good.
  using Mark = double;
  double memories(conn::TimePoint now) const {
    using Span = std::chrono::duration<double>;
    return Span(now.time_since_epoch()) / Span(memory_);
  }
  double count_of(Mark mark, conn::TimePoint now) const { return std::exp(mark - memories(now)); }

  std::size_t most_;
  conn::Duration memory_;
  std::map<Key, Mark> marks_;
  std::set<std::pair<Mark, Key>> order_;  // the same, the smallest count first
};

}  // namespace peerage::p2p
