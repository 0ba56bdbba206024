#include "addrbook/address_book.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace peerage::addrbook {

using conn::IpAddress;
using conn::NetAddress;
using conn::NodeId;
using conn::Reason;
using conn::Stage;

namespace {

KeyedHash hash_with(Random& random) {
  conn::ByteArray<16> key;
  for (std::size_t half = 0; half < 2; ++half) {
    const std::uint64_t word = random.next();
    std::memcpy(key.data() + 8 * half, &word, 8);
  }
  return KeyedHash(key);
}

// What no peer of any network could have.
bool could_be_a_peer(const NetAddress& address) {
  const IpAddress& ip = address.endpoint.ip;
  return address.valid() && address.endpoint.port != 0 && !ip.multicast() && !ip.reserved() &&
         !ip.rfc5737();
}

constexpr std::array<std::string_view, kAddedCount> kAddedNames = {"added",
                                                                   "known",
                                                                   "invalid",
                                                                   "unroutable",
                                                                   "own",
                                                                   "private_id",
                                                                   "proven_elsewhere",
                                                                   "too_many_candidates",
                                                                   "too_many_for_host",
                                                                   "too_many_for_neighbourhood",
                                                                   "told_too_fast",
                                                                   "no_place"};

// Whether we failed, and not it.
bool is_ours(const conn::Failure& why) {
  return why.stage == Stage::configuration || why.reason == Reason::out_of_descriptors ||
         why.reason == Reason::address_in_use || why.reason == Reason::stopping ||
         why.reason == Reason::stopped_locally;
}

std::string printable_head(std::string_view text) {
  return conn::printable(text, NodeFacts::kMaxText);
}

}  // namespace

std::string_view name(Added outcome) noexcept {
  return kAddedNames[static_cast<std::size_t>(outcome)];
}

AddressBook::AddressBook(std::string network, const NodeId& own_id, const BookKey& key,
                         const Random::Seed& seed, BookConfig config)
    : network_(std::move(network)),
      own_id_(own_id),
      config_(std::move(config)),
      placement_(key, config_.strict, config_.geometry),
      random_(seed),
      tables_{BucketTable(config_.geometry.fresh_buckets),
              BucketTable(config_.geometry.vetted_buckets)},
      by_id_(0, hash_with(random_)),
      by_neighbourhood_(0, hash_with(random_)),
      told_(config_.told_per_second, config_.told_burst, config_.told_after_request) {
  // Most lookups find nothing: short chains are worth their memory.
  by_id_.max_load_factor(0.5F);
  by_neighbourhood_.max_load_factor(0.5F);
}

// --- what never enters ---

void AddressBook::add_own(const conn::Endpoint& endpoint) {
  if (own_.size() >= kMaxOwnAddresses || !own_.insert(endpoint).second) return;
  const auto [begin, end] = by_neighbourhood_.equal_range(conn::neighbourhood_of(endpoint.ip));
  std::vector<Index> ours;
  for (auto it = begin; it != end; ++it) {
    if (at(it->second).known.address.endpoint == endpoint) ours.push_back(it->second);
  }
  for (const Index index : ours) erase(index);
}

void AddressBook::set_private_ids(std::set<NodeId> ids) {
  private_ids_ = std::move(ids);
  for (const NodeId& id : private_ids_) forget(id);
}

std::optional<Added> AddressBook::never_enters(const NetAddress& address) const {
  const IpAddress& ip = address.endpoint.ip;
  if (!could_be_a_peer(address)) return Added::invalid;
  if (config_.strict == IpAddress::Strict::yes && !routable(ip)) {
    return Added::unroutable;
  }
  if (address.id == own_id_ || own_.contains(address.endpoint)) return Added::own;
  if (private_ids_.contains(address.id)) return Added::private_id;
  return std::nullopt;
}

// --- hearing of addresses ---

Added AddressBook::add(const NetAddress& address, const Source& source, Time now) {
  wake(now);
  const Added outcome = decide(address, source, now);
  ++added_[static_cast<std::size_t>(outcome)];
  return outcome;
}

void AddressBook::expect_answer(const IpAddress& source, Time now) {
  told_.expect_answer(placement_.group(source), now);
}

Added AddressBook::decide(const NetAddress& address, const Source& source, Time now) {
  if (const auto refused = never_enters(address)) return *refused;
  if (source.id != NodeId() && private_ids_.contains(source.id)) return Added::private_id;
  if (const auto index = index_of(address)) {
    KnownAddress& known = at(*index).known;
    if (now - known.last_seen >= kSeenResolution) {
      known.last_seen = now;
      touch(*index);
    }
    return Added::known;
  }
  const bool own_word = source.origin == Origin::configuration || source.origin == Origin::import;
  if (!own_word && !told_.take(placement_.group(source.ip), now)) return Added::told_too_fast;
  // Who gives way goes only when nothing else refuses the address.
  std::vector<Index> give_way;
  if (const auto refused = refused_for_its_id(address, source, now, give_way)) return *refused;
  if (source.origin != Origin::configuration) {
    if (const auto refused = crowded(address.endpoint.ip, now, give_way)) return *refused;
  }
  if (!may_have(place_for(Kind::fresh, address, source.ip), now)) return Added::no_place;
  for (const Index index : give_way) erase(index);
  const Place place = place_for(Kind::fresh, address, source.ip);
  make_room(place, now);
  KnownAddress known;
  known.address = address;
  known.source = source.ip;
  known.origin = source.origin;
  known.first_seen = known.last_seen = now;
  touch(insert(std::move(known), place));
  return Added::added;
}

