// The naive book's second half: what comes of dialling, what is tried, and what a file gives back.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "tests/support/naive_book.h"

namespace peerage::test {

class NaiveBookLife : public NaiveBook {
 public:
  using NaiveBook::NaiveBook;

  // Each is false, and changes nothing of a row, for an address that is not in here.
  bool attempt(const NetAddress& address) {
    return change(address, [this](KnownAddress& known) {
      known.last_attempt = now;
      ++known.attempts;
    });
  }

  // Nothing of the node can be told from it.
  static bool is_ours(const conn::Failure& why) {
    return why.stage == conn::Stage::configuration ||
           why.reason == conn::Reason::out_of_descriptors ||
           why.reason == conn::Reason::address_in_use || why.reason == conn::Reason::stopping ||
           why.reason == conn::Reason::stopped_locally;
  }
  bool failed(const NetAddress& address, const conn::Failure& why) {
    KnownAddress* known = find(address);
    if (!known) return false;
    const bool we_work = known->last_failed <= last_met || heard_lately();
    note_failure(*known, why.stage, why.reason);
    if (why.reason == conn::Reason::wrong_id) {
      if (++known->wrong_ids == addrbook::kWrongIdsToForget) return forget(address);
      unverify(*known);
    }
    if (why.reason == conn::Reason::wrong_network) {
      unverify(*known);
      rest(*known, std::max(known->bad_until, now + addrbook::kOtherNetworkRest));
      return true;
    }
    if (why.stage >= conn::Stage::node_info || is_ours(why)) return true;
    known->reliability.record(addrbook::Outcome::failed, now);
    if (!we_work) return true;
    ++known->failures;
    for (const Contest& contest : contests) {
      if (contest.holder != address) continue;
      if (now - last_met > addrbook::kAbleToConnect && !heard_lately()) continue;
      displace(NetAddress(address), NetAddress(contest.challenger));
      return true;
    }
    const bool met_lately = met(*known) && now - known->last_connected <= addrbook::kOnceMetLimit;
    if (known->failures >= addrbook::kFailuresToForget && !met_lately) forget(address);
    return true;
  }

  bool heard_lately() const { return now - last_heard <= addrbook::kHeardLately; }
  void note_heard() { last_heard = now; }

  bool connected(const NetAddress& address, std::chrono::microseconds round_trip) {
    last_met = now;
    if (!find(address)) return false;
#ifndef PEERAGE_PLANTED_BUG  // The fuzzer's: other candidates of the ID stay.
    for (const NetAddress& other : addresses_of(address.id)) {
      if (other != address && !is_first_hand(*find(other))) forget(other);
    }
#endif
    const auto another = [&](const Row& row) {
      return row.known.address.id == address.id && row.known.address != address &&
             is_first_hand(row.known) && may_go_for_its_id(row.known);
    };
    while (static_cast<std::size_t>(std::count_if(rows.begin(), rows.end(), another)) >=
           config.max_first_hand_per_id) {
      forget(NetAddress(first_to_go(another)->known.address));
    }
    KnownAddress& known = *find(address);
    known.last_connected = known.last_seen = now;
    known.failures = 0;
    known.wrong_ids = 0;
    const auto most = std::numeric_limits<std::uint32_t>::max();
    if (round_trip.count() > 0) {
      known.round_trip_us =
          round_trip.count() > most ? most : static_cast<std::uint32_t>(round_trip.count());
    }
    std::erase_if(contests, [&](const Contest& c) { return c.holder == address; });
    return true;
  }

  bool verified_now(const NetAddress& address, const addrbook::NodeFacts& facts) {
    KnownAddress* known = find(address);
    if (!known) return false;
    if (known->verified_since == kNever) known->verified_since = now;
    known->last_verified = now;
    known->reliability.record(addrbook::Outcome::succeeded, now);
    known->facts = std::make_shared<const addrbook::NodeFacts>(facts);
    if (config.tried_by_visits == addrbook::BookConfig::TriedByVisits::yes &&
        now - known->verified_since >= addrbook::kTriedVisits) {
      make_tried(address);
    }
    return true;
  }
  bool joined(const NetAddress& address) {
    return change(address, [this](KnownAddress& known) { known.connected_since = now; });
  }
  bool left(const NetAddress& address) {
    return change(address, [this](KnownAddress& known) {
      known.connected_since = kNever;
      known.last_seen = now;
    });
  }

  bool mark_bad(const NetAddress& address, conn::Reason why, Time until) {
    return change(address, [&](KnownAddress& known) {
      note_failure(known, conn::Stage::established, why);
      rest(known, std::min(until, now + addrbook::kMaxRest));
    });
  }
  bool reinstate(const NetAddress& address) {
    return change(address, [](KnownAddress& known) { known.bad_until = kNever; });
  }

  // Tried at once where a place is free; a resting holder goes; any other but a fine one is
  // tested.
  bool make_tried(const NetAddress& address) {
    Row* row = row_of(address);
    if (!row) return false;
    const KnownAddress& known = row->known;
    if (known.kind == Kind::tried || !verified(known) || rests(known)) return true;
    const Place place = place_for(Kind::tried, known.address, known.source);
    const Row* held = holder(Kind::tried, place);
    if (!held) {
      promote(*row, place);
    } else if (rests(held->known)) {
      displace(NetAddress(held->known.address), NetAddress(address));
    } else if (held->known.connected_since == kNever &&
               now - held->known.last_connected >= addrbook::kHolderIsFine) {
      contest(held->known.address, address);
    }
    return true;
  }

  // --- the file ---

  // Rows that say less than the file's: they have not been dialled yet.
  static bool only_heard_of(const KnownAddress& known) {
    return known.last_attempt == kNever && known.last_failed == kNever && !met(known) &&
           known.last_verified == kNever && known.connected_since == kNever;
  }

