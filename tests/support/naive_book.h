// The address book once more, as plainly as its rules can be said: rows in a vector, every rule by
// looking at all of them. For what must agree with the real one, operation by operation.
//
// Where the rules leave a choice (which of several bad addresses goes), it is given what the real
// book chose, and judges whether that was allowed. Rests and contests end here the moment that
// their time has come; in the real book, by when that could be noticed.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "addrbook/book/address_book.h"

namespace peerage::test {

struct Disagreement : std::logic_error {
  using std::logic_error::logic_error;
};
inline void agree(bool holds, const std::string& what) {
  if (!holds) throw Disagreement(what);
}

class NaiveBook {
 public:
  using Time = addrbook::Time;
  using Seconds = addrbook::Seconds;
  using Kind = addrbook::Kind;
  using Place = addrbook::Place;
  using Origin = addrbook::Origin;
  using Added = addrbook::Added;
  using KnownAddress = addrbook::KnownAddress;
  using NetAddress = conn::NetAddress;
  static constexpr Time kNever = addrbook::kNever;

  struct Row {
    KnownAddress known;
    Place place;
  };
  struct Contest {
    NetAddress holder, challenger;
    Time since;
  };
  struct Tokens {
    double left;
    double promised;
    Time filled;
  };

  NaiveBook(const conn::NodeId& own_id, const addrbook::BookKey& key, addrbook::BookConfig settings)
      : config(std::move(settings)), self(own_id), placement(key, config.strict, config.geometry) {}

  // Everything that it knows, to be compared.
  addrbook::BookConfig config;
  conn::NodeId self;
  addrbook::Placement placement;
  std::vector<Row> rows;
  std::vector<Contest> contests;
  std::map<std::uint64_t, Tokens> told;
  std::set<conn::Endpoint> own;
  std::set<conn::NodeId> private_ids;
  std::array<std::uint64_t, addrbook::kAddedCount> counts{};
  Time last_met = kNever + Seconds(1);
  Time last_heard = kNever;
  Time now = kNever + Seconds(1);

  void at(Time time) {
    now = time;
    for (Row& row : rows) {
      if (row.known.bad_until <= now) row.known.bad_until = kNever;
    }
    std::erase_if(contests,
                  [&](const Contest& c) { return now - c.since > addrbook::kContestLimit; });
  }

  Row* row_of(const NetAddress& address) {
    for (Row& row : rows) {
      if (row.known.address == address) return &row;
    }
    return nullptr;
  }
  KnownAddress* find(const NetAddress& address) {
    Row* row = row_of(address);
    return row ? &row->known : nullptr;
  }
  template <typename Test>
  std::size_t count_if(Test test) const {
    return static_cast<std::size_t>(
        std::count_if(rows.begin(), rows.end(), [&](const Row& row) { return test(row.known); }));
  }
  static bool rests(const KnownAddress& known) { return known.bad_until != kNever; }
  static bool met(const KnownAddress& known) { return known.last_connected != kNever; }
  static bool verified(const KnownAddress& known) {
    return met(known) && known.last_verified != kNever;
  }

  // Not to be dialled any more with any hope.
  bool stale(const KnownAddress& known) const {
    if (known.connected_since != kNever) return false;
    if (known.last_attempt != kNever && now - known.last_attempt < addrbook::kJustTried) {
      return false;
    }
    if (!met(known) && known.failures >= addrbook::kFailuresNeverMet) return true;
    if (known.failures >= addrbook::kFailuresOnceMet &&
        now - known.last_connected > addrbook::kOnceMetLimit) {
      return true;
    }
    return now - known.last_seen > addrbook::kUnheardOfLimit &&
           now - known.last_connected > addrbook::kUnheardOfLimit;
  }
  // Any address may have its place.
  bool bad(const KnownAddress& known) const {
    return stale(known) || (rests(known) && known.connected_since == kNever);
  }
  bool replaceable(const KnownAddress& known) const {
    return known.kind == Kind::new_ && bad(known);
  }

  // --- what enters ---

