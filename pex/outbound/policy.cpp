#include "pex/outbound/policy.h"

#include <algorithm>

#include "conn/base/backoff.h"

namespace peerage::pex {

using addrbook::KnownAddress;
using conn::NetAddress;
using conn::TimePoint;

namespace {

// Percent of new addresses: from 10 with no outbound peer to 90 with eight (comet: ensurePeers).
addrbook::Bias bias_with(std::size_t outbound) {
  return {static_cast<unsigned>(std::min<std::size_t>(outbound, 8) * 10 + 10)};
}

// Of [0, 1), as if drawn at random (the mixer of SplitMix64).
double fraction(std::uint64_t of) {
  std::uint64_t z = of + 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

}  // namespace

OutboundPolicy::OutboundPolicy(addrbook::AddressBook& book, TimePoint now, std::uint64_t salt,
                               const OutboundLimits& limits)
    : book_(book),
      salt_(salt),
      limits_(limits),
      pace_(limits.dials_per_second),
      next_test_(now + spread_around(limits.feeler_pause)),
      next_ask_(now),
      ask_pause_(limits.ask_pause) {}

void OutboundPolicy::learnt(TimePoint now) {
  ask_pause_ = limits_.ask_pause;
  next_ask_ = std::min(next_ask_, now + ask_pause_);
}

void OutboundPolicy::seed_is_at(const conn::IpAddress& ip) {
  seeds_at_.use(ip, [] { return char{}; });
}

OutboundPolicy::Plan OutboundPolicy::plan(const Situation& situation) {
  const TimePoint now = situation.now;
  if (started_ == addrbook::kNever) started_ = situation.book_now;
  Plan plan;
  const bool exhausted = plan_dials(situation, plan.dials);
  plan.ask_seeds = exhausted && plan.dials.empty();
  if (now >= next_test_ && pace_.available(now) > 0) {
    plan.test = next_test(situation);
    if (plan.test) pace_.note(now);
    next_test_ = now + spread_around(limits_.feeler_pause);
  }
  const bool has_slots = situation.free_slots > 0;
  if (has_slots) next_ask_ = std::min(next_ask_, now + limits_.ask_pause);
  if ((has_slots || book_.need_more()) && situation.connected > 0 && now >= next_ask_) {
    plan.ask_a_peer = true;
    next_ask_ = now + (has_slots ? limits_.ask_pause : ask_pause_);
    ask_pause_ = std::min(2 * ask_pause_, limits_.ask_pause_cap);
  }
  return plan;
}

// True when free slots are left and no address for them.
bool OutboundPolicy::plan_dials(const Situation& situation, std::vector<NetAddress>& dials) {
  Groups groups;
  Step step{situation, groups, dials, situation.outbound.size()};
  const std::size_t slots = situation.outbound.size() + situation.free_slots;
  step.to_choose = slots * limits_.chosen_percent / 100;
  for (const Situation::Outbound& peer : situation.outbound) {
    ++groups[book_.group(peer.ip)];
    // `use` keeps it from being forgotten.
    step.to_choose -= drawn_ids_.use(peer.id) == nullptr && step.to_choose > 0 ? 1 : 0;
  }
  while (dials.size() < situation.free_slots && pace_.available(situation.now) > 0) {
    auto target = next_anchor(situation);
    if (!target && step.to_choose > 0) {
      target = choose(step);
      step.to_choose -= target ? 1 : 0;
    }
    if (!target) target = random_pick(step);
    if (!target) return true;
    pace_.note(situation.now);
    ++groups[book_.group(target->endpoint.ip)];
    ++step.outbound;
    dials.push_back(*target);
  }
  return false;
}

std::optional<NetAddress> OutboundPolicy::next_anchor(const Situation& situation) {
  while (anchors_tried_ < book_.anchors().size()) {
    const NetAddress& anchor = book_.anchors()[anchors_tried_++];
    const KnownAddress* known = book_.find(anchor);
    mark_drawn(anchor.id);
    if (known != nullptr && !situation.unavailable(*known)) return anchor;
  }
  return std::nullopt;
}

std::optional<NetAddress> OutboundPolicy::choose(const Step& step) {
  auto target = long_known(step);
  if (!target) target = by_seeds(step);
  if (target) drawn_ids_.erase(target->id);
  return target;
}

bool OutboundPolicy::available(const Step& step, const KnownAddress& known) const {
  return is_due(known, step.situation.book_now) && !step.situation.unavailable(known) &&
         std::none_of(step.chosen.begin(), step.chosen.end(),
                      [&](const NetAddress& each) { return each.id == known.address.id; });
}

bool OutboundPolicy::diverse(const Step& step, const KnownAddress& known) const {
  const std::size_t of_one = step.outbound < limits_.diverse ? 1 : limits_.per_group;
  const auto group = step.groups.find(book_.group(known.address.endpoint.ip));
  return (group == step.groups.end() || group->second < of_one) && available(step, known);
}

std::optional<NetAddress> OutboundPolicy::long_known(const Step& step) {
  return book_.longest_known(step.situation.book_now,
                             [&](const KnownAddress& known) { return diverse(step, known); });
}

std::optional<NetAddress> OutboundPolicy::by_seeds(const Step& step) {
  if (seeds_at_.size() == 0) return std::nullopt;
  std::map<std::uint64_t, std::vector<NetAddress>> said;
  book_.for_each([&](const KnownAddress& known) {
    const bool rests = known.bad_until != addrbook::kNever;
    if (rests || seeds_at_.find(known.source) == nullptr || !diverse(step, known)) return;
    said[book_.group(known.address.endpoint.ip)].push_back(known.address);
  });
  if (said.empty()) return std::nullopt;
  const auto below = [this](std::size_t limit) {
    return static_cast<std::size_t>(fraction(salt_ + ++drawn_) * static_cast<double>(limit));
  };
  // By groups: addresses are cheap, and an attacker that poisoned the seeds has many in each group.
  const auto group = std::next(said.begin(), static_cast<std::ptrdiff_t>(below(said.size())));
  return group->second[below(group->second.size())];
}

std::optional<NetAddress> OutboundPolicy::random_pick(const Step& step) {
  const addrbook::Bias bias = bias_with(step.outbound);
  const addrbook::Time now = step.situation.book_now;
  auto target =
      book_.pick(bias, now, [&](const KnownAddress& known) { return diverse(step, known); });
  if (!target) {
    target =
        book_.pick(bias, now, [&](const KnownAddress& known) { return available(step, known); });
  }
  if (target) mark_drawn(target->id);
  return target;
}

std::optional<NetAddress> OutboundPolicy::next_test(const Situation& situation) {
  for (const NetAddress& holder : book_.to_test(situation.book_now)) {
    const KnownAddress* known = book_.find(holder);
    if (known != nullptr && !situation.unavailable(*known)) return holder;
  }
  const auto quota_of = [&](const KnownAddress& known) -> Felt& {
    const auto group = book_.group(known.address.endpoint.ip);
    return felt_.use(group, [&] { return Felt{0, situation.now}; });
  };
  const auto target = book_.pick({100}, situation.book_now, [&](const KnownAddress& known) {
    if (known.kind != addrbook::Kind::new_ || known.last_connected != addrbook::kNever) {
      return false;
    }
    if (!is_due(known, situation.book_now) || situation.unavailable(known)) return false;
    Felt& felt = quota_of(known);
    if (situation.now - felt.since >= std::chrono::hours(24)) felt = {0, situation.now};
    return felt.count < limits_.feelers_per_group;
  });
  if (target) ++quota_of(*book_.find(*target)).count;
  return target;
}

// In [0, 1): always the same for one ID, and different for each node that dials it.
double OutboundPolicy::lot_of(const conn::NodeId& id) const {
  if (limits_.spread == OutboundLimits::Spread::none) return 0;
  return fraction(std::hash<conn::NodeId>{}(id) ^ salt_);
}

// From half of it to half as much again: nodes that began at the same moment spread out.
conn::Duration OutboundPolicy::spread_around(conn::Duration pause) {
  if (limits_.spread == OutboundLimits::Spread::none) return pause;
  const double part = 0.5 + fraction(salt_ + ++drawn_);
  return conn::Duration(
      static_cast<conn::Duration::rep>(static_cast<double>(pause.count()) * part));
}

bool OutboundPolicy::is_due(const KnownAddress& known, addrbook::Time now) const {
  if (known.last_attempt == addrbook::kNever) return true;
  // A dial of the run before that succeeded is no reason to wait.
  if (known.last_attempt <= started_ && known.failures == 0) return true;
  const auto pause = conn::backoff_pause({limits_.redial, limits_.redial_cap}, known.failures,
                                         lot_of(known.address.id));
  return now - known.last_attempt >= pause;
}

}  // namespace peerage::pex
