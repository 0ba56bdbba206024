// Which address to dial and which to give out: the parts of the book that choose at random.
#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "addrbook/book/address_book.h"

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

}  // namespace

std::optional<NetAddress> AddressBook::pick(Bias bias, Time now, const Acceptable& acceptable) {
  wake(now);
  const double percent = std::min(bias.percent, 100U);
  const double new_ones = std::sqrt(static_cast<double>(size_of(Kind::new_))) * percent;
  const double tried = std::sqrt(static_cast<double>(size_of(Kind::tried))) * (100 - percent);
  const bool tried_first = random_.share() * (new_ones + tried) < tried;
  const Kind first = tried_first ? Kind::tried : Kind::new_;
  const Kind second = tried_first ? Kind::new_ : Kind::tried;
  for (const Kind kind : {first, second}) {
    if (const auto index = draw(kind, acceptable, now)) return at(*index).known.address;
  }
  return std::nullopt;
}

// Whether it is passed over this time, for the blame of those that told of it. What a node says
// of itself, or has shown, cannot be a lie of theirs.
bool AddressBook::mistrusts(const KnownAddress& known, Time now) {
  if (blame_.groups() == 0 || is_first_hand(known)) return false;
  return random_.share() >= blame_.trust(placement_.group(known.source), now);
}

std::optional<AddressBook::Index> AddressBook::draw(Kind kind, const Acceptable& acceptable,
                                                    Time now) {
  DrawList& list = drawn_[index_of(kind)];
  if (list.size() == 0) return std::nullopt;
  const bool blames = kind == Kind::new_ && blame_.groups() > 0;
  const auto will_do = [&](Index index) { return !acceptable || acceptable(at(index).known); };
  const std::size_t blind = blames || list.size() > kBlindDraws ? kBlindDraws : 0;
  for (std::size_t i = 0; i < blind; ++i) {
    const Index index = list[random_.below(list.size())];
    if (mistrusts(at(index).known, now)) continue;
    if (will_do(index)) return index;
  }
  // Few are acceptable: walk the list in random order, so that each of them is equally likely.
  for (std::size_t i = 0; i < list.size(); ++i) {
    list.swap(i, i + random_.below(list.size() - i));
    if (will_do(list[i])) return list[i];
  }
  return std::nullopt;
}

// Of those that are first-hand, or else of the others: hearsay costs nothing.
std::optional<AddressBook::Index> AddressBook::draw_of(GroupDraw::Slot group,
                                                       const Acceptable& acceptable, Time now) {
  std::vector<Index> first_hand, hearsay;
  by_group_.for_each(group, [&](Index index) {
    (is_first_hand(at(index).known) ? first_hand : hearsay).push_back(index);
  });
  for (std::vector<Index>* some : {&first_hand, &hearsay}) {
    for (std::size_t left = some->size(); left > 0; --left) {
      const std::size_t drawn = random_.below(left);
      const Index index = std::exchange((*some)[drawn], (*some)[left - 1]);
      const KnownAddress& known = at(index).known;
      if (!mistrusts(known, now) && (!acceptable || acceptable(known))) return index;
    }
  }
  return std::nullopt;
}

std::vector<NetAddress> AddressBook::pick_by_group(std::size_t count, Time now,
                                                   const Acceptable& acceptable) {
  wake(now);
  std::vector<NetAddress> picked;
  const std::size_t groups = by_group_.groups();
  for (std::size_t i = 0; i < groups && picked.size() < count; ++i) {
    by_group_.swap_groups(i, i + random_.below(groups - i));
    const auto index = draw_of(by_group_.nth(i), acceptable, now);
    if (index) picked.push_back(at(*index).known.address);
  }
  if (!picked.empty() || blame_.groups() == 0) return picked;
  // Perhaps there is something that blamed sources told.
  if (const auto one = pick({50}, now, acceptable)) picked.push_back(*one);
  return picked;
}

std::optional<NetAddress> AddressBook::pick_of_group(std::uint64_t group, Time now,
                                                     const Acceptable& acceptable) {
  wake(now);
  const auto slot = by_group_.find(group);
  const auto index = slot ? draw_of(*slot, acceptable, now) : std::nullopt;
  return index ? std::optional(at(*index).known.address) : std::nullopt;
}

std::optional<Time> AddressBook::first_verified() const {
  std::optional<Time> first;
  const DrawList& list = drawn_[index_of(Kind::tried)];
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Time since = at(list[i]).known.verified_since;
    if (since != kNever && (!first || since < *first)) first = since;
  }
  return first;
}

std::optional<NetAddress> AddressBook::longest_known(Time now, const Acceptable& acceptable,
                                                     Time settled) {
  wake(now);
  const DrawList& list = drawn_[index_of(Kind::tried)];
  const KnownAddress* best = nullptr;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const KnownAddress& known = at(list[i]).known;
    if (known.verified_since == kNever) continue;  // contradicted
    if (best != nullptr && ranks_from(known, settled) >= ranks_from(*best, settled)) continue;
    if (!acceptable || acceptable(known)) best = &known;
  }
  return best == nullptr ? std::nullopt : std::optional(best->address);
}

