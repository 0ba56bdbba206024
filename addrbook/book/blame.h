// Which groups gave us addresses at which another node answered, and how far they are still
// trusted: 1 / (1 + b), where b counts the blames and halves each day.
//
// Bounded: the kMaxGroups that are blamed most. Only our own dials blame, so it fills slowly.
// Threads: none of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "addrbook/record/known_address.h"

namespace peerage::addrbook {

class Blame {
 public:
  static constexpr std::size_t kMaxGroups = 1024;
  static constexpr Seconds kHalfLife = std::chrono::days(1);

  void add(std::uint64_t group, Time now);
  // 0 to 1; 1 for a group that was never blamed.
  double trust(std::uint64_t group, Time now) const;
  std::size_t groups() const noexcept { return groups_.size(); }

 private:
  struct Count {
    double amount = 0;
    Time since = kNever;
    double at(Time now) const;
  };
  std::unordered_map<std::uint64_t, Count> groups_;
};

}  // namespace peerage::addrbook
