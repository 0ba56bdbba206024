// Where the entries of a key are: an open-addressing multimap from hashes to entry numbers, eight
// bytes for each and a quarter to five eighths of all free. The keys are in the entries alone, so
// the caller compares them there; a lookup in vain ends at the first free slot, mostly without
// reading an entry.
//
// Few entries may have the same key: all of them lie in one run, which each operation walks. The
// hash must be keyed where an adversary chooses the keys (conn/base/keyed_hash.h).
//
// Threads: none of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace peerage::addrbook {

class IndexTable {
 public:
  using Index = std::uint32_t;  // any but the largest

  void insert(std::size_t hash, Index index) {
    if (4 * (size_ + 1) > 3 * slots_.size()) grow();
    ++size_;
    place({static_cast<std::uint32_t>(hash), index});
  }

  // It must be in here.
  void remove(std::size_t hash, Index index) {
    std::size_t hole = home(static_cast<std::uint32_t>(hash));
    while (slots_[hole].index != index) hole = next(hole);
    --size_;
    // Those behind the hole move up, or a lookup would end there.
    for (std::size_t i = next(hole); slots_[i].index != kFree; i = next(i)) {
      const std::size_t way_from_home = (i - home(slots_[i].hash)) & (slots_.size() - 1);
      const std::size_t way_from_hole = (i - hole) & (slots_.size() - 1);
      if (way_from_home < way_from_hole) continue;
      slots_[hole] = slots_[i];
      hole = i;
    }
    slots_[hole] = {};
  }

  // The first of those that may have a key of this hash for which `is_it` says true.
  template <typename IsIt>
  std::optional<Index> find(std::size_t hash, const IsIt& is_it) const {
    if (slots_.empty()) return std::nullopt;
    const auto sought = static_cast<std::uint32_t>(hash);
    for (std::size_t i = home(sought); slots_[i].index != kFree; i = next(i)) {
      if (slots_[i].hash == sought && is_it(slots_[i].index)) return slots_[i].index;
    }
    return std::nullopt;
  }
  // All that may have a key of this hash; the table must not change meanwhile.
  template <typename Visit>
  void for_each(std::size_t hash, const Visit& visit) const {
    (void)find(hash, [&visit](Index index) {
      visit(index);
      return false;
    });
  }

  std::size_t size() const noexcept { return size_; }
  void clear() {
    slots_.clear();
    size_ = 0;
  }

 private:
  static constexpr Index kFree = std::numeric_limits<Index>::max();
  struct Slot {
    std::uint32_t hash = 0;
    Index index = kFree;
  };

  std::size_t home(std::uint32_t hash) const { return hash & (slots_.size() - 1); }
  std::size_t next(std::size_t i) const { return (i + 1) & (slots_.size() - 1); }
  void place(const Slot& slot) {
    std::size_t i = home(slot.hash);
    while (slots_[i].index != kFree) i = next(i);
    slots_[i] = slot;
  }
  void grow() {
    std::vector<Slot> old(slots_.empty() ? 16 : 2 * slots_.size());
    old.swap(slots_);
    for (const Slot& each : old) {
      if (each.index != kFree) place(each);
    }
  }

  std::vector<Slot> slots_;  // a power of two of them
  std::size_t size_ = 0;
};

}  // namespace peerage::addrbook