  bool exempt(const conn::IpAddress& ip) const {
    const bool local = config.strict == conn::IpAddress::Strict::no && !ip.routable();
    return local || conn::any_contains(config.exempt_networks, ip);
  }
  // Also by an address that carries ours, or that ours carries.
  static bool same(const conn::Endpoint& a, const conn::Endpoint& b) {
    return a.port == b.port && a.ip.carried() == b.ip.carried();
  }
  bool is_own(const conn::Endpoint& endpoint) const {
    return std::any_of(own.begin(), own.end(),
                       [&](const conn::Endpoint& each) { return same(each, endpoint); });
  }
  std::optional<Added> never(const NetAddress& address) const {
    const conn::IpAddress& ip = address.endpoint.ip;
    if (address.id == conn::NodeId() || address.endpoint.port == 0) return Added::invalid;
    for (const conn::IpAddress& each : {ip, ip.carried()}) {
      if (each.unspecified() || each.multicast() || each.reserved() || each.rfc5737() ||
          each.rfc3849() || each.rfc9637()) {
        return Added::invalid;
      }
    }
    if (config.strict == conn::IpAddress::Strict::yes && !ip.routable()) {
      return Added::unroutable;
    }
    if (address.id == self || is_own(address.endpoint)) return Added::own;
    if (private_ids.contains(address.id)) return Added::private_id;
    return std::nullopt;
  }
  // How many of those that the caps count share this host, and this neighbourhood: from hearsay,
  // and first-hand.
  struct Crowd {
    std::array<std::size_t, 2> at_host{}, near{};
  };
  bool capped(const KnownAddress& known) const {
    return known.origin != Origin::configuration && !exempt(known.address.endpoint.ip);
  }
  Crowd neighbours(const conn::IpAddress& ip, bool without_bad,
                   const std::vector<NetAddress>& without = {}) const {
    Crowd crowd;
    for (const Row& row : rows) {
      const conn::IpAddress& other = row.known.address.endpoint.ip;
      if (!capped(row.known) || (without_bad && replaceable(row.known))) continue;
      if (contains(without, row.known.address)) continue;
      const std::size_t kind = is_first_hand(row.known) ? 1 : 0;
      if (conn::neighbourhood_of(other) == conn::neighbourhood_of(ip)) ++crowd.near[kind];
      if (conn::host_of(other) == conn::host_of(ip)) ++crowd.at_host[kind];
    }
    return crowd;
  }
  // From hearsay; without those that another may have the place of.
  std::pair<std::size_t, std::size_t> candidates(const conn::NodeId& id, const conn::IpAddress& by,
                                                 bool without_bad) const {
    std::size_t all = 0, from_here = 0;
    for (const Row& row : rows) {
      if (row.known.address.id != id || is_first_hand(row.known)) continue;
      if (without_bad && replaceable(row.known) && may_go(row.known)) continue;
      ++all;
      if (placement.group(row.known.source) == placement.group(by)) ++from_here;
    }
    return {all, from_here};
  }
  std::size_t first_hand_of(const conn::NodeId& id) const {
    return count_if(
        [&](const KnownAddress& known) { return known.address.id == id && is_first_hand(known); });
  }
  // Another address of its ID has shown itself later, and not failed since.
  bool stands_by(const KnownAddress& known) const {
    return std::any_of(rows.begin(), rows.end(), [&](const Row& row) {
      return row.known.address.id == known.address.id &&
             last_shown(row.known) > last_shown(known) && row.known.failures == 0 &&
             !rests(row.known);
    });
  }
  bool drawable(const KnownAddress& known) const { return !rests(known) && !stands_by(known); }
  static bool contains(const std::vector<NetAddress>& list, const NetAddress& address) {
    return std::find(list.begin(), list.end(), address) != list.end();
  }

  // --- what a first-hand address displaces ---