std::vector<NetAddress> AddressBook::to_test(Time now) {
  contests_.expire(now);
  std::vector<NetAddress> holders;
  for (const auto& contest : contests_.all()) {
    const KnownAddress& known = at(contest.holder).known;
    if (now - known.last_attempt >= kJustTried) holders.push_back(known.address);
  }
  return holders;
}

std::vector<NetAddress> AddressBook::to_visit(Time now) {
  std::vector<NetAddress> wanted;
  moves_.end_if([&](const Moves::Move& move) {
    std::vector<std::pair<Time, NetAddress>> its;
    for (const Index index : indices_of(move.id)) {
      const KnownAddress& known = at(index).known;
      const bool dialled = known.last_attempt != kNever && known.last_attempt >= move.since;
      if (!is_first_hand(known) || dialled || known.bad_until > now) continue;
      its.emplace_back(last_shown(known), known.address);
    }
    if (now - move.since > kMoveLimit || its.empty()) return true;
    std::sort(its.rbegin(), its.rend());
    for (const auto& [shown, address] : its) wanted.push_back(address);
    return false;
  });
  return wanted;
}

void AddressBook::draw_some(Kind kind, std::size_t count, std::vector<NetAddress>& into) {
  DrawList& list = drawn_[index_of(kind)];
  // Choose first, read afterwards: then the reads do not wait for one another.
  for (std::size_t i = 0; i < count; ++i) {
    list.swap(i, i + random_.below(list.size() - i));
    __builtin_prefetch(&at(list[i]).known.address);
  }
  const std::size_t before = into.size();
  into.resize(before + count);
  for (std::size_t i = 0; i < count; ++i) into[before + i] = at(list[i]).known.address;
}

std::vector<NetAddress> AddressBook::selection(Time now) {
  wake(now);
  const std::size_t count = selection_size(size());
  // How many of them are new, as if they were drawn one after another from all.
  std::size_t new_ones = 0, new_left = size_of(Kind::new_), left = size();
  for (std::size_t i = 0; i < count; ++i, --left) {
    if (random_.below(left) < new_left) {
      ++new_ones;
      --new_left;
    }
  }
  std::vector<NetAddress> chosen;
  chosen.reserve(count);
  draw_some(Kind::new_, new_ones, chosen);
  draw_some(Kind::tried, count - new_ones, chosen);
  return chosen;
}

std::vector<NetAddress> AddressBook::selection_with_bias(Bias bias, Time now) {
  wake(now);
  const std::size_t count = selection_size(size());
  const std::size_t all_new = size_of(Kind::new_), all_tried = size_of(Kind::tried);
  const std::size_t wanted = (count * std::min(bias.percent, 100U) + 50) / 100;
  // What one kind lacks, the other supplies.
  const std::size_t new_ones =
      std::clamp(wanted, count - std::min(count, all_tried), std::min(count, all_new));
  std::vector<NetAddress> chosen;
  chosen.reserve(count);
  draw_some(Kind::new_, new_ones, chosen);
  draw_some(Kind::tried, count - new_ones, chosen);
  return chosen;
}

std::vector<NetAddress> AddressBook::verified_selection(Time now) {
  wake(now);
  const auto unfit = [&](Index index) {
    const KnownAddress& known = at(index).known;
    return now - known.last_verified > kVerifiedLimit || known.failures >= kFailuresToHide;
  };
  // Those verified too long ago, or contradicted since, leave the list here, where it is read.
  if (now - verified_sifted_ >= Seconds(60)) {
    verified_sifted_ = now;
    for (std::size_t i = verified_.size(); i > 0; --i) {
      const Index index = verified_[i - 1];
      if (unfit(index)) verified_.remove(index);
    }
  }
  const std::size_t count = selection_size(verified_.size());
  std::vector<NetAddress> chosen;
  chosen.reserve(count);
  std::unordered_map<conn::IpAddress, std::size_t, conn::KeyedHash> served(count, hash_);
  // When drawn, an address is taken with a probability that its record gives; else it may be drawn
  // again. Those that are done with stand in front.
  std::size_t through = 0;
  for (std::size_t turn = 0; chosen.size() < count && through < verified_.size(); ++turn) {
    const std::size_t drawn = through + random_.below(verified_.size() - through);
    const KnownAddress& known = at(verified_[drawn]).known;
    if (unfit(verified_[drawn])) {
      verified_.remove(verified_[drawn]);
      continue;
    }
    const bool patient = turn < 8 * kMaxSelection;
    if (patient && random_.share() > 0.1 + 0.9 * known.reliability.overall()) continue;
    verified_.swap(through++, drawn);
    const conn::IpAddress& ip = known.address.endpoint.ip;
    if (!exempt(ip) && ++served[conn::neighbourhood_of(ip)] > kServedPerNeighbourhood) continue;
    chosen.push_back(known.address);
  }
  return chosen;
}

}  // namespace peerage::addrbook
