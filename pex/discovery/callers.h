// Who waits for what a node answers: at most `limit` at a time. Threads: none of its own.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "conn/base/failure.h"
#include "pex/discovery/protocol_state.h"

namespace peerage::pex {

template <typename Answer>
class Callers {
 public:
  using Then = std::function<void(conn::Result<Answer>, DiscoveryTime)>;
  struct Caller {
    Then then;
  };

  explicit Callers(std::size_t limit) : limit_(limit) {}

  bool full() const noexcept { return waiting_.size() >= limit_; }
  // There is room.
  void add(const EnodeId& id, Then then) { waiting_.emplace(id, Caller{std::move(then)}); }
  std::vector<Caller> take(const EnodeId& id) {
    const auto [first, last] = waiting_.equal_range(id);
    return take(first, last);
  }
  std::vector<Caller> take_all() { return take(waiting_.begin(), waiting_.end()); }

 private:
  using Map = std::multimap<EnodeId, Caller>;
  std::vector<Caller> take(typename Map::iterator first, typename Map::iterator last) {
    std::vector<Caller> taken;
    for (auto at = first; at != last; ++at) taken.push_back(std::move(at->second));
    waiting_.erase(first, last);
    return taken;
  }

  std::size_t limit_;
  Map waiting_;
};

}  // namespace peerage::pex
