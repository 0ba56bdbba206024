#include "addrbook/book/blame.h"

#include <algorithm>
#include <cmath>

namespace peerage::addrbook {

double Blame::Count::at(Time now) const {
  const auto age = std::max(now - since, Seconds(0));
  return amount *
         std::exp2(-static_cast<double>(age.count()) / static_cast<double>(kHalfLife.count()));
}

void Blame::add(std::uint64_t group, Time now) {
  auto found = groups_.find(group);
  if (found == groups_.end()) {
    if (groups_.size() >= kMaxGroups) {
      groups_.erase(std::min_element(
          groups_.begin(), groups_.end(),
          [now](const auto& a, const auto& b) { return a.second.at(now) < b.second.at(now); }));
    }
    found = groups_.emplace(group, Count{}).first;
  }
  found->second = {found->second.at(now) + 1, std::max(now, found->second.since)};
}

double Blame::trust(std::uint64_t group, Time now) const {
  if (groups_.empty()) return 1;
  const auto found = groups_.find(group);
  return found == groups_.end() ? 1 : 1 / (1 + found->second.at(now));
}

}  // namespace peerage::addrbook
