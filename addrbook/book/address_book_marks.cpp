// What dialling teaches: proof, verification, failure, rest, becoming tried and displacement.
#include <algorithm>
#include <limits>
#include <utility>

#include "addrbook/book/address_book.h"

namespace peerage::addrbook {

using conn::IpAddress;
using conn::NetAddress;
using conn::NodeId;
using conn::Reason;
using conn::Stage;

namespace {

// Whether the fault is ours, not the node's.
bool is_ours(const conn::Failure& why) {
  return why.stage == Stage::configuration || why.reason == Reason::out_of_descriptors ||
         why.reason == Reason::address_in_use || why.reason == Reason::stopping ||
         why.reason == Reason::stopped_locally;
}

// As much of it as a record holds. Escaping makes it longer, so it is cut afterwards, too.
std::string bounded(std::string_view text) {
  std::string safe = conn::printable(text, NodeFacts::kMaxText);
  safe.resize(std::min(safe.size(), NodeFacts::kMaxText));
  return safe;
}

}  // namespace

// --- what came of dialling ---

bool AddressBook::mark_attempt(const NetAddress& address, Time now) {
  const auto index = index_of(address);
  if (!index) return false;
  KnownAddress& known = at(*index).known;
  known.last_attempt = now;
  ++known.attempts;
  touch(*index);
  return true;
}

bool AddressBook::mark_failed(const NetAddress& address, const conn::Failure& why, Time now) {
  const auto index = index_of(address);
  if (!index) return false;
  KnownAddress& known = at(*index).known;
  // A failure counts only while something else of ours works: an outage of our own network says
  // nothing about this node, and costs it one failure at most.
  const bool counts = known.last_failed <= last_met_ || now - last_heard_ <= kHeardLately;
  known.failed_stage = why.stage;
  known.failure = why.reason;
  known.last_failed = now;
  touch(*index);
  if (why.reason == Reason::wrong_id) {
    // Before it is erased: the source goes with the record.
    blame_.add(placement_.group(known.source), now);
    if (++known.wrong_ids >= kWrongIdsToForget) {
      erase(*index);
      return true;
    }
    unverify(*index);
  }
  if (why.reason == Reason::wrong_network) {
    unverify(*index);
    // Not erased, or the next peer that tells of it would have it dialled again.
    rest(*index, std::max(known.bad_until, now + kOtherNetworkRest));
    return true;
  }
  // From the NodeInfo on it has answered and proved its ID, whatever came then.
  if (why.stage >= Stage::node_info || is_ours(why)) return true;
  known.reliability.record(Outcome::failed, now);
  if (!counts) return true;
  ++known.failures;
  settle(address.id);
  // First, so that a contest that ended untested displaces nothing.
  contests_.expire(now);
  const auto challenger = contests_.challenger_of(*index);
  // A failed dial of a holder is its test, but only while others answer.
  if (challenger && (now - last_met_ <= kAbleToConnect || now - last_heard_ <= kHeardLately)) {
    displace(*index, *challenger, now);
    return true;
  }
  const bool once_met =
      known.last_connected != kNever && now - known.last_connected <= kOnceMetLimit;
  if (known.failures >= kFailuresToForget && !once_met) erase(*index);
  return true;
}

bool AddressBook::mark_connected(const NetAddress& address, std::chrono::microseconds round_trip,
                                 Time now) {
  const auto index = index_of(address);
  // Also by a node that is not in the book: it shows that our own network works.
  last_met_ = std::max(last_met_, now);
  if (!index) return false;
  for (const Index other : indices_of(address.id)) {
    if (other != *index && !is_first_hand(at(other).known)) erase(other);
  }
  spare_id(*index, now);
  KnownAddress& known = at(*index).known;
  known.last_connected = known.last_seen = now;
  known.failures = 0;
  known.wrong_ids = 0;
  if (round_trip.count() > 0) {
    known.round_trip_us = static_cast<std::uint32_t>(
        std::min<std::int64_t>(round_trip.count(), std::numeric_limits<std::uint32_t>::max()));
  }
  // A holder that answers keeps its place; a challenger that answers keeps its claim.
  if (contests_.challenger_of(*index)) contests_.end(*index);
  touch(*index);
  return true;
}

bool AddressBook::mark_verified(const NetAddress& address, NodeFacts facts, Time now) {
  const auto index = index_of(address);
  if (!index) return false;
  KnownAddress& known = at(*index).known;
  if (known.verified_since == kNever) known.verified_since = now;
  known.last_verified = now;
  known.reliability.record(Outcome::succeeded, now);
  facts.moniker = bounded(facts.moniker);
  facts.version = bounded(facts.version);
  if (facts.channels.size() > NodeFacts::kMaxChannels) {
    facts.channels.resize(NodeFacts::kMaxChannels);
  }
  // A new object, not a change in place: rows that the store's thread is writing share the old one.
  if (!known.facts || *known.facts != facts) {
    known.facts = std::make_shared<const NodeFacts>(std::move(facts));
  }
  touch(*index);
  if (config_.tried_by_visits == BookConfig::TriedByVisits::yes &&
      now - known.verified_since >= kTriedVisits) {
    make_tried(*index, now);
  }
  return true;
}

bool AddressBook::mark_joined(const NetAddress& address, Time now) {
  const auto index = index_of(address);
  if (!index) return false;
  at(*index).known.connected_since = now;
  touch(*index);
  return true;
}

bool AddressBook::mark_left(const NetAddress& address, Time now) {
  const auto index = index_of(address);
  if (!index) return false;
  KnownAddress& known = at(*index).known;
  known.connected_since = kNever;
  known.last_seen = std::max(known.last_seen, now);
  touch(*index);
  return true;
}

bool AddressBook::mark_session(const NetAddress& address, Seconds lasted, Brought brought,
                               Time now) {
  const auto index = index_of(address);
  if (!index) return false;
  if (lasted >= kTriedSession && brought == Brought::messages) make_tried(*index, now);
  return true;
}

bool AddressBook::mark_useful(const NetAddress& address, Time now) {
  const auto index = index_of(address);
  if (!index) return false;
  make_tried(*index, now);
  return true;
}

bool AddressBook::mark_bad(const NetAddress& address, Reason why, Time until, Time now) {
  wake(now);
  const auto index = index_of(address);
  if (!index) return false;
  KnownAddress& known = at(*index).known;
  known.failed_stage = Stage::established;
  known.failure = why;
  known.last_failed = now;
  rest(*index, std::min(until, now + kMaxRest));
  return true;
}

std::size_t AddressBook::mark_bad(const NodeId& id, Reason why, Time until, Time now) {
  const auto indices = indices_of(id);
  for (const Index index : indices) mark_bad(at(index).known.address, why, until, now);
  return indices.size();
}

bool AddressBook::reinstate(const NetAddress& address, Time now) {
  wake(now);
  const auto index = index_of(address);
  if (!index) return false;
  if (resting_.contains({at(*index).known.bad_until, *index})) rest(*index, kNever);
  return true;
}

bool AddressBook::forget(const NetAddress& address) {
  const auto index = index_of(address);
  if (index) erase(*index);
  return index.has_value();
}

std::size_t AddressBook::forget(const NodeId& id) {
  const auto indices = indices_of(id);
  for (const Index index : indices) erase(index);
  return indices.size();
}

// --- resting, and becoming tried ---

void AddressBook::unverify(Index index) {
  KnownAddress& known = at(index).known;
  known.verified_since = kNever;
  known.last_verified = kNever;
  list(index);
}

void AddressBook::rest(Index index, Time until) {
  KnownAddress& known = at(index).known;
  // `resting_` is ordered by the end of the rest: out before that changes.
  resting_.erase({known.bad_until, index});
  known.bad_until = until;
  touch(index);
  if (until == kNever) return;
  resting_.insert({until, index});
  // As a challenger it has no claim now; as a holder it goes without a test (make_tried).
  contests_.end(index);
}

void AddressBook::wake(Time now) {
  while (!resting_.empty() && resting_.begin()->first <= now) {
    rest(resting_.begin()->second, kNever);
  }
}

void AddressBook::make_tried(Index index, Time now) {
  const KnownAddress& known = at(index).known;
  const bool proven = known.last_connected != kNever && known.last_verified != kNever;
  if (known.kind == Kind::tried || !proven || known.bad_until > now) return;
  const Place place = place_for(Kind::tried, known.address, known.source);
  const auto holder = tables_[index_of(Kind::tried)].holder(place);
  if (!holder) {
    promote(index, place);
    return;
  }
  const KnownAddress& held_by = at(*holder).known;
  if (held_by.bad_until > now || config_.evict_tried == BookConfig::Evict::at_once) {
    displace(*holder, index, now);
    return;
  }
  // Displacing a holder untested would let an attacker flush out honest nodes with tried addresses
  // of its own. One that we met lately needs no test; any other is dialled first (to_test).
  const bool fine =
      held_by.connected_since != kNever ||
      (held_by.last_connected != kNever && now - held_by.last_connected < kHolderIsFine);
  // First, because `add` ignores a contest beyond kMaxContests.
  contests_.expire(now);
  if (!fine) contests_.add({*holder, index, now});
}

void AddressBook::promote(Index index, Place place) {
  leave_place(index);
  take_place(index, Kind::tried, place);
  contests_.end(index);
  touch(index);
}

void AddressBook::displace(Index holder, Index challenger, Time now) {
  const Place vacated = at(holder).place;
  contests_.end(holder);
  leave_place(holder);
  promote(challenger, vacated);
  // The holder is a new address again, under the rules for those. Its place is sought only now: it
  // may be the one that the challenger has just left.
  const KnownAddress& known = at(holder).known;
  const Place back = place_for(Kind::new_, known.address, known.source);
  if (make_room(back, now)) {
    take_place(holder, Kind::new_, back);
    touch(holder);
  } else {
    remove_entry(holder);
  }
}

Place AddressBook::place_for(Kind kind, const NetAddress& address, const IpAddress& source) const {
  // Any free place of the bucket, unlike addrman: that overwrites nothing, and IDs make collisions
  // of distinct addresses common in small networks.
  const Place first = placement_.of(kind, address, source);
  return tables_[index_of(kind)].free_place(first, config_.geometry.bucket_size).value_or(first);
}

bool AddressBook::may_have(Place place, Time now) const {
  const auto holder = tables_[index_of(Kind::new_)].holder(place);
  // A good holder stays, or gossip could flush honest addresses out of a full bucket.
  return !holder || config_.displace_new == BookConfig::Displace::any ||
         is_bad(at(*holder).known, now);
}

bool AddressBook::make_room(Place place, Time now) {
  if (!may_have(place, now)) return false;
  if (const auto holder = tables_[index_of(Kind::new_)].holder(place)) erase(*holder);
  return true;
}

void AddressBook::leave_place(Index index) {
  const Entry& entry = at(index);
  tables_[index_of(entry.known.kind)].free(entry.place);
  drawn_[index_of(entry.known.kind)].remove(index);
}

void AddressBook::take_place(Index index, Kind kind, Place place) {
  Entry& entry = at(index);
  entry.known.kind = kind;
  entry.place = place;
  tables_[index_of(kind)].put(place, index);
  for (DrawList& list : drawn_) list.remove(index);
  list(index);
}

}  // namespace peerage::addrbook
