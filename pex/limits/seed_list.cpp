#include "pex/limits/seed_list.h"

#include <algorithm>
#include <utility>

namespace peerage::pex {

void SeedList::set(const std::vector<conn::HostAddress>& seeds) {
  std::vector<Seed> fresh;
  for (const conn::HostAddress& address : seeds) {
    auto seed = std::find_if(fresh.begin(), fresh.end(),
                             [&address](const Seed& each) { return each.id == address.id; });
    if (seed == fresh.end()) seed = fresh.insert(seed, Seed{address.id, {}});
    const auto& had = seed->addresses;
    if (std::find(had.begin(), had.end(), address) == had.end()) {
      seed->addresses.push_back(address);
    }
  }
  for (Seed& seed : fresh) {
    if (const Seed* const known = find(seed.id)) keep_state(seed, *known);
  }
  seeds_ = std::move(fresh);
}

void SeedList::keep_state(Seed& fresh, const Seed& known) {
  const auto& had = known.addresses;
  const auto is_new = [&had](const conn::HostAddress& each) {
    return std::find(had.begin(), had.end(), each) == had.end();
  };
  const auto all = std::move(fresh.addresses);
  const auto first_new = std::find_if(all.begin(), all.end(), is_new);
  const auto in_turn = std::find(all.begin(), all.end(), had[known.turn]);
  if (first_new == all.end()) {
    fresh = known;
    if (in_turn == all.end()) fresh.is_asked = false;
    fresh.turn = in_turn == all.end() ? 0 : static_cast<std::size_t>(in_turn - all.begin());
    fresh.failed = std::min(fresh.failed, all.size() - 1);
  } else {
    fresh.network = known.network;
    fresh.turn = static_cast<std::size_t>(first_new - all.begin());
  }
  fresh.addresses = all;
}

const SeedList::Seed* SeedList::find(const conn::NodeId& id) const {
  const auto found =
      std::find_if(seeds_.begin(), seeds_.end(), [&id](const Seed& seed) { return seed.id == id; });
  return found == seeds_.end() ? nullptr : &*found;
}

SeedList::Seed* SeedList::find(const conn::NodeId& id) {
  return const_cast<Seed*>(std::as_const(*this).find(id));
}

std::set<conn::NodeId> SeedList::ids() const {
  std::set<conn::NodeId> all;
  for (const Seed& seed : seeds_) all.insert(seed.id);
  return all;
}

std::optional<SeedList::Target> SeedList::next(conn::TimePoint now, Of which) {
  if (now < next_any_ && which == Of::all) return std::nullopt;
  std::vector<Seed*> due;
  for (Seed& seed : seeds_) {
    const bool asked = seed.asked > 0 || seed.failures > 0 || seed.failed > 0;
    if (seed.next <= now && (which == Of::all || !asked)) due.push_back(&seed);
  }
  if (due.empty()) return std::nullopt;
  Seed& chosen = *due[random_(due.size())];
  if (std::exchange(chosen.is_asked, true)) chosen.failed = 0;
  chosen.next = now + pause(pauses_.each, chosen.asked++);
  if (pauses_.between > conn::Duration(0)) next_any_ = now + pause(pauses_.between, 0);
  return Target{chosen.addresses[chosen.turn], chosen.network};
}

void SeedList::failed(const conn::HostAddress& address, conn::TimePoint now) {
  Seed* const seed = find(address.id);
  if (seed == nullptr || !seed->is_asked || seed->addresses[seed->turn] != address) return;
  seed->is_asked = false;
  seed->turn = (seed->turn + 1) % seed->addresses.size();
  if (++seed->failed < seed->addresses.size()) {
    seed->next = now;
  } else {
    seed->failed = 0;
    seed->next = now + pause(pauses_.retry, seed->failures++);
  }
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
