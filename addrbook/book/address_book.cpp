#include "addrbook/book/address_book.h"

#include <algorithm>
#include <cstring>
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
    KnownAddress& known = at(*index).known;
    if (now - known.last_seen >= kSeenResolution) {
      known.last_seen = now;
      touch(*index);
    }
    return Added::known;
  }
  const bool own_word = source.origin == Origin::configuration || source.origin == Origin::import;
  const bool rated = !own_word && !exempt(source.ip);
  if (rated && !told_.take(placement_.group(source.ip), source.word, now)) {
    return Added::told_too_fast;
  }
  // A bad one is erased only when nothing else refuses the address.
  std::vector<Index> give_way;
  if (const auto refused = refused_for_its_id(address, source, now, give_way)) return *refused;
  if (source.origin != Origin::configuration) {
    if (const auto refused = crowded(address.endpoint.ip, now, give_way)) return *refused;
  }
  if (!may_have(place_for(Kind::new_, address, source.ip), now)) return Added::no_place;
  for (const Index index : give_way) erase(index);
  const Place place = place_for(Kind::new_, address, source.ip);
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
    if (given_up && known.kind == Kind::new_) (same_source ? bad_of_this_source : bad) = index;
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
  const IpAddress neighbourhood = conn::neighbourhood_of(ip);
  std::size_t neighbours = 0, at_host = 0;
  std::optional<Index> bad_neighbour, bad_at_host;
  by_neighbourhood_.for_each(hash_(neighbourhood), [&](Index index) {
    if (std::find(give_way.begin(), give_way.end(), index) != give_way.end()) return;
    const KnownAddress& known = at(index).known;
    if (conn::neighbourhood_of(known.address.endpoint.ip) != neighbourhood) return;
    const bool same_host = conn::host_of(known.address.endpoint.ip) == host;
    const bool replaceable = known.kind == Kind::new_ && is_bad(known, now);
    ++neighbours;
    at_host += same_host ? 1 : 0;
    if (replaceable) (same_host ? bad_at_host : bad_neighbour) = index;
  });
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

}  // namespace peerage::addrbook