std::optional<Added> AddressBook::refused_for_its_id(const NetAddress& address,
                                                     const Source& source, Time now,
                                                     std::vector<Index>& give_way) const {
  const std::uint64_t group = placement_.group(source.ip);
  std::size_t candidates = 0, of_this_source = 0;
  std::optional<Index> bad, bad_of_this_source;
  for (const Index index : indices_of(address.id)) {
    const KnownAddress& known = at(index).known;
    const bool given_up = is_bad(known, now);
    if (known.last_connected != kNever && !is_stale(known, now)) return Added::proven_elsewhere;
    const bool same_source = placement_.group(known.source) == group;
    if (given_up && known.kind == Kind::fresh) (same_source ? bad_of_this_source : bad) = index;
    ++candidates;
    of_this_source += same_source ? 1 : 0;
  }
  const bool source_is_full = of_this_source >= config_.max_candidates_per_source;
  if (candidates < config_.max_candidates && !source_is_full) return std::nullopt;
  if (bad_of_this_source) bad = bad_of_this_source;
  if (!bad || (source_is_full && !bad_of_this_source)) return Added::too_many_candidates;
  give_way.push_back(*bad);
  return std::nullopt;
}

bool AddressBook::exempt(const IpAddress& ip) const {
  return (config_.strict == IpAddress::Strict::no && !routable(ip)) ||
         conn::any_contains(config_.exempt_networks, ip);
}

std::optional<Added> AddressBook::crowded(const IpAddress& ip, Time now,
                                          std::vector<Index>& give_way) const {
  if (exempt(ip)) return std::nullopt;
  const IpAddress host = conn::host_of(ip);
  const auto [begin, end] = by_neighbourhood_.equal_range(conn::neighbourhood_of(ip));
  std::size_t neighbours = 0, at_host = 0;
  std::optional<Index> bad_neighbour, bad_at_host;
  for (auto it = begin; it != end; ++it) {
    if (std::find(give_way.begin(), give_way.end(), it->second) != give_way.end()) continue;
    const KnownAddress& known = at(it->second).known;
    if (known.origin == Origin::configuration || exempt(known.address.endpoint.ip)) continue;
    const bool same_host = conn::host_of(known.address.endpoint.ip) == host;
    const bool replaceable = known.kind == Kind::fresh && is_bad(known, now);
    ++neighbours;
    at_host += same_host ? 1 : 0;
    if (replaceable) (same_host ? bad_at_host : bad_neighbour) = it->second;
  }
  if (at_host >= config_.max_per_host) {
    if (!bad_at_host) return Added::too_many_for_host;
    give_way.push_back(*bad_at_host);
  } else if (neighbours >= config_.max_per_neighbourhood) {
    const auto bad = bad_neighbour ? bad_neighbour : bad_at_host;
    if (!bad) return Added::too_many_for_neighbourhood;
    give_way.push_back(*bad);
  }
  return std::nullopt;
}

bool AddressBook::is_bad(const KnownAddress& known, Time now) {
  return is_stale(known, now) || (known.bad_until > now && known.connected_since == kNever);
}

