#include "addrbook/book/picker.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "conn/address/cidr.h"
#include "conn/base/keyed_hash.h"

namespace peerage::addrbook {

using conn::NetAddress;

namespace {

// Random draws before the whole list is walked. A list no longer than that is walked at once,
// unless not all in it are equally likely: that takes no more draws, and no address is asked twice.
constexpr std::size_t kBlindDraws = 64;

// comet pex/addrbook.go:GetSelection.
std::size_t selection_size(std::size_t of) {
  const std::size_t share = std::max(std::min(kMinSelection, of), of * kSelectionPercent / 100);
  return std::min(share, kMaxSelection);
}

// Whether it was verified too long ago to be served, or contradicted since.
bool is_unfit(const KnownAddress& known, Time now) {
  return now - known.last_verified > kVerifiedLimit || known.failures >= kFailuresToHide;
}

}  // namespace

// --- which to dial ---

std::optional<NetAddress> Picker::pick(Bias bias, Time now, const Acceptable& acceptable) {
  const double percent = std::min(bias.percent, 100U);
  const double new_ones = std::sqrt(static_cast<double>(drawable(Kind::new_))) * percent;
  const double tried = std::sqrt(static_cast<double>(drawable(Kind::tried))) * (100 - percent);
  const bool tried_first = random_.share() * (new_ones + tried) < tried;
  const Kind first = tried_first ? Kind::tried : Kind::new_;
  const Kind second = tried_first ? Kind::new_ : Kind::tried;
  for (const Kind kind : {first, second}) {
    if (const auto index = draw(kind, acceptable, now)) return table_.record(*index).address;
  }
  return std::nullopt;
}

// Whether it is passed over this time, for the blame of those that told of it. What a node says
// of itself, or has shown, cannot be a lie of theirs.
bool Picker::mistrusts(const KnownAddress& known, Time now) {
  if (blame_.groups() == 0 || is_first_hand(known)) return false;
  return random_.share() >= blame_.trust(table_.group(known.source), now);
}

std::optional<Picker::Index> Picker::draw(Kind kind, const Acceptable& acceptable, Time now) {
  const DrawList& list = table_.drawn(kind);
  if (list.size() == 0) return std::nullopt;
  const bool blames = kind == Kind::new_ && blame_.groups() > 0;
  const auto will_do = [&](Index index) { return !acceptable || acceptable(table_.record(index)); };
  const std::size_t blind = blames || list.size() > kBlindDraws ? kBlindDraws : 0;
  for (std::size_t i = 0; i < blind; ++i) {
    const Index index = list[random_.below(list.size())];
    if (mistrusts(table_.record(index), now)) continue;
    if (will_do(index)) return index;
  }
  // Few are acceptable: walk the list in random order, so that each of them is equally likely.
  for (std::size_t i = 0; i < list.size(); ++i) {
    table_.swap_drawn(kind, i, i + random_.below(list.size() - i));
    if (will_do(list[i])) return list[i];
  }
  return std::nullopt;
}

// Of those that are first-hand, or else of the others: hearsay costs nothing.
std::optional<Picker::Index> Picker::draw_of(GroupDraw::Slot group, const Acceptable& acceptable,
                                             Time now) {
  std::vector<Index> first_hand, hearsay;
  table_.groups().for_each(group, [&](Index index) {
    (is_first_hand(table_.record(index)) ? first_hand : hearsay).push_back(index);
  });
  for (std::vector<Index>* some : {&first_hand, &hearsay}) {
    for (std::size_t left = some->size(); left > 0; --left) {
      const std::size_t drawn = random_.below(left);
      const Index index = std::exchange((*some)[drawn], (*some)[left - 1]);
      const KnownAddress& known = table_.record(index);
      if (!mistrusts(known, now) && (!acceptable || acceptable(known))) return index;
    }
  }
  return std::nullopt;
}

Picker::Addresses Picker::pick_by_group(std::size_t count, Time now, const Acceptable& acceptable) {
  Addresses picked;
  const std::size_t groups = table_.groups().groups();
  for (std::size_t i = 0; i < groups && picked.size() < count; ++i) {
    table_.swap_groups(i, i + random_.below(groups - i));
    const auto index = draw_of(table_.groups().nth(i), acceptable, now);
    if (index) picked.push_back(table_.record(*index).address);
  }
  if (!picked.empty() || blame_.groups() == 0) return picked;
  // Perhaps there is something that blamed sources told.
  if (const auto one = pick({50}, now, acceptable)) picked.push_back(*one);
  return picked;
}

std::optional<NetAddress> Picker::pick_of_group(std::uint64_t group, Time now,
                                                const Acceptable& acceptable) {
  const auto slot = table_.groups().find(group);
  const auto index = slot ? draw_of(*slot, acceptable, now) : std::nullopt;
  return index ? std::optional(table_.record(*index).address) : std::nullopt;
}

std::optional<Time> Picker::first_verified() const {
  std::optional<Time> first;
  const DrawList& list = table_.drawn(Kind::tried);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Time since = table_.record(list[i]).verified_since;
    if (since != kNever && (!first || since < *first)) first = since;
  }
  return first;
}