  static bool may_go_for_its_id(const KnownAddress& known) {
    return known.connected_since == kNever && known.origin != Origin::configuration;
  }
  static bool may_go(const KnownAddress& known) {
    return known.kind == Kind::new_ && may_go_for_its_id(known);
  }
  // Whether a goes before b.
  bool goes_before(const KnownAddress& a, const KnownAddress& b) const {
    if (bad(a) != bad(b)) return bad(a);
    if (is_first_hand(a) != is_first_hand(b)) return !is_first_hand(a);
    if (met(a) != met(b)) return !met(a);
    const auto time = [](const KnownAddress& known) {
      return is_first_hand(known) ? last_shown(known) : known.last_seen;
    };
    if (time(a) != time(b)) return time(a) < time(b);
    return a.address < b.address;
  }
  template <typename Test>
  const Row* first_to_go(Test test) const {
    const Row* first = nullptr;
    for (const Row& row : rows) {
      if (!may_go_for_its_id(row.known) || !test(row)) continue;
      if (!first || goes_before(row.known, first->known)) first = &row;
    }
    return first;
  }
  // The ones that go for it; or why it is refused, and none goes.
  std::optional<Added> displaced_by(const NetAddress& address,
                                    std::vector<NetAddress>& gone) const {
    const conn::IpAddress& ip = address.endpoint.ip;
    const auto go = [&](const Row* row) {
      if (row) gone.push_back(row->known.address);
      return row != nullptr;
    };
    const auto is_counted = [&](const Row& row) {
      return is_first_hand(row.known) && !contains(gone, row.known.address);
    };
    if (first_hand_of(address.id) >= config.max_first_hand_per_id &&
        !go(first_to_go([&](const Row& row) {
          return is_counted(row) && row.known.address.id == address.id;
        }))) {
      return Added::too_many_candidates;
    }
    if (!exempt(ip)) {
      if (neighbours(ip, false, gone).at_host[1] >= config.max_first_hand_per_host &&
          !go(first_to_go([&](const Row& row) {
            return is_counted(row) && capped(row.known) && may_go(row.known) &&
                   conn::host_of(row.known.address.endpoint.ip) == conn::host_of(ip);
          }))) {
        return Added::too_many_for_host;
      }
      if (neighbours(ip, false, gone).near[1] >= config.max_first_hand_per_neighbourhood &&
          !go(first_to_go([&](const Row& row) {
            return is_counted(row) && capped(row.known) && may_go(row.known) &&
                   conn::neighbourhood_of(row.known.address.endpoint.ip) ==
                       conn::neighbourhood_of(ip);
          }))) {
        return Added::too_many_for_neighbourhood;
      }
    }
    NaiveBook after = *this;
    if (!after.room_for(address)) return Added::no_place;
    for (const NetAddress& each : gone) after.forget(each);
    if (const Row* in_the_way = after.holder(Kind::new_, *after.room_for(address))) {
      gone.push_back(in_the_way->known.address);
    }
    return std::nullopt;
  }
  std::optional<Place> room_for(const NetAddress& address) const {
    const conn::IpAddress& ip = address.endpoint.ip;
    const Place first = place_for(Kind::new_, address, ip);
    const Row* in_the_way = holder(Kind::new_, first);
    if (!in_the_way || bad(in_the_way->known)) return first;
    const Row* goes = first_to_go([&](const Row& row) {
      return may_go(row.known) && row.place.bucket == first.bucket &&
             (bad(row.known) || !is_first_hand(row.known) ||
              placement.group(row.known.address.endpoint.ip) == placement.group(ip));
    });
    return goes ? std::optional(goes->place) : std::nullopt;
  }

  const Row* holder(Kind kind, Place place) const {
    for (const Row& row : rows) {
      if (row.known.kind == kind && row.place == place) return &row;
    }
    return nullptr;
  }
  // A free place of its bucket; else the first one that it would have.
  Place place_for(Kind kind, const NetAddress& address, const conn::IpAddress& source) const {
    const Place first = placement.of(kind, address, source);
    for (unsigned i = 0; i < config.geometry.bucket_size; ++i) {
      Place place = first;
      place.position =
          static_cast<std::uint8_t>((first.position + i) % config.geometry.bucket_size);
      if (!holder(kind, place)) return place;
    }
    return first;
  }

  bool heard(const conn::IpAddress& source, addrbook::Word word) {
    Tokens& tokens = tokens_of(source);
    if (word == addrbook::Word::answer && tokens.promised >= 1) {
      tokens.promised -= 1;
      return true;
    }
    if (tokens.left < 1) return false;
    tokens.left -= 1;
    return true;
  }
  void expect_answer(const conn::IpAddress& source) {
    Tokens& tokens = tokens_of(source);
    tokens.promised = config.told_after_request;
  }

