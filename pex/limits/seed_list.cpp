#include "pex/limits/seed_list.h"

#include <algorithm>
#include <utility>

namespace peerage::pex {

void SeedList::set(const std::vector<conn::HostAddress>& seeds) {
  std::vector<Seed> fresh;
  for (const conn::HostAddress& address : seeds) {
    const Seed* known = find(address.id);
    const bool same = known != nullptr && known->address == address;
    fresh.push_back(same ? *known : Seed{address, {}, {}, 0, 0});
  }
  seeds_ = std::move(fresh);
}

const SeedList::Seed* SeedList::find(const conn::NodeId& id) const {
  const auto found = std::find_if(seeds_.begin(), seeds_.end(),
                                  [&id](const Seed& seed) { return seed.address.id == id; });
  return found == seeds_.end() ? nullptr : &*found;
}

SeedList::Seed* SeedList::find(const conn::NodeId& id) {
  return const_cast<Seed*>(std::as_const(*this).find(id));
}

std::set<conn::NodeId> SeedList::ids() const {
  std::set<conn::NodeId> all;
  for (const Seed& seed : seeds_) all.insert(seed.address.id);
  return all;
}

std::optional<SeedList::Target> SeedList::next(conn::TimePoint now, Of which) {
  if (now < next_any_ && which == Of::all) return std::nullopt;
  std::vector<Seed*> due;
  for (Seed& seed : seeds_) {
    const bool asked = seed.asked > 0 || seed.failures > 0;
    if (seed.next <= now && (which == Of::all || !asked)) due.push_back(&seed);
  }
  if (due.empty()) return std::nullopt;
  Seed& chosen = *due[random_(due.size())];
  chosen.next = now + pause(pauses_.each, chosen.asked++);
  if (pauses_.between > conn::Duration(0)) next_any_ = now + pause(pauses_.between, 0);
  return Target{chosen.address, chosen.network};
}

void SeedList::failed(const conn::NodeId& id, conn::TimePoint now) {
  Seed* const seed = find(id);
  if (seed == nullptr) return;
  seed->next = now + pause(pauses_.retry, seed->failures++);
  if (seed->asked > 0) --seed->asked;
  next_any_ = now;
}

conn::Duration SeedList::pause(conn::Duration first, std::uint32_t times) const {
  static constexpr std::size_t kParts = 1 << 20;
  const double part = static_cast<double>(random_(kParts)) / static_cast<double>(kParts);
  return conn::backoff_pause({first, pauses_.cap}, times, part);
}

void SeedList::is_of(const conn::NodeId& id, const std::string& network) {
  Seed* const seed = find(id);
  if (seed == nullptr || seed->network == network) return;
  seed->network = network;
  seed->next = next_any_ = {};
}

void SeedList::again(const conn::NodeId& id, conn::TimePoint when) {
  Seed* const seed = find(id);
  if (seed == nullptr) return;
  seed->next = std::min(seed->next, when);
  next_any_ = std::min(next_any_, when);
}

void SeedList::rested() {
  for (Seed& seed : seeds_) seed.asked = seed.failures = 0;
}

}  // namespace peerage::pex