std::optional<NetAddress> Picker::longest_known(const Acceptable& acceptable, Time settled) const {
  const DrawList& list = table_.drawn(Kind::tried);
  const KnownAddress* best = nullptr;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const KnownAddress& known = table_.record(list[i]);
    if (known.verified_since == kNever) continue;  // contradicted
    if (best != nullptr && ranks_from(known, settled) >= ranks_from(*best, settled)) continue;
    if (!acceptable || acceptable(known)) best = &known;
  }
  return best == nullptr ? std::nullopt : std::optional(best->address);
}

// --- which to give out ---

void Picker::draw_some(Kind kind, std::size_t count, Addresses& into) {
  const DrawList& list = table_.drawn(kind);
  // Choose first, read afterwards: then the reads do not wait for one another.
  for (std::size_t i = 0; i < count; ++i) {
    table_.swap_drawn(kind, i, i + random_.below(list.size() - i));
    __builtin_prefetch(&table_.record(list[i]).address);
  }
  const std::size_t before = into.size();
  into.resize(before + count);
  for (std::size_t i = 0; i < count; ++i) into[before + i] = table_.record(list[i]).address;
}

Picker::Addresses Picker::draw_some(std::size_t new_ones, std::size_t tried) {
  Addresses chosen;
  chosen.reserve(new_ones + tried);
  draw_some(Kind::new_, new_ones, chosen);
  draw_some(Kind::tried, tried, chosen);
  return chosen;
}

Picker::Addresses Picker::selection() {
  std::size_t new_left = drawable(Kind::new_), left = new_left + drawable(Kind::tried);
  const std::size_t count = selection_size(left);
  // How many of them are new, as if they were drawn one after another from all.
  std::size_t new_ones = 0;
  for (std::size_t i = 0; i < count; ++i, --left) {
    if (random_.below(left) < new_left) {
      ++new_ones;
      --new_left;
    }
  }
  return draw_some(new_ones, count - new_ones);
}

Picker::Addresses Picker::selection_with_bias(Bias bias) {
  const std::size_t all_new = drawable(Kind::new_), all_tried = drawable(Kind::tried);
  const std::size_t count = selection_size(all_new + all_tried);
  const std::size_t wanted = (count * std::min(bias.percent, 100U) + 50) / 100;
  // What one kind lacks, the other supplies.
  const std::size_t new_ones =
      std::clamp(wanted, count - std::min(count, all_tried), std::min(count, all_new));
  return draw_some(new_ones, count - new_ones);
}

// Those that are unfit by now leave the list here, where it is read: once a minute all of them.
void Picker::sift_verified(Time now) {
  if (now - verified_sifted_ < Seconds(60)) return;
  verified_sifted_ = now;
  const DrawList& list = table_.verified();
  for (std::size_t i = list.size(); i > 0; --i) {
    const Index index = list[i - 1];
    if (is_unfit(table_.record(index), now)) table_.unlist_verified(index);
  }
}

Picker::Addresses Picker::verified_selection(Time now) {
  sift_verified(now);
  const DrawList& list = table_.verified();
  const std::size_t count = selection_size(list.size());
  Addresses chosen;
  chosen.reserve(count);
  std::unordered_map<conn::IpAddress, std::size_t, conn::KeyedHash> served(count, table_.hash());
  // When drawn, an address is taken with a probability that its record gives; else it may be drawn
  // again. Those that are done with stand in front.
  std::size_t through = 0;
  for (std::size_t turn = 0; chosen.size() < count && through < list.size(); ++turn) {
    const std::size_t drawn = through + random_.below(list.size() - through);
    const KnownAddress& known = table_.record(list[drawn]);
    if (is_unfit(known, now)) {
      table_.unlist_verified(list[drawn]);
      continue;
    }
    const bool patient = turn < 8 * kMaxSelection;
    if (patient && random_.share() > 0.1 + 0.9 * known.reliability.overall()) continue;
    table_.swap_verified(through++, drawn);
    const conn::IpAddress& ip = known.address.endpoint.ip;
    if (!config_.exempts(ip) && ++served[conn::neighbourhood_of(ip)] > kServedPerNeighbourhood) {
      continue;
    }
    chosen.push_back(known.address);
  }
  return chosen;
}

}  // namespace peerage::addrbook
