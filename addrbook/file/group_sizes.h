// How many rows each source group has, and which group has the most: where room is short, it is
// that group that gives way (spec/addressbook.md, "Provenance").
//
// Ordered trees, because the numbers of the groups may come from a forged file.
//
// Threads: none of its own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

namespace peerage::addrbook {

class GroupSizes {
 public:
  struct Group {
    std::uint64_t group = 0;
    std::int64_t rows = 0;
  };

  // `rows` more, or fewer when it is negative; never fewer than none. Returns how many it was.
  std::int64_t add(std::uint64_t group, std::int64_t rows) {
    const auto known = rows_.find(group);
    const std::int64_t before = known == rows_.end() ? 0 : known->second;
    const std::int64_t after = std::max<std::int64_t>(before + rows, 0);
    if (after == before) return 0;
    if (before > 0) by_size_.erase({before, group});
    if (after > 0) {
      by_size_.emplace(after, group);
      rows_.insert_or_assign(group, after);
    } else {
      rows_.erase(known);
    }
    total_ += after - before;
    return after - before;
  }

  std::int64_t of(std::uint64_t group) const {
    const auto known = rows_.find(group);
    return known == rows_.end() ? 0 : known->second;
  }
  std::int64_t total() const noexcept { return total_; }
  // One of them, of those that are equal; without rows when there is no group.
  Group largest() const {
    if (by_size_.empty()) return {};
    const auto [rows, group] = *by_size_.rbegin();
    return {group, rows};
  }

 private:
  std::map<std::uint64_t, std::int64_t> rows_;  // of each group that has any
  std::set<std::pair<std::int64_t, std::uint64_t>> by_size_;
  std::int64_t total_ = 0;
};

}  // namespace peerage::addrbook