  struct Loaded {
    std::size_t kept = 0;
    std::size_t dropped = 0;
    // Those that the rules of a restart explain.
    std::vector<NetAddress> lost;
  };
  Loaded load(const addrbook::BookKey& key, const std::vector<KnownAddress>& file) {
    placement = addrbook::Placement(key, config.strict, config.geometry);
    std::vector<KnownAddress> all;
    for (const Row& row : rows) {
      const bool in_file = std::any_of(file.begin(), file.end(), [&](const KnownAddress& other) {
        return other.address == row.known.address;
      });
      if (!in_file || !only_heard_of(row.known)) all.push_back(row.known);
    }
    for (KnownAddress known : file) {
      known.connected_since = kNever;
      if (const KnownAddress* ours = find(known.address)) {
        if (!only_heard_of(*ours)) continue;
        known.last_seen = std::max(known.last_seen, ours->last_seen);
        if (ours->said_itself != kNever) {
          known.said_itself = ours->said_itself;
          known.source = ours->source;
          known.origin = ours->origin;
        }
      }
      all.push_back(std::move(known));
    }
    rows.clear();
    contests.clear();
    std::stable_sort(all.begin(), all.end(), [](const KnownAddress& a, const KnownAddress& b) {
      return rank(a) < rank(b);
    });
    for (KnownAddress& known : all) enter(std::move(known));
    Loaded loaded;
    for (const KnownAddress& known : file) {
      if (find(known.address)) continue;
      loaded.lost.push_back(known.address);
    }
    loaded.dropped = loaded.lost.size();
    loaded.kept = file.size() - loaded.dropped;
    return loaded;
  }

 private:
  // Tried ones first, then proven ones: where two want one thing, the better has it.
  static int rank(const KnownAddress& known) {
    if (known.kind == Kind::tried && verified(known)) return 0;
    if (met(known)) return 1;
    return is_first_hand(known) ? 2 : 3;
  }
  void enter(KnownAddress known) {
    for (Time* time :
         {&known.first_seen, &known.last_seen, &known.last_attempt, &known.last_failed,
          &known.last_connected, &known.verified_since, &known.last_verified, &known.said_itself}) {
      *time = std::min(*time, now);
    }
    known.bad_until =
        known.bad_until <= now ? kNever : std::min(known.bad_until, now + addrbook::kMaxRest);
    known.reliability = addrbook::Reliability::restored(known.reliability.windows(),
                                                        std::min(known.reliability.last(), now));
    if (never(known.address) || find(known.address)) return;
    const bool first_hand = is_first_hand(known);
    for (const Row& row : rows) {
      const bool elsewhere = row.known.address.id == known.address.id && met(row.known);
      if (!first_hand && elsewhere && !stale(row.known)) return;
    }
    const std::size_t kind = first_hand ? 1 : 0;
    const std::size_t of_id = first_hand ? first_hand_of(known.address.id)
                                         : candidates(known.address.id, known.source, false).first;
    if (of_id >= (first_hand ? config.max_first_hand_per_id + 1 : config.max_candidates)) return;
    if (capped(known)) {
      const Crowd crowd = neighbours(known.address.endpoint.ip, false);
      const std::size_t more_at_host = first_hand ? config.max_first_hand_per_host : 0;
      const std::size_t more_near = first_hand ? config.max_first_hand_per_neighbourhood : 0;
      if (crowd.at_host[kind] >= config.max_per_host + more_at_host ||
          crowd.near[kind] >= config.max_per_neighbourhood + more_near) {
        return;
      }
    }
    if (!verified(known)) known.kind = Kind::new_;
    Place place = place_for(known.kind, known.address, known.source);
    if (known.kind == Kind::tried && holder(Kind::tried, place)) {
      known.kind = Kind::new_;
      place = place_for(Kind::new_, known.address, known.source);
    }
    if (!holder(known.kind, place)) rows.push_back({std::move(known), place});
  }

  template <typename Change>
  bool change(const NetAddress& address, Change apply) {
    KnownAddress* known = find(address);
    if (known) apply(*known);
    return known != nullptr;
  }
  void note_failure(KnownAddress& known, conn::Stage stage, conn::Reason reason) const {
    known.failed_stage = stage;
    known.failure = reason;
    known.last_failed = now;
  }
  static void unverify(KnownAddress& known) {
    known.verified_since = known.last_verified = kNever;
  }
  void rest(KnownAddress& known, Time until) {
    known.bad_until = until > now ? until : kNever;
    end_contests(known.address);
  }
  void promote(Row& row, Place place) {
    end_contests(row.known.address);
    row.known.kind = Kind::tried;
    row.place = place;
  }
  void contest(const NetAddress& holder, const NetAddress& challenger) {
    if (contests.size() >= addrbook::kMaxContests) return;
    for (const Contest& each : contests) {
      for (const NetAddress& one : {each.holder, each.challenger}) {
        if (one == holder || one == challenger) return;
      }
    }
    contests.push_back({holder, challenger, now});
  }
  // The challenger has the holder's place; the holder is new again, if there is room for it.
  void displace(const NetAddress& loser, const NetAddress& winner) {
    Row holder_before = *row_of(loser);
    forget(loser);
    promote(*row_of(winner), holder_before.place);
    const Place back = place_for(Kind::new_, loser, holder_before.known.source);
    if (const Row* in_the_way = holder(Kind::new_, back)) {
      if (!bad(in_the_way->known)) return;
      forget(NetAddress(in_the_way->known.address));
    }
    holder_before.known.kind = Kind::new_;
    holder_before.place = back;
    rows.push_back(std::move(holder_before));
  }
};

}  // namespace peerage::test
