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
    const bool local = config.strict == conn::IpAddress::Strict::no && !addrbook::routable(ip);
    return local || conn::any_contains(config.exempt_networks, ip);
  }
  std::optional<Added> never(const NetAddress& address) const {
    const conn::IpAddress& ip = address.endpoint.ip;
    if (address.id == conn::NodeId() || address.endpoint.port == 0 || ip.unspecified() ||
        ip.multicast() || ip.reserved() || ip.rfc5737() || ip.rfc3849()) {
      return Added::invalid;
    }
    if (config.strict == conn::IpAddress::Strict::yes && !addrbook::routable(ip)) {
      return Added::unroutable;
    }
    if (address.id == self || own.contains(address.endpoint)) return Added::own;
    if (private_ids.contains(address.id)) return Added::private_id;
    return std::nullopt;
  }
  // How many of those that the caps count share this host, or this neighbourhood.
  std::pair<std::size_t, std::size_t> neighbours(const conn::IpAddress& ip,
                                                 bool without_bad) const {
    std::size_t at_host = 0, near = 0;
    for (const Row& row : rows) {
      const conn::IpAddress& other = row.known.address.endpoint.ip;
      if (row.known.origin == Origin::configuration || exempt(other)) continue;
      if (without_bad && replaceable(row.known)) continue;
      if (conn::neighbourhood_of(other) == conn::neighbourhood_of(ip)) ++near;
      if (conn::host_of(other) == conn::host_of(ip)) ++at_host;
    }
    return {at_host, near};
  }
  std::pair<std::size_t, std::size_t> candidates(const conn::NodeId& id, const conn::IpAddress& by,
                                                 bool without_bad) const {
    std::size_t all = 0, from_here = 0;
    for (const Row& row : rows) {
      if (row.known.address.id != id || (without_bad && replaceable(row.known))) continue;
      ++all;
      if (placement.group(row.known.source) == placement.group(by)) ++from_here;
    }
    return {all, from_here};
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

  // `gone`: those that the real book dropped for it.
  Added add(const NetAddress& address, const addrbook::Source& source,
            const std::vector<NetAddress>& gone) {
    const Added outcome = judge(address, source);
    ++counts[static_cast<std::size_t>(outcome)];
    if (outcome == Added::known) {
      KnownAddress& known = *find(address);
      if (now - known.last_seen >= addrbook::kSeenResolution) known.last_seen = now;
    }
    if (outcome != Added::added) {
      agree(gone.empty(), "an address that is not added drops another");
      return outcome;
    }
    const Place first = placement.in_new(address, source.ip);
    for (const NetAddress& each : gone) {
      const Row* row = row_of(each);
      agree(row && replaceable(row->known), "one goes that is not bad: " + each.to_string());
      agree(each.id == address.id ||
                conn::neighbourhood_of(each.endpoint.ip) ==
                    conn::neighbourhood_of(address.endpoint.ip) ||
                row->place == first,
            "one goes that was not in the way");
    }
    agree(gone.size() <= 3, "more go than are in the way");
    for (const NetAddress& each : gone) forget(each);
    const auto [all, from_here] = candidates(address.id, source.ip, false);
    agree(all < config.max_candidates && from_here < config.max_candidates_per_source,
          "an ID has too many candidates");
    if (source.origin != Origin::configuration && !exempt(address.endpoint.ip)) {
      const auto [at_host, near] = neighbours(address.endpoint.ip, false);
      agree(at_host < config.max_per_host && near < config.max_per_neighbourhood,
            "a cap is exceeded");
    }
    const Place place = place_for(Kind::new_, address, source.ip);
    agree(!holder(Kind::new_, place), "a place is overwritten");
    KnownAddress known;
    known.address = address;
    known.source = source.ip;
    known.origin = source.origin;
    known.first_seen = known.last_seen = now;
    rows.push_back({std::move(known), place});
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
      if (row.known.address.endpoint == endpoint) forget(row.known.address);
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

  Added judge(const NetAddress& address, const addrbook::Source& source) {
    if (const auto refused = never(address)) return *refused;
    if (private_ids.contains(source.id)) return Added::private_id;
    if (find(address)) return Added::known;
    const bool operators =
        source.origin == Origin::configuration || source.origin == Origin::import;
    if (!operators && !exempt(source.ip) && !heard(source.ip, source.word))
      return Added::told_too_fast;
    for (const Row& row : rows) {
      if (row.known.address.id == address.id && met(row.known) && !stale(row.known)) {
        return Added::proven_elsewhere;
      }
    }
    const auto [all, from_here] = candidates(address.id, source.ip, true);
    if (all >= config.max_candidates || from_here >= config.max_candidates_per_source) {
      return Added::too_many_candidates;
    }
    if (source.origin != Origin::configuration && !exempt(address.endpoint.ip)) {
      const auto [at_host, near] = neighbours(address.endpoint.ip, true);
      if (at_host >= config.max_per_host) return Added::too_many_for_host;
      if (near >= config.max_per_neighbourhood) return Added::too_many_for_neighbourhood;
    }
    const Row* in_the_way = holder(Kind::new_, place_for(Kind::new_, address, source.ip));
    return in_the_way && !bad(in_the_way->known) ? Added::no_place : Added::added;
  }
};

}  // namespace peerage::test
