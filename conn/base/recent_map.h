// A map that remembers a bounded number of keys: the one that was longest unused makes room.
//
// For what we hold against hosts that we may never see again.
// Threads: none of its own.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <utility>

namespace peerage::conn {

template <typename Key, typename Value>
class RecentMap {
 public:
  // At least one.
  explicit RecentMap(std::size_t limit) : limit_(limit) {}

  // The value of `key`, used now; made by `make()` when there is none. Valid until the next call.
  template <typename Make>
  Value& use(const Key& key, Make make) {
    if (Value* found = use(key)) return *found;
    if (by_key_.size() >= limit_) {
      by_key_.erase(entries_.front().first);
      entries_.pop_front();
    }
    entries_.emplace_back(key, make());
    by_key_.emplace(key, std::prev(entries_.end()));
    return entries_.back().second;
  }
  // Null when there is none.
  Value* use(const Key& key) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    entries_.splice(entries_.end(), entries_, found->second);
    return &found->second->second;
  }
  // The same without counting as a use.
  const Value* find(const Key& key) const {
    const auto found = by_key_.find(key);
    return found == by_key_.end() ? nullptr : &found->second->second;
  }
  void erase(const Key& key) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return;
    entries_.erase(found->second);
    by_key_.erase(found);
  }
  std::size_t size() const noexcept { return by_key_.size(); }

 private:
  using Entries = std::list<std::pair<Key, Value>>;  // the longest unused first
  std::size_t limit_;
  Entries entries_;
  std::map<Key, typename Entries::iterator> by_key_;
};

}  // namespace peerage::conn
