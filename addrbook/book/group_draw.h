// A set of small numbers, each in a group, from which a group is drawn at random: in constant time,
// however many groups there are. Twelve bytes for a member, and some forty for a group.
//
// A draw without repetition is a walk in which the next group changes places with any that is not
// behind it (swap_groups): the order has no meaning.
//
// Threads: none of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "addrbook/book/draw_list.h"
#include "addrbook/book/index_table.h"
#include "conn/base/keyed_hash.h"

namespace peerage::addrbook {

class GroupDraw {
 public:
  using Slot = std::uint32_t;  // of a group, for as long as it has members

  // Keyed, because strangers choose the groups.
  explicit GroupDraw(const conn::KeyedHash& hash) : hash_(hash) {}

  // A member stays in the group that it was added to first.
  void add(std::uint64_t group, std::uint32_t member);
  void remove(std::uint32_t member);
  bool contains(std::uint32_t member) const {
    return member < links_.size() && links_[member].slot != kNone;
  }
  void clear();

  std::size_t groups() const noexcept { return slots_.size(); }
  Slot nth(std::size_t n) const { return slots_[n]; }
  std::optional<Slot> find(std::uint64_t group) const;
  void swap_groups(std::size_t a, std::size_t b) { slots_.swap(a, b); }

  // The members of a group; the set must not change meanwhile.
  template <typename Visit>
  void for_each(Slot slot, const Visit& visit) const {
    for (auto each = groups_[slot].first; each != kNone; each = links_[each].next) visit(each);
  }

 private:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  struct Group {
    std::uint64_t group = 0;
    std::uint32_t first = kNone;
  };
  struct Link {
    Slot slot = kNone;
    std::uint32_t before = kNone;
    std::uint32_t next = kNone;
  };
  std::size_t hash_of(std::uint64_t group) const;
  Slot new_slot(std::uint64_t group);

  conn::KeyedHash hash_;
  std::vector<Group> groups_;  // by slot
  DrawList slots_;             // that have members
  std::vector<Slot> free_;     // that have none
  IndexTable by_group_;
  std::vector<Link> links_;  // by member
};

}  // namespace peerage::addrbook
