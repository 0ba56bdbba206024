// What dialling teaches: proof, verification, failure, rest, becoming tried and displacement.
#include <algorithm>
#include <limits>
#include <utility>

#include "addrbook/book/address_book.h"

namespace peerage::addrbook {

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

// What was verified is no longer so: a seed does not serve it.
void unverify(KnownAddress& known) {
  known.verified_since = kNever;
  known.last_verified = kNever;
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
  const auto index = table_.find(address);
  if (!index) return false;
  KnownAddress& known = table_.record(*index);
  known.last_attempt = now;
  ++known.attempts;
  touch(*index);
  return true;
}

bool AddressBook::mark_failed(const NetAddress& address, const conn::Failure& why, Time now) {
  const auto index = table_.find(address);
  if (!index) return false;
  KnownAddress& known = table_.record(*index);
  // A failure counts only while something else of ours works: an outage of our own network says
  // nothing about this node, and costs it one failure at most.
  const bool counts = known.last_failed <= last_met_ || now - last_heard_ <= kHeardLately;
  known.failed_stage = why.stage;
  known.failure = why.reason;
  known.last_failed = now;
  if (why.reason == Reason::wrong_id || why.reason == Reason::wrong_network) unverify(known);
  touch(*index);
  if (why.reason == Reason::wrong_id) {
    // Before it is erased: the source goes with the record.
    picker_.blame(known.source, now);
    if (++known.wrong_ids >= kWrongIdsToForget) {
      drop(*index, Transition::expired);
      return true;
    }
  }
  if (why.reason == Reason::wrong_network) {
    // Not erased, or the next peer that tells of it would have it dialled again.
    rest(*index, std::max(known.bad_until, now + kOtherNetworkRest));
    return true;
  }
  // From the NodeInfo on it has answered and proved its ID, whatever came then.
  if (why.stage >= Stage::node_info || is_ours(why)) return true;
  known.reliability.record(Outcome::failed, now);
  if (!counts) return true;
  ++known.failures;
  table_.settle(*index);
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
  if (known.failures >= kFailuresToForget && !once_met) drop(*index, Transition::expired);
  return true;
}

bool AddressBook::mark_connected(const NetAddress& address, std::chrono::microseconds round_trip,
                                 Time now) {
  const auto index = table_.find(address);
  // Also by a node that is not in the book: it shows that our own network works.
  last_met_ = std::max(last_met_, now);
  if (!index) return false;
  for (const Index other : table_.find(address.id)) {
    if (other != *index && !is_first_hand(table_.record(other))) drop(other, Transition::expired);
  }
  for (const Index other : displacement_.gone_for_first_hand(*index, now)) {
    drop(other, Transition::expired);
  }
  KnownAddress& known = table_.record(*index);
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
  const auto index = table_.find(address);
  if (!index) return false;
  KnownAddress& known = table_.record(*index);
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
  const auto index = table_.find(address);
  if (!index) return false;
  table_.record(*index).connected_since = now;
  touch(*index);
  return true;
}

bool AddressBook::mark_left(const NetAddress& address, Time now) {
  const auto index = table_.find(address);
  if (!index) return false;
  KnownAddress& known = table_.record(*index);
  known.connected_since = kNever;
  known.last_seen = std::max(known.last_seen, now);
  touch(*index);
  return true;
}

bool AddressBook::mark_session(const NetAddress& address, Seconds lasted, Brought brought,
                               Time now) {
  const auto index = table_.find(address);
  if (!index) return false;
  if (lasted >= kTriedSession && brought == Brought::messages) make_tried(*index, now);
  return true;
}

bool AddressBook::mark_useful(const NetAddress& address, Time now) {
  const auto index = table_.find(address);
  if (!index) return false;
  make_tried(*index, now);
  return true;
}

bool AddressBook::mark_bad(const NetAddress& address, Reason why, Time until, Time now) {
  wake(now);
  const auto index = table_.find(address);
  if (!index) return false;
  KnownAddress& known = table_.record(*index);
  known.failed_stage = Stage::established;
  known.failure = why;
  known.last_failed = now;
  rest(*index, std::min(until, now + kMaxRest));
  return true;
}

std::size_t AddressBook::mark_bad(const NodeId& id, Reason why, Time until, Time now) {
  const auto indices = table_.find(id);
  for (const Index index : indices) mark_bad(table_.record(index).address, why, until, now);
  return indices.size();
}

bool AddressBook::reinstate(const NetAddress& address, Time now) {
  wake(now);
  const auto index = table_.find(address);
  if (!index) return false;
  if (table_.record(*index).bad_until != kNever) rest(*index, kNever);
  return true;
}

bool AddressBook::forget(const NetAddress& address) {
  const auto index = table_.find(address);
  if (index) drop(*index, Transition::forgotten);
  return index.has_value();
}

std::size_t AddressBook::forget(const NodeId& id) {
  const auto indices = table_.find(id);
  for (const Index index : indices) drop(index, Transition::forgotten);
  return indices.size();
}

// --- becoming tried ---

void AddressBook::make_tried(Index index, Time now) {
  const KnownAddress& known = table_.record(index);
  const bool proven = known.last_connected != kNever && known.last_verified != kNever;
  if (known.kind == Kind::tried || !proven || known.bad_until > now) return;
  const Place place = table_.place_for(Kind::tried, known.address, known.source);
  const auto holder = table_.holder(Kind::tried, place);
  if (!holder) {
    promote(index, place);
    return;
  }
  const KnownAddress& held_by = table_.record(*holder);
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
  note(Transition::promoted);
  table_.move(index, Kind::tried, place);
  contests_.end(index);
  touch(index);
}

void AddressBook::displace(Index holder, Index challenger, Time now) {
  const Place vacated = table_.place(holder);
  note(Transition::demoted);
  contests_.end(holder);
  table_.vacate(holder);
  promote(challenger, vacated);
  // The holder is a new address again, under the rules for those. Its place is sought only now: it
  // may be the one that the challenger has just left.
  const KnownAddress& known = table_.record(holder);
  const Place back = table_.place_for(Kind::new_, known.address, known.source);
  if (!displacement_.may_have(back, now)) return drop(holder, Transition::expired);
  if (const auto other = table_.holder(Kind::new_, back)) drop(*other, Transition::expired);
  table_.move(holder, Kind::new_, back);
  touch(holder);
}

}  // namespace peerage::addrbook