  static bool is_from_itself(const NetAddress& address, const addrbook::Source& source) {
    const bool proven = source.origin == Origin::inbound || source.origin == Origin::discovery;
    return proven && source.id == address.id && source.ip == address.endpoint.ip;
  }

  // `gone`: those that the real book dropped for it.
  Added add(const NetAddress& address, const addrbook::Source& source,
            const std::vector<NetAddress>& gone) {
    std::vector<NetAddress> displaced;
    const Added outcome = judge(address, source, displaced);
    ++counts[static_cast<std::size_t>(outcome)];
    if (outcome == Added::known) return heard_again(address, source, gone), outcome;
    if (outcome != Added::added) {
      agree(gone.empty(), "an address that is not added drops another");
      return outcome;
    }
    KnownAddress known;
    known.address = address;
    known.source = source.ip;
    known.origin = source.origin;
    known.first_seen = known.last_seen = now;
    if (is_from_itself(address, source)) {
      known.said_itself = now;
      enter_first_hand(std::move(known), displaced, gone);
    } else {
      enter_hearsay(std::move(known), displaced, gone);
    }
    return outcome;
  }

  // --- what goes ---

  bool forget(const NetAddress& address) {
    end_contests(address);
    return std::erase_if(rows, [&](const Row& r) { return r.known.address == address; }) > 0;
  }
  std::size_t forget(const conn::NodeId& id) {
    const std::vector<NetAddress> all = addresses_of(id);
    for (const NetAddress& each : all) forget(each);
    return all.size();
  }
  std::vector<NetAddress> addresses_of(const conn::NodeId& id) const {
    std::vector<NetAddress> all;
    for (const Row& row : rows) {
      if (row.known.address.id == id) all.push_back(row.known.address);
    }
    return all;
  }
  void set_private_ids(std::set<conn::NodeId> ids) {
    private_ids = std::move(ids);
    for (const conn::NodeId& id : private_ids) forget(id);
  }
  void add_own(const conn::Endpoint& endpoint) {
    if (own.size() >= addrbook::kMaxOwnAddresses) return;
    own.insert(endpoint);
    for (const Row& row : std::vector<Row>(rows)) {
      if (same(row.known.address.endpoint, endpoint)) forget(row.known.address);
    }
  }
  void end_contests(const NetAddress& address) {
    std::erase_if(contests,
                  [&](const Contest& c) { return c.holder == address || c.challenger == address; });
  }

 private:
  Tokens& tokens_of(const conn::IpAddress& source) {
    const auto [it, begins] =
        told.try_emplace(placement.group(source), Tokens{config.told_burst, 0, now});
    Tokens& tokens = it->second;
    if (tokens.left < config.told_burst) {
      const double grown =
          config.told_per_second * static_cast<double>((now - tokens.filled).count());
      tokens.left = std::min(config.told_burst, tokens.left + grown);
    }
    tokens.filled = now;
    return tokens;
  }

