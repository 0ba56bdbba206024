// Tried places that two addresses claim: the holder, the challenger, and since when. The holder is
// dialled before it is displaced.
//
// At most kMaxContests, and an address is part of one at most. Threads: none of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "addrbook/book/limits.h"

namespace peerage::addrbook {

class Contests {
 public:
  struct Contest {
    std::uint32_t holder = 0;
    std::uint32_t challenger = 0;
    Time since = kNever;
  };

  // Does nothing when there are too many, or either is part of one.
  void add(const Contest& contest) {
    if (contests_.size() < kMaxContests && !involves(contest.holder) &&
        !involves(contest.challenger)) {
      contests_.push_back(contest);
    }
  }
  // What claims the place of `holder`.
  std::optional<std::uint32_t> challenger_of(std::uint32_t holder) const {
    for (const Contest& each : contests_) {
      if (each.holder == holder) return each.challenger;
    }
    return std::nullopt;
  }
  // Ends the contest that this address is part of.
  void end(std::uint32_t index) {
    std::erase_if(contests_, [index](const Contest& each) {
      return each.holder == index || each.challenger == index;
    });
  }
  // Those that no dial has decided in kContestLimit end: the holder stays.
  void expire(Time now) {
    std::erase_if(contests_,
                  [now](const Contest& each) { return now - each.since > kContestLimit; });
  }
  const std::vector<Contest>& all() const noexcept { return contests_; }
  std::size_t size() const noexcept { return contests_.size(); }
  void clear() { contests_.clear(); }

 private:
  bool involves(std::uint32_t index) const {
    for (const Contest& each : contests_) {
      if (each.holder == index || each.challenger == index) return true;
    }
    return false;
  }
  std::vector<Contest> contests_;
};

}  // namespace peerage::addrbook
