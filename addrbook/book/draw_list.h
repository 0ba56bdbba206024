// A set of small numbers from which one is drawn at random, in constant time for everything; eight
// bytes for each, and an eighth at most in vain.
//
// Threads: none of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace peerage::addrbook {

// Room for `member`. std::vector would double, and half of it may lie idle for good.
template <typename T>
void make_room_for(std::uint32_t member, std::vector<T>& by_member) {
  if (member < by_member.size()) return;
  const std::size_t wanted = std::size_t{member} + 1;
  if (wanted > by_member.capacity()) by_member.reserve(wanted + wanted / 8);
  by_member.resize(wanted);
}

class DrawList {
 public:
  void add(std::uint32_t member) {
    make_room_for(member, where_);
    if (where_[member].place != kNowhere) return;
    where_[member] = {static_cast<std::uint32_t>(members_.size())};
    make_room_for(where_[member].place, members_);
    members_.back() = member;
  }
  void remove(std::uint32_t member) {
    if (!contains(member)) return;
    swap(where_[member].place, members_.size() - 1);
    members_.pop_back();
    where_[member] = {};
  }
  bool contains(std::uint32_t member) const {
    return member < where_.size() && where_[member].place != kNowhere;
  }
  std::size_t size() const noexcept { return members_.size(); }
  std::uint32_t operator[](std::size_t index) const { return members_[index]; }
  // Changes the order, which has no meaning: so that what was drawn is not drawn again.
  void swap(std::size_t a, std::size_t b) {
    std::swap(members_[a], members_[b]);
    where_[members_[a]] = {static_cast<std::uint32_t>(a)};
    where_[members_[b]] = {static_cast<std::uint32_t>(b)};
  }
  void clear() {
    members_.clear();
    where_.clear();
  }

 private:
  static constexpr std::uint32_t kNowhere = std::numeric_limits<std::uint32_t>::max();
  struct Where {
    std::uint32_t place = kNowhere;
  };
  std::vector<std::uint32_t> members_;
  std::vector<Where> where_;  // by member
};

}  // namespace peerage::addrbook
