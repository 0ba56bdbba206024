// What waits until a deadline, by a key: at most `limit` at a time.
//
// A newcomer beyond that is refused.
// Threads: none of its own. Pointers are valid until the entry goes.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "conn/base/time.h"

namespace peerage::pex {

template <typename Key, typename Value>
class Waiting {
 public:
  explicit Waiting(std::size_t limit) : limit_(limit) {}

  std::size_t size() const noexcept { return entries_.size(); }
  bool full() const noexcept { return entries_.size() >= limit_; }

  // Null when there is none.
  Value* find(const Key& key) {
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second.value;
  }
  bool contains(const Key& key) const { return entries_.contains(key); }

  // In the place of the key's earlier value, if there was one. Null: it is full.
  Value* add(const Key& key, Value value, conn::TimePoint until) {
    erase(key);
    if (full()) return nullptr;
    by_deadline_.emplace(until, key);
    return &entries_.emplace(key, Entry{std::move(value), until}).first->second.value;
  }
  void set_deadline(const Key& key, conn::TimePoint until) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    by_deadline_.erase({found->second.until, key});
    found->second.until = until;
    by_deadline_.emplace(until, key);
  }
  // By value: the key is often a part of what is erased.
  std::optional<Value> take(Key key) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return std::nullopt;
    by_deadline_.erase({found->second.until, key});
    std::optional<Value> taken(std::move(found->second.value));
    entries_.erase(found);
    return taken;
  }
  void erase(Key key) { take(std::move(key)); }

  std::optional<conn::TimePoint> next_deadline() const {
    if (by_deadline_.empty()) return std::nullopt;
    return by_deadline_.begin()->first;
  }
  // One whose time is up; it stays.
  std::optional<Key> next_over(conn::TimePoint now) const {
    if (by_deadline_.empty() || by_deadline_.begin()->first > now) return std::nullopt;
    return by_deadline_.begin()->second;
  }
  // The same; it goes.
  std::optional<std::pair<Key, Value>> take_over(conn::TimePoint now) {
    if (by_deadline_.empty() || by_deadline_.begin()->first > now) return std::nullopt;
    const Key key = by_deadline_.begin()->second;
    return std::pair<Key, Value>(key, *take(key));
  }

 private:
  struct Entry {
    Value value;
    conn::TimePoint until;
  };
  std::size_t limit_;
  std::map<Key, Entry> entries_;
  std::set<std::pair<conn::TimePoint, Key>> by_deadline_;
};

}  // namespace peerage::pex