  void heard_again(const NetAddress& address, const addrbook::Source& source,
                   const std::vector<NetAddress>& gone) {
    Row* row = row_of(address);
    if (now - row->known.last_seen >= addrbook::kSeenResolution) row->known.last_seen = now;
    const bool says = is_from_itself(address, source) &&
                      now - row->known.said_itself >= addrbook::kSaidResolution;
    if (says && !is_first_hand(row->known)) {
      const Row before = *row;
      forget(address);
      std::vector<NetAddress> displaced;
      if (!displaced_by(address, displaced)) {
        KnownAddress known = before.known;
        known.source = source.ip;
        known.origin = source.origin;
        known.said_itself = now;
        return enter_first_hand(std::move(known), displaced, gone);
      }
      rows.push_back(before);
    } else if (says) {
      row->known.said_itself = now;
    }
    agree(gone.empty(), "an address that is known drops another");
  }
  void enter_first_hand(KnownAddress known, const std::vector<NetAddress>& displaced,
                        const std::vector<NetAddress>& gone) {
    agree(std::set(displaced.begin(), displaced.end()) == std::set(gone.begin(), gone.end()),
          "others go for a first-hand address");
    for (const NetAddress& each : gone) forget(each);
    const Place place = *room_for(known.address);
    agree(!holder(Kind::new_, place), "a place is overwritten");
    rows.push_back({std::move(known), place});
  }
  void enter_hearsay(KnownAddress known, const std::vector<NetAddress>& displaced,
                     const std::vector<NetAddress>& gone) {
    const NetAddress& address = known.address;
    for (const NetAddress& each : displaced) agree(contains(gone, each), "one stays that is to go");
    const Place first = placement.in_new(address, known.source);
    for (const NetAddress& each : gone) {
      const Row* row = row_of(each);
      agree(row && (replaceable(row->known) || contains(displaced, each)),
            "one goes that is not bad: " + each.to_string());
      agree(each.id == address.id ||
                conn::neighbourhood_of(each.endpoint.ip) ==
                    conn::neighbourhood_of(address.endpoint.ip) ||
                row->place == first,
            "one goes that was not in the way");
    }
    agree(gone.size() <= 16, "more go than are in the way");
    for (const NetAddress& each : gone) forget(each);
    const auto [all, from_here] = candidates(address.id, known.source, false);
    agree(all < config.max_candidates && from_here < config.max_candidates_per_source,
          "an ID has too many candidates");
    if (capped(known)) {
      const Crowd crowd = neighbours(address.endpoint.ip, false);
      agree(crowd.at_host[0] < config.max_per_host &&
                crowd.near[0] < config.max_per_neighbourhood &&
                crowd.at_host[1] < config.max_first_hand_per_host + config.max_per_host &&
                crowd.near[1] <
                    config.max_first_hand_per_neighbourhood + config.max_per_neighbourhood,
            "a cap is exceeded");
    }
    const Place place = place_for(Kind::new_, address, known.source);
    agree(!holder(Kind::new_, place), "a place is overwritten");
    rows.push_back({std::move(known), place});
  }

  Added judge(const NetAddress& address, const addrbook::Source& source,
              std::vector<NetAddress>& displaced) {
    if (const auto refused = never(address)) return *refused;
    if (private_ids.contains(source.id)) return Added::private_id;
    if (find(address)) return Added::known;
    if (is_from_itself(address, source)) {
      return displaced_by(address, displaced).value_or(Added::added);
    }
    const bool operators =
        source.origin == Origin::configuration || source.origin == Origin::import;
    if (!operators && !exempt(source.ip) && !heard(source.ip, source.word))
      return Added::told_too_fast;
    for (const Row& row : rows) {
      if (row.known.address.id == address.id && met(row.known) && !stale(row.known)) {
        return Added::proven_elsewhere;
      }
    }
    // No structured binding: clang 14 lets no lambda use one.
    const auto rivals = candidates(address.id, source.ip, true);
    const std::size_t all = rivals.first, from_here = rivals.second;
    if (from_here >= config.max_candidates_per_source) return Added::too_many_candidates;
    if (all >= config.max_candidates) {
      const Row* goes = first_to_go([&](const Row& row) {
        const bool rival = row.known.address.id == address.id && !is_first_hand(row.known);
        return rival && may_go(row.known) &&
               candidates(address.id, row.known.source, true).second >= from_here + 2;
      });
      if (!goes) return Added::too_many_candidates;
      displaced.push_back(goes->known.address);
    }
    if (source.origin != Origin::configuration && !exempt(address.endpoint.ip)) {
      const Crowd good = neighbours(address.endpoint.ip, true);
      if (good.at_host[0] >= config.max_per_host ||
          good.at_host[1] >= config.max_first_hand_per_host) {
        return Added::too_many_for_host;
      }
      if (good.near[0] >= config.max_per_neighbourhood ||
          good.near[1] >= config.max_first_hand_per_neighbourhood) {
        return Added::too_many_for_neighbourhood;
      }
    }
    const Row* in_the_way = holder(Kind::new_, place_for(Kind::new_, address, source.ip));
    return in_the_way && !bad(in_the_way->known) ? Added::no_place : Added::added;
  }
};

}  // namespace peerage::test
