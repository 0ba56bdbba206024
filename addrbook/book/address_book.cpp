#include "addrbook/book/address_book.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <tuple>
#include <utility>

namespace peerage::addrbook {

using conn::IpAddress;
using conn::NetAddress;
using conn::NodeId;

namespace {

conn::KeyedHash hash_with(conn::Random& random) {
  conn::KeyedHash::Key key;
  for (std::size_t half = 0; half < 2; ++half) {
    const std::uint64_t word = random.next();
    std::memcpy(key.data() + 8 * half, &word, 8);
  }
  return conn::KeyedHash(key);
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

// The node tells of itself, at the IP that it connects from.
bool is_from_itself(const NetAddress& address, const Source& source) {
  const bool proven = source.origin == Origin::inbound || source.origin == Origin::discovery;
  return proven && source.id == address.id && source.ip == address.endpoint.ip;
}

// Whether it can be displaced by another address of its ID; and by one of another ID.
bool may_go_for_its_id(const KnownAddress& known) {
  return known.connected_since == kNever && known.origin != Origin::configuration;
}
bool may_go(const KnownAddress& known) {
  return known.kind == Kind::new_ && may_go_for_its_id(known);
}

// Of several that can be, the least goes: bad ones, hearsay, those that have never answered, and
// what showed itself longest ago. The address makes it one.
auto standing(const KnownAddress& known, Time now) {
  const bool first_hand = is_first_hand(known);
  return std::tuple(!AddressBook::is_bad(known, now), first_hand, known.last_connected != kNever,
                    first_hand ? last_shown(known) : known.last_seen, known.address);
}

}  // namespace

std::string_view name(Added outcome) noexcept {
  return kAddedNames[static_cast<std::size_t>(outcome)];
}

AddressBook::AddressBook(std::string network, const NodeId& own_id, const BookKey& key,
                         const conn::Random::Seed& seed, BookConfig config)
    : network_(std::move(network)),
      own_id_(own_id),
      config_(std::move(config)),
      placement_(key, config_.strict, config_.geometry),
      random_(seed),
      tables_{BucketTable(config_.geometry.new_buckets),
              BucketTable(config_.geometry.tried_buckets)},
      hash_(hash_with(random_)),
      by_group_(hash_),
      told_(config_.told_per_second, config_.told_burst, config_.told_after_request) {}

// --- what never enters ---

void AddressBook::add_own(const conn::Endpoint& endpoint) {
  if (own_.size() >= kMaxOwnAddresses || !own_.insert(endpoint).second) return;
  std::vector<NetAddress> ours;
  for_each([&](const KnownAddress& known) {
    if (known.address.endpoint == endpoint) ours.push_back(known.address);
  });
  for (const NetAddress& address : ours) forget(address);
}

void AddressBook::set_private_ids(std::set<NodeId> ids) {
  config_.private_ids = std::move(ids);
  for (const NodeId& id : config_.private_ids) forget(id);
}

std::optional<Added> AddressBook::never_enters(const NetAddress& address) const {
  const IpAddress& ip = address.endpoint.ip;
  if (!could_be_a_peer(address)) return Added::invalid;
  if (config_.strict == IpAddress::Strict::yes && !routable(ip)) {
    return Added::unroutable;
  }
  if (address.id == own_id_ || own_.contains(address.endpoint)) return Added::own;
  if (config_.private_ids.contains(address.id)) return Added::private_id;
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
  if (source.id != NodeId() && config_.private_ids.contains(source.id)) return Added::private_id;
  if (const auto index = index_of(address)) {
    heard_again(*index, source, now);
    return Added::known;
  }
  const bool from_itself = is_from_itself(address, source);
  const bool unrated = from_itself || source.origin == Origin::configuration ||
                       source.origin == Origin::import || exempt(source.ip);
  if (!unrated && !told_.take(placement_.group(source.ip), source.word, now)) {
    return Added::told_too_fast;
  }
  KnownAddress known;
  known.address = address;
  known.source = source.ip;
  known.origin = source.origin;
  known.first_seen = known.last_seen = now;
  if (from_itself) known.said_itself = now;
  return take_in(std::move(known), now).value_or(Added::added);
}

void AddressBook::heard_again(Index index, const Source& source, Time now) {
  KnownAddress& known = at(index).known;
  if (now - known.last_seen >= kSeenResolution) {
    known.last_seen = now;
    touch(index);
  }
  if (!is_from_itself(known.address, source) || now - known.said_itself < kSaidResolution) return;
  if (is_first_hand(known)) {
    known.said_itself = now;
    touch(index);
    note_move(known.address, now);
    return;
  }
  // It was hearsay: it goes to where first-hand addresses are, if there is room, and stays else.
  const Entry before = at(index);
  erase(index);
  KnownAddress from_now_on = before.known;
  from_now_on.source = source.ip;
  from_now_on.origin = source.origin;
  from_now_on.said_itself = now;
  if (take_in(std::move(from_now_on), now)) touch(insert(before.known, before.place));
}

// Nothing has changed when it is refused.
std::optional<Added> AddressBook::take_in(KnownAddress known, Time now) {
  std::vector<Index> give_way;
  if (const auto refused = refused_for_its_id(known, now, give_way)) return refused;
  if (const auto refused = crowded(known, now, give_way)) return refused;
  if (!room_for(known, now)) return Added::no_place;
  for (const Index index : give_way) erase(index);
  const Place place = *room_for(known, now);
  if (const auto holder = tables_[index_of(Kind::new_)].holder(place)) erase(*holder);
  const NetAddress address = known.address;
  const bool from_itself = known.said_itself != kNever;
  touch(insert(std::move(known), place));
  if (from_itself) note_move(address, now);
  return std::nullopt;
}

// It says that it is there, and has answered somewhere else.
void AddressBook::note_move(const NetAddress& address, Time now) {
  for (const Index index : indices_of(address.id)) {
    const KnownAddress& other = at(index).known;
    if (other.address == address || other.last_connected == kNever) continue;
    moves_.add(address, now);
    return;
  }
}

void AddressBook::spare_id(Index index, Time now) {
  std::vector<Index> others;
  for (const Index other : indices_of(at(index).known.address.id)) {
    const KnownAddress& known = at(other).known;
    if (other != index && is_first_hand(known) && may_go_for_its_id(known)) others.push_back(other);
  }
  std::sort(others.begin(), others.end(), [&](Index a, Index b) {
    return standing(at(a).known, now) > standing(at(b).known, now);
  });
  while (others.size() >= config_.max_first_hand_per_id) {
    erase(others.back());
    others.pop_back();
  }
}

std::optional<Added> AddressBook::refused_for_its_id(const KnownAddress& known, Time now,
                                                     std::vector<Index>& give_way) const {
  const bool first_hand = is_first_hand(known);
  const std::uint64_t group = placement_.group(known.source);
  std::size_t of_its_kind = 0, of_this_source = 0;
  std::optional<Index> least, bad, bad_of_this_source;
  for (const Index index : indices_of(known.address.id)) {
    const KnownAddress& other = at(index).known;
    if (!first_hand && other.last_connected != kNever && !is_stale(other, now)) {
      return Added::proven_elsewhere;
    }
    if (is_first_hand(other) != first_hand) continue;
    ++of_its_kind;
    const bool same_source = placement_.group(other.source) == group;
    of_this_source += same_source ? 1 : 0;
    if (first_hand ? !may_go_for_its_id(other) : !may_go(other)) continue;
    if (!least || standing(other, now) < standing(at(*least).known, now)) least = index;
    if (is_bad(other, now)) (same_source ? bad_of_this_source : bad) = index;
  }
  if (first_hand) {
    if (of_its_kind < config_.max_first_hand_per_id) return std::nullopt;
    if (!least) return Added::too_many_candidates;
    give_way.push_back(*least);
    return std::nullopt;
  }
  const bool source_is_full = of_this_source >= config_.max_candidates_per_source;
  if (of_its_kind < config_.max_candidates && !source_is_full) return std::nullopt;
  if (bad_of_this_source) bad = bad_of_this_source;
  if (source_is_full && !bad_of_this_source) return Added::too_many_candidates;
  if (!bad) bad = told_by_a_busier_group(known, of_this_source, now);
  if (!bad) return Added::too_many_candidates;
  give_way.push_back(*bad);
  return std::nullopt;
}

// Of the candidates for its ID from hearsay: the least that a source group told of that has told
// of more than the group of this one will have.
std::optional<AddressBook::Index> AddressBook::told_by_a_busier_group(const KnownAddress& known,
                                                                      std::size_t of_this_source,
                                                                      Time now) const {
  std::map<std::uint64_t, std::vector<Index>> told;
  for (const Index index : indices_of(known.address.id)) {
    const KnownAddress& other = at(index).known;
    if (!is_first_hand(other)) told[placement_.group(other.source)].push_back(index);
  }
  std::optional<Index> least;
  for (const auto& [group, those] : told) {
    if (those.size() < of_this_source + 2) continue;
    for (const Index index : those) {
      const KnownAddress& other = at(index).known;
      if (!may_go(other)) continue;
      if (!least || standing(other, now) < standing(at(*least).known, now)) least = index;
    }
  }
  return least;
}

bool AddressBook::exempt(const IpAddress& ip) const {
  return (config_.strict == IpAddress::Strict::no && !routable(ip)) ||
         conn::any_contains(config_.exempt_networks, ip);
}

std::optional<Added> AddressBook::crowded(const KnownAddress& known, Time now,
                                          std::vector<Index>& give_way) const {
  if (!is_capped(known)) return std::nullopt;
  const IpAddress& ip = known.address.endpoint.ip;
  // From hearsay, and first-hand: how many, and those that may go for it.
  struct Crowd {
    std::array<std::size_t, 2> count{};
    std::array<std::vector<Index>, 2> may_go;
  };
  const bool first_hand = is_first_hand(known);
  const auto crowd_of = [&](const IpAddress& network, IpAddress (*network_of)(const IpAddress&)) {
    Crowd crowd;
    by_neighbourhood_.for_each(hash_(conn::neighbourhood_of(ip)), [&](Index index) {
      const KnownAddress& other = at(index).known;
      if (network_of(other.address.endpoint.ip) != network) return;
      if (std::find(give_way.begin(), give_way.end(), index) != give_way.end()) return;
      const std::size_t kind = is_first_hand(other) ? 1 : 0;
      ++crowd.count[kind];
      if (may_go(other) && (first_hand || is_bad(other, now))) crowd.may_go[kind].push_back(index);
    });
    return crowd;
  };
  // A first-hand address takes the place of one of its like, and hearsay is not in its way. For
  // hearsay both are, and only bad ones go.
  const auto make_way = [&](Crowd crowd, std::array<std::size_t, 2> caps) {
    for (std::size_t kind = first_hand ? 1 : 0; kind < 2; ++kind) {
      if (crowd.count[kind] < caps[kind]) continue;
      auto& those = crowd.may_go[kind];
      const std::size_t wanted = first_hand ? 1 : crowd.count[kind] - caps[kind] + 1;
      if (those.size() < wanted) return false;
      std::sort(those.begin(), those.end(), [&](Index a, Index b) {
        return standing(at(a).known, now) < standing(at(b).known, now);
      });
      give_way.insert(give_way.end(), those.begin(),
                      those.begin() + static_cast<std::ptrdiff_t>(wanted));
    }
    return true;
  };
  if (!make_way(crowd_of(conn::host_of(ip), conn::host_of),
                {config_.max_per_host, config_.max_first_hand_per_host})) {
    return Added::too_many_for_host;
  }
  if (!make_way(crowd_of(conn::neighbourhood_of(ip), conn::neighbourhood_of),
                {config_.max_per_neighbourhood, config_.max_first_hand_per_neighbourhood})) {
    return Added::too_many_for_neighbourhood;
  }
  return std::nullopt;
}

// In the bucket where it belongs: a place that is free, or that a bad one holds; for a first-hand
// address also that of hearsay, or of its like of the same group.
std::optional<Place> AddressBook::room_for(const KnownAddress& known, Time now) const {
  const Place first = place_for(Kind::new_, known.address, known.source);
  if (may_have(first, now)) return first;
  if (!is_first_hand(known)) return std::nullopt;
  const std::uint64_t group = placement_.group(known.address.endpoint.ip);
  std::optional<Place> room;
  const KnownAddress* least = nullptr;
  Place place = first;
  for (place.position = 0; place.position < config_.geometry.bucket_size; ++place.position) {
    const KnownAddress& holder = at(*tables_[index_of(Kind::new_)].holder(place)).known;
    const bool its_like = !is_first_hand(holder) || is_bad(holder, now) ||
                          placement_.group(holder.address.endpoint.ip) == group;
    if (!may_go(holder) || !its_like) continue;
    if (least != nullptr && !(standing(holder, now) < standing(*least, now))) continue;
    least = &holder;
    room = place;
  }
  return room;
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

}  // namespace peerage::addrbook
