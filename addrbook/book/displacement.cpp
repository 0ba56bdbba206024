#include "addrbook/book/displacement.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>

namespace peerage::addrbook {

using conn::IpAddress;

namespace {

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
  return std::tuple(!is_bad(known, now), first_hand, known.last_connected != kNever,
                    first_hand ? last_shown(known) : known.last_seen, known.address);
}

}  // namespace

bool is_stale(const KnownAddress& known, Time now) {
  if (known.connected_since != kNever) return false;
  if (known.last_attempt != kNever && now - known.last_attempt < kJustTried) return false;
  if (known.last_connected == kNever && known.failures >= kFailuresNeverMet) return true;
  if (known.failures >= kFailuresOnceMet && now - known.last_connected > kOnceMetLimit) return true;
  return now - std::max(known.last_seen, known.last_connected) > kUnheardOfLimit;
}

bool is_bad(const KnownAddress& known, Time now) {
  return is_stale(known, now) || (known.bad_until > now && known.connected_since == kNever);
}

tl::expected<std::vector<Displacement::Index>, Added> Displacement::gone_for(
    const KnownAddress& known, Time now) const {
  Indices gone;
  if (const auto refused = refused_for_its_id(known, now, gone)) return tl::unexpected(*refused);
  if (const auto refused = refused_for_its_network(known, now, gone)) {
    return tl::unexpected(*refused);
  }
  if (!place_of(known, now)) return tl::unexpected(Added::no_place);
  return gone;
}

// --- its ID ---

std::optional<Added> Displacement::refused_for_its_id(const KnownAddress& known, Time now,
                                                      Indices& gone) const {
  const bool first_hand = is_first_hand(known);
  const std::uint64_t group = table_.group(known.source);
  std::size_t of_its_kind = 0, of_this_source = 0;
  std::optional<Index> least, bad, bad_of_this_source;
  for (const Index index : table_.find(known.address.id)) {
    const KnownAddress& other = table_.record(index);
    if (!first_hand && other.last_connected != kNever && !is_stale(other, now)) {
      return Added::proven_elsewhere;
    }
    if (is_first_hand(other) != first_hand) continue;
    ++of_its_kind;
    const bool same_source = table_.group(other.source) == group;
    of_this_source += same_source ? 1 : 0;
    if (first_hand ? !may_go_for_its_id(other) : !may_go(other)) continue;
    if (!least || standing(other, now) < standing(table_.record(*least), now)) least = index;
    if (is_bad(other, now)) (same_source ? bad_of_this_source : bad) = index;
  }
  if (first_hand) {
    if (of_its_kind < config_.max_first_hand_per_id) return std::nullopt;
    if (!least) return Added::too_many_candidates;
    gone.push_back(*least);
    return std::nullopt;
  }
  const bool source_is_full = of_this_source >= config_.max_candidates_per_source;
  if (of_its_kind < config_.max_candidates && !source_is_full) return std::nullopt;
  if (bad_of_this_source) bad = bad_of_this_source;
  if (source_is_full && !bad_of_this_source) return Added::too_many_candidates;
  if (!bad) bad = told_by_a_busier_group(known, of_this_source, now);
  if (!bad) return Added::too_many_candidates;
  gone.push_back(*bad);
  return std::nullopt;
}

// Of the candidates for its ID from hearsay: the least that a source group told of that has told
// of more than the group of this one will have.
std::optional<Displacement::Index> Displacement::told_by_a_busier_group(const KnownAddress& known,
                                                                        std::size_t of_this_source,
                                                                        Time now) const {
  std::map<std::uint64_t, Indices> told;
  for (const Index index : table_.find(known.address.id)) {
    const KnownAddress& other = table_.record(index);
    if (!is_first_hand(other)) told[table_.group(other.source)].push_back(index);
  }
  std::optional<Index> least;
  for (const auto& [group, those] : told) {
    if (those.size() < of_this_source + 2) continue;
    for (const Index index : those) {
      const KnownAddress& other = table_.record(index);
      if (!may_go(other)) continue;
      if (!least || standing(other, now) < standing(table_.record(*least), now)) least = index;
    }
  }
  return least;
}

std::vector<Displacement::Index> Displacement::gone_for_first_hand(Index index, Time now) const {
  Indices others;
  for (const Index other : table_.find(table_.record(index).address.id)) {
    const KnownAddress& known = table_.record(other);
    if (other != index && is_first_hand(known) && may_go_for_its_id(known)) others.push_back(other);
  }
  if (others.size() < config_.max_first_hand_per_id) return {};
  std::sort(others.begin(), others.end(), [&](Index a, Index b) {
    return standing(table_.record(a), now) < standing(table_.record(b), now);
  });
  others.resize(others.size() + 1 - config_.max_first_hand_per_id);
  return others;
}

