#include "pex/seed_list.h"

#include <algorithm>
#include <utility>

namespace peerage::pex {

void SeedList::set(const std::vector<conn::HostAddress>& seeds) {
  std::vector<Seed> fresh;
  for (const conn::HostAddress& address : seeds) {
    const Seed* known = find(address.id);
    const bool same = known != nullptr && known->address == address;
    fresh.push_back(same ? *known : Seed{address, {}, {}, 0});
  }
  seeds_ = std::move(fresh);
}

const SeedList::Seed* SeedList::find(const conn::NodeId& id) const {
  const auto found = std::find_if(seeds_.begin(), seeds_.end(),
                                  [&id](const Seed& seed) { return seed.address.id == id; });
  return found == seeds_.end() ? nullptr : &*found;
}

std::set<conn::NodeId> SeedList::ids() const {
  std::set<conn::NodeId> all;
  for (const Seed& seed : seeds_) all.insert(seed.address.id);
  return all;
}

std::optional<SeedList::Target> SeedList::next(conn::TimePoint now) {
  std::vector<Seed*> due;
  for (Seed& seed : seeds_) {
    if (seed.next <= now) due.push_back(&seed);
  }
  if (due.empty()) return std::nullopt;
  Seed& chosen = *due[lot_(due.size())];
  const auto doublings = std::min(chosen.asked++, 20u);
  chosen.next = now + std::min<conn::Duration>(pause_ * (std::int64_t{1} << doublings), pause_cap_);
  return Target{chosen.address, chosen.network};
}

void SeedList::is_of(const conn::NodeId& id, const std::string& network) {
  for (Seed& seed : seeds_) {
    if (seed.address.id != id || seed.network == network) continue;
    seed.network = network;
    seed.next = {};
  }
}

void SeedList::again(const conn::NodeId& id, conn::TimePoint when) {
  for (Seed& seed : seeds_) {
    if (seed.address.id == id) seed.next = std::min(seed.next, when);
  }
}

void SeedList::rested() {
  for (Seed& seed : seeds_) seed.asked = 0;
}

}  // namespace peerage::pex
