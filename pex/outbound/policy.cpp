#include "pex/outbound/policy.h"

#include <algorithm>

#include "conn/base/backoff.h"

namespace peerage::pex {

using addrbook::KnownAddress;
using conn::NetAddress;
using conn::TimePoint;

namespace {

// How many groups a draw has before it, of which it takes one.
constexpr std::size_t kGroupsToChooseFrom = 4;
// How many addresses of a group a turn dials until one answers, and how long it waits for that.
constexpr std::size_t kTriesOfATurn = 4;
constexpr addrbook::Seconds kTurnLimit = std::chrono::minutes(1);

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
      next_rotation_(now + spread_around(limits.settling_pause)),
      next_ask_(now),
      ask_pause_(limits.ask_pause) {}

void OutboundPolicy::learnt(TimePoint now) {
  ask_pause_ = limits_.ask_pause;
  next_ask_ = std::min(next_ask_, now + ask_pause_);
}

OutboundPolicy::Plan OutboundPolicy::plan(const Situation& situation) {
  const TimePoint now = situation.now;
  if (started_ == addrbook::kNever) started_ = situation.book_now;
  Plan plan;
  const bool exhausted = plan_dials(situation, plan.dials);
  plan.ask_seeds = exhausted && plan.dials.empty();
  if (now >= next_moved_ && pace_.available(now) > 0) {
    plan.test = moved_node(situation);
    if (plan.test) {
      pace_.note(now);
      next_moved_ = now + limits_.moved_pause;
    }
  }
  if (!plan.test && now >= next_test_ && pace_.available(now) > 0) {
    plan.test = next_test(situation);
    if (plan.test) pace_.note(now);
    next_test_ = now + spread_around(limits_.feeler_pause);
  }
  const bool has_slots = situation.free_slots > 0;
  if (!has_slots && !plan.test) plan.rotation = plan_rotation(situation);
  if (has_slots) next_ask_ = std::min(next_ask_, now + limits_.ask_pause);
  if ((has_slots || book_.need_more() || !is_settled(situation.book_now)) &&
      situation.connected > 0 && now >= next_ask_) {
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
    drawn_ids_.use(peer.id);
    step.to_choose -= chosen_ids_.use(peer.id) != nullptr && step.to_choose > 0 ? 1 : 0;
  }
  while (dials.size() < situation.free_slots && pace_.available(situation.now) > 0) {
    auto target = next_anchor(situation);
    if (!target && step.to_choose > 0 && is_settled(situation.book_now)) {
      target = long_known(step);
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
  const auto target = book_.longest_known(
      step.situation.book_now, [&](const KnownAddress& known) { return diverse(step, known); },
      settled_);
  if (target) mark_chosen(target->id);
  return target;
}

std::optional<NetAddress> OutboundPolicy::random_pick(const Step& step) {
  auto target = go_on_with_a_turn(step);
  if (!target) target = begin_a_turn(step);
  if (target) mark_drawn(target->id);
  return target;
}

// A group that has not answered yet is dialled elsewhere: of what is said of honest nodes much is
// false, and all that is said of the attacker's is true.
std::optional<NetAddress> OutboundPolicy::go_on_with_a_turn(const Step& step) {
  const addrbook::Time now = step.situation.book_now;
  std::erase_if(open_turns_, [&](const Turn& turn) { return now - turn.since > kTurnLimit; });
  for (std::size_t i = 0; i < open_turns_.size();) {
    Turn& turn = open_turns_[i];
    const KnownAddress* known = book_.find(turn.dialled);
    const bool begun = known != nullptr && known->last_attempt >= turn.since;
    const bool answered = begun && known->last_connected >= known->last_attempt;
    // One that was forgotten has failed as well.
    const bool failed = known == nullptr || (begun && known->last_failed >= known->last_attempt);
    if (!answered && !failed) {
      ++i;
      continue;
    }
    if (!answered && turn.tries < kTriesOfATurn) {
      const auto other = book_.pick_of_group(
          turn.group, now, [&](const KnownAddress& each) { return diverse(step, each); });
      if (other) {
        turn = {turn.group, *other, now, turn.tries + 1};
        return other;
      }
    }
    open_turns_.erase(open_turns_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return std::nullopt;
}

std::optional<NetAddress> OutboundPolicy::begin_a_turn(const Step& step) {
  const addrbook::Time now = step.situation.book_now;
  auto some = book_.pick_by_group(kGroupsToChooseFrom, now,
                                  [&](const KnownAddress& known) { return diverse(step, known); });
  if (some.empty()) {
    some = book_.pick_by_group(kGroupsToChooseFrom, now,
                               [&](const KnownAddress& known) { return available(step, known); });
  }
  if (some.empty()) return std::nullopt;
  // The group whose last turn is the longest ago: those that always answer would have more turns
  // than the others, for these rest when they have failed.
  const auto last_turn = [this](const NetAddress& address) {
    const std::uint64_t* turn = turns_.find(book_.group(address.endpoint.ip));
    return turn == nullptr ? 0 : *turn;
  };
  const NetAddress target = *std::min_element(
      some.begin(), some.end(),
      [&](const NetAddress& a, const NetAddress& b) { return last_turn(a) < last_turn(b); });
  const std::uint64_t group = book_.group(target.endpoint.ip);
  turns_.use(group, [] { return std::uint64_t{}; }) = ++turn_;
  if (open_turns_.size() >= kMaxTurns) open_turns_.erase(open_turns_.begin());
  open_turns_.push_back({group, target, now, 1});
  return target;
}

// The peers that were drawn take turns: the attacker's would stay for ever, and gather.
std::optional<NetAddress> OutboundPolicy::plan_rotation(const Situation& situation) {
  if (pace_.available(situation.now) == 0) return std::nullopt;
  Groups groups;
  for (const Situation::Outbound& peer : situation.outbound) ++groups[book_.group(peer.ip)];
  auto target = plan_return(situation, groups);
  if (!target && limits_.rotation_pause > conn::Duration(0) && situation.now >= next_rotation_ &&
      oldest_drawn(situation)) {
    const std::vector<NetAddress> none;
    target = random_pick({situation, groups, none, situation.outbound.size()});
  }
  if (target) pace_.note(situation.now);
  return target;
}

bool OutboundPolicy::is_settled(addrbook::Time now) {
  if (settled_ == addrbook::kNever) {
    const auto first = book_.first_verified();
    if (first) settled_ = *first + limits_.settling;
  }
  return settled_ != addrbook::kNever && now >= settled_;
}

std::optional<NetAddress> OutboundPolicy::plan_return(const Situation& situation,
                                                      const Groups& groups) {
  if (limits_.return_pause <= conn::Duration(0) || situation.now < next_return_ ||
      !is_settled(situation.book_now)) {
    return std::nullopt;
  }
  next_return_ = situation.now + spread_around(limits_.return_pause);
  const auto leaves = replaceable(situation);
  if (!leaves) return std::nullopt;
  const std::vector<NetAddress> none;
  const Step step{situation, groups, none, situation.outbound.size()};
  const auto older = [&](const KnownAddress& known) {
    return addrbook::ranks_from(known, settled_) < leaves->ranks_from && diverse(step, known);
  };
  const auto target = book_.longest_known(situation.book_now, older, settled_);
  if (target) returning_ = target->id;
  return target;
}

conn::NodeId OutboundPolicy::on_rotated(const conn::NodeId& id, const Situation& situation) {
  Situation others = situation;
  std::erase_if(others.outbound, [&id](const auto& peer) { return peer.id == id; });
  if (returning_ == id) {
    returning_.reset();
    const auto leaves = replaceable(others);
    mark_chosen(id);
    return leaves ? leaves->id : id;
  }
  const bool settled = is_settled(situation.book_now);
  next_rotation_ =
      situation.now + spread_around(settled ? limits_.rotation_pause : limits_.settling_pause);
  return oldest_drawn(others).value_or(id);
}

std::optional<conn::NodeId> OutboundPolicy::oldest_drawn(const Situation& situation) {
  const Situation::Outbound* oldest = nullptr;
  for (const Situation::Outbound& peer : situation.outbound) {
    if (!peer.may_leave || drawn_ids_.use(peer.id) == nullptr) continue;
    if (oldest == nullptr || peer.since < oldest->since) oldest = &peer;
  }
  return oldest == nullptr ? std::nullopt : std::optional(oldest->id);
}

// Of the peers that are there for their age the youngest; one that was drawn, when too few are.
std::optional<OutboundPolicy::Chosen> OutboundPolicy::replaceable(const Situation& situation) {
  std::optional<Chosen> youngest;
  std::size_t drawn = 0;
  for (const Situation::Outbound& peer : situation.outbound) {
    if (!peer.may_leave) continue;
    drawn += drawn_ids_.use(peer.id) != nullptr ? 1 : 0;
    if (chosen_ids_.use(peer.id) == nullptr) continue;
    addrbook::Time since = situation.book_now;
    for (const KnownAddress* known : book_.find(peer.id)) {
      if (known->verified_since != addrbook::kNever) {
        since = std::min(since, addrbook::ranks_from(*known, settled_));
      }
    }
    if (!youngest || since > youngest->ranks_from) youngest = {peer.id, since};
  }
  const std::size_t to_draw =
      situation.outbound.size() - situation.outbound.size() * limits_.chosen_percent / 100;
  if (drawn > to_draw) {
    const auto oldest = oldest_drawn(situation);
    if (oldest) return Chosen{*oldest, addrbook::Time::max()};
  }
  return youngest;
}

std::optional<NetAddress> OutboundPolicy::moved_node(const Situation& situation) {
  for (const NetAddress& address : book_.to_visit(situation.book_now)) {
    if (!situation.unavailable(*book_.find(address))) return address;
  }
  return std::nullopt;
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
