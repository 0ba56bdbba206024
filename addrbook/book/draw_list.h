// A set of small numbers from which one is drawn at random, in constant time for everything.
//
// Threads: none of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace peerage::addrbook {

class DrawList {
 public:
  void add(std::uint32_t member) {
    if (member >= where_.size()) where_.resize(member + 1, kNowhere);
    if (where_[member] != kNowhere) return;
    where_[member] = static_cast<std::uint32_t>(members_.size());
    members_.push_back(member);
  }
  void remove(std::uint32_t member) {
    if (!contains(member)) return;
    swap(where_[member], members_.size() - 1);
    members_.pop_back();
    where_[member] = kNowhere;
  }
  bool contains(std::uint32_t member) const {
    return member < where_.size() && where_[member] != kNowhere;
  }
  std::size_t size() const noexcept { return members_.size(); }
  std::uint32_t operator[](std::size_t index) const { return members_[index]; }
  // Changes the order, which has no meaning: so that what was drawn is not drawn again.
  void swap(std::size_t a, std::size_t b) {
    std::swap(members_[a], members_[b]);
    where_[members_[a]] = static_cast<std::uint32_t>(a);
    where_[members_[b]] = static_cast<std::uint32_t>(b);
  }
  void clear() {
    members_.clear();
    where_.clear();
  }

 private:
  static constexpr std::uint32_t kNowhere = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> members_;
  std::vector<std::uint32_t> where_;  // by member
};

}  // namespace peerage::addrbook