bool AddressBook::is_stale(const KnownAddress& known, Time now) {
  if (known.connected_since != kNever) return false;
  if (known.last_attempt != kNever && now - known.last_attempt < kJustTried) return false;
  if (known.last_connected == kNever && known.failures >= kFailuresNeverMet) return true;
  if (known.failures >= kFailuresOnceMet && now - known.last_connected > kOnceMetLimit) return true;
  return now - std::max(known.last_seen, known.last_connected) > kUnheardOfLimit;
}

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
  // When we reach nobody at all, that says nothing of this one; once is enough to notice.
  const bool counts = known.last_failed <= last_met_;
  known.failed_stage = why.stage;
  known.failure = why.reason;
  known.last_failed = now;
  touch(*index);
  if (why.reason == Reason::wrong_id) {
    blame_.add(placement_.group(known.source), now);
    if (++known.wrong_ids >= kWrongIdsToForget) {
      erase(*index);
      return true;
    }
  }
  if (why.reason == Reason::wrong_network) {
    known.verified_since = kNever;
    known.last_verified = kNever;
    verified_.remove(*index);
    rest(*index, std::max(known.bad_until, now + kOtherNetworkRest));
    return true;
  }
  // From the NodeInfo on it has answered and proved itself, whatever came then.
  if (why.stage >= Stage::node_info || is_ours(why)) return true;
  known.reliability.record(Outcome::failed, now);
  if (!counts) return true;
  ++known.failures;
  contests_.expire(now);
  const auto challenger = contests_.challenger_of(*index);
  if (challenger && now - last_met_ <= kAbleToConnect) {
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
  last_met_ = std::max(last_met_, now);
  if (!index) return false;
  for (const Index other : indices_of(address.id)) {
    if (other != *index) erase(other);
  }
  KnownAddress& known = at(*index).known;
  known.last_connected = known.last_seen = now;
  known.failures = 0;
  known.wrong_ids = 0;
  if (round_trip.count() > 0) {
    known.round_trip_us = static_cast<std::uint32_t>(
        std::min<std::int64_t>(round_trip.count(), std::numeric_limits<std::uint32_t>::max()));
  }
  // One that would have a place does not lose its claim by answering.
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
  facts.moniker = printable_head(facts.moniker);
  facts.version = printable_head(facts.version);
  if (facts.channels.size() > NodeFacts::kMaxChannels) {
    facts.channels.resize(NodeFacts::kMaxChannels);
  }
  if (!known.facts || *known.facts != facts) {
    known.facts = std::make_shared<const NodeFacts>(std::move(facts));
  }
  if (known.bad_until <= now) verified_.add(*index);
  touch(*index);
  if (config_.vet_by_visits == BookConfig::VetByVisits::yes &&
      now - known.verified_since >= kVettingVisits) {
    vet(*index, now);
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
  if (lasted >= kVettingSession && brought == Brought::messages) vet(*index, now);
  return true;
}

bool AddressBook::mark_useful(const NetAddress& address, Time now) {
  const auto index = index_of(address);
  if (!index) return false;
  vet(*index, now);
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

// --- resting and vetting ---

void AddressBook::rest(Index index, Time until) {
  KnownAddress& known = at(index).known;
  resting_.erase({known.bad_until, index});
  known.bad_until = until;
  touch(index);
  if (until != kNever) {
    resting_.insert({until, index});
    drawn_[index_of(known.kind)].remove(index);
    verified_.remove(index);
    contests_.end(index);
  } else {
    drawn_[index_of(known.kind)].add(index);
    if (known.last_verified != kNever) verified_.add(index);
  }
}

void AddressBook::wake(Time now) {
  while (!resting_.empty() && resting_.begin()->first <= now) {
    rest(resting_.begin()->second, kNever);
  }
}

void AddressBook::vet(Index index, Time now) {
  const KnownAddress& known = at(index).known;
  const bool proven = known.last_connected != kNever && known.last_verified != kNever;
  if (known.kind == Kind::vetted || !proven || known.bad_until > now) return;
  const Place place = place_for(Kind::vetted, known.address, known.source);
  const auto holder = tables_[index_of(Kind::vetted)].holder(place);
  if (!holder) {
    promote(index, place);
    return;
  }
  const KnownAddress& held_by = at(*holder).known;
  if (held_by.bad_until > now || config_.vetted == BookConfig::Evict::at_once) {
    displace(*holder, index, now);
    return;
  }
  const bool fine =
      held_by.connected_since != kNever ||
      (held_by.last_connected != kNever && now - held_by.last_connected < kHolderIsFine);
  contests_.expire(now);
  if (!fine) contests_.add({*holder, index, now});
}

void AddressBook::promote(Index index, Place place) {
  leave_place(index);
  take_place(index, Kind::vetted, place);
  contests_.end(index);
  touch(index);
}

void AddressBook::displace(Index holder, Index challenger, Time now) {
  const Place vacated = at(holder).place;
  contests_.end(holder);
  leave_place(holder);
  promote(challenger, vacated);
  // The holder is a fresh address again, by the rules for those.
  const KnownAddress& known = at(holder).known;
  const Place back = place_for(Kind::fresh, known.address, known.source);
  if (make_room(back, now)) {
    take_place(holder, Kind::fresh, back);
    touch(holder);
  } else {
    remove_entry(holder);
  }
}

Place AddressBook::place_for(Kind kind, const NetAddress& address, const IpAddress& source) const {
  const Place first = placement_.of(kind, address, source);
  return tables_[index_of(kind)].free_place(first, config_.geometry.bucket_size).value_or(first);
}

bool AddressBook::may_have(Place place, Time now) const {
  const auto holder = tables_[index_of(Kind::fresh)].holder(place);
  return !holder || config_.fresh == BookConfig::Displace::any || is_bad(at(*holder).known, now);
}

bool AddressBook::make_room(Place place, Time now) {
  if (!may_have(place, now)) return false;
  if (const auto holder = tables_[index_of(Kind::fresh)].holder(place)) erase(*holder);
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
  if (entry.known.bad_until == kNever) drawn_[index_of(kind)].add(index);
}

}  // namespace peerage::addrbook