// --- its host and its neighbourhood ---

std::optional<Added> Displacement::refused_for_its_network(const KnownAddress& known, Time now,
                                                           Indices& gone) const {
  if (!config_.is_capped(known)) return std::nullopt;
  const IpAddress& ip = known.address.endpoint.ip;
  // From hearsay, and first-hand: how many, and those that may go for it.
  struct Crowd {
    std::array<std::size_t, 2> count{};
    std::array<Indices, 2> may_go;
  };
  const bool first_hand = is_first_hand(known);
  const auto crowd_of = [&](const auto& is_of_it) {
    Crowd crowd;
    table_.for_each_near(ip, [&](Index index) {
      const KnownAddress& other = table_.record(index);
      if (!is_of_it(other.address.endpoint.ip)) return;
      if (std::find(gone.begin(), gone.end(), index) != gone.end()) return;
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
        return standing(table_.record(a), now) < standing(table_.record(b), now);
      });
      gone.insert(gone.end(), those.begin(), those.begin() + static_cast<std::ptrdiff_t>(wanted));
    }
    return true;
  };
  const IpAddress host = conn::host_of(ip);
  const auto at_host = [&host](const IpAddress& other) { return conn::host_of(other) == host; };
  if (!make_way(crowd_of(at_host), {config_.max_per_host, config_.max_first_hand_per_host})) {
    return Added::too_many_for_host;
  }
  const auto near = [](const IpAddress&) { return true; };
  if (!make_way(crowd_of(near),
                {config_.max_per_neighbourhood, config_.max_first_hand_per_neighbourhood})) {
    return Added::too_many_for_neighbourhood;
  }
  return std::nullopt;
}

// --- its bucket ---

bool Displacement::may_have(Place place, Time now) const {
  const auto holder = table_.holder(Kind::new_, place);
  // A good holder stays, or gossip could flush honest addresses out of a full bucket.
  return !holder || config_.displace_new == BookConfig::Displace::any ||
         is_bad(table_.record(*holder), now);
}

// For a first-hand address also that of hearsay, or of its like of the same group.
std::optional<Place> Displacement::place_of(const KnownAddress& known, Time now) const {
  const Place first = table_.place_for(Kind::new_, known.address, known.source);
  if (may_have(first, now)) return first;
  if (!is_first_hand(known)) return std::nullopt;
  const std::uint64_t group = table_.group(known.address.endpoint.ip);
  std::optional<Place> found;
  const KnownAddress* least = nullptr;
  Place place = first;
  for (place.position = 0; place.position < config_.geometry.bucket_size; ++place.position) {
    const KnownAddress& holder = table_.record(*table_.holder(Kind::new_, place));
    const bool its_like = !is_first_hand(holder) || is_bad(holder, now) ||
                          table_.group(holder.address.endpoint.ip) == group;
    if (!may_go(holder) || !its_like) continue;
    if (least != nullptr && !(standing(holder, now) < standing(*least, now))) continue;
    least = &holder;
    found = place;
  }
  return found;
}

// --- rows of a file ---

bool Displacement::fits(const KnownAddress& row, Time now) const {
  return fits_its_id(row, now) && (!config_.is_capped(row) || fits_its_network(row));
}

bool Displacement::fits_its_id(const KnownAddress& row, Time now) const {
  const bool first_hand = is_first_hand(row);
  std::size_t of_its_kind = 0;
  for (const Index index : table_.find(row.address.id)) {
    const KnownAddress& other = table_.record(index);
    if (!first_hand && other.last_connected != kNever && !is_stale(other, now)) return false;
    of_its_kind += is_first_hand(other) == first_hand ? 1 : 0;
  }
  return of_its_kind < (first_hand ? config_.max_first_hand_per_id + 1 : config_.max_candidates);
}

bool Displacement::fits_its_network(const KnownAddress& row) const {
  const bool first_hand = is_first_hand(row);
  const IpAddress host = conn::host_of(row.address.endpoint.ip);
  std::size_t at_host = 0, near = 0;
  table_.for_each_near(row.address.endpoint.ip, [&](Index index) {
    const KnownAddress& other = table_.record(index);
    if (is_first_hand(other) != first_hand) return;
    ++near;
    at_host += conn::host_of(other.address.endpoint.ip) == host ? 1 : 0;
  });
  const auto& c = config_;
  return at_host < c.max_per_host + (first_hand ? c.max_first_hand_per_host : 0) &&
         near < c.max_per_neighbourhood + (first_hand ? c.max_first_hand_per_neighbourhood : 0);
}

}  // namespace peerage::addrbook
