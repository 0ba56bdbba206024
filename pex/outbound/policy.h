// Which addresses to dial so that the outbound set becomes full and stays diverse.
//
//  - First the anchors, once: those that had been outbound peers for longest when the last run
//    ended. (p2p/dial/dialer.h redials a peer that is lost while we run before any other.) They
//    count as drawn at random: nodes that never leave are among them, perhaps an attacker's.
//  - Then, until they are OutboundLimits::chosen_percent of the set, the tried addresses that we
//    have known for longest: one attacker may own all that were tried lately. A node that has no
//    such ones takes addresses from the seeds that it met: the first attacker among its peers fills
//    its book with its own.
//  - Then the book at random, with the Go node's idea: the more outbound peers we have, the more of
//    them may be new ones. A peer chosen this way counts as drawn for as long as it stays, and when
//    it comes back, even if it is tried meanwhile.
//  - One of a group until OutboundLimits::diverse, then two. A preference: a network may have one
//    group only.
//  - Seeds, when no address of the book can be dialled and slots are free.
//  - One test dial each feeler_pause or so, also when the set is full: to a tried address with a
//    place that another claims, or a feeler to one we never met. They take no slot.
//
// A pure state machine: given the situation, it says what to begin. It does not look at the
// outcome, which the book knows. Bounded: kMaxFelt groups, kMaxDrawn nodes, and kMaxSeedAddresses
// addresses of seeds.
//
// Threads: none of its own (the control shard).
//
// Source: comet p2p/pex/pex_reactor.go:ensurePeers; Bitcoin Core src/net.cpp:ThreadOpenConnections.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "addrbook/book/address_book.h"
#include "conn/base/recent_map.h"
#include "p2p/dial/dial_pace.h"
#include "pex/limits/limits.h"

namespace peerage::pex {

class OutboundPolicy {
 public:
  static constexpr std::size_t kMaxFelt = 4096;
  static constexpr std::size_t kMaxDrawn = 1024;
  static constexpr std::size_t kMaxSeedAddresses = 64;

  struct Situation {
    conn::TimePoint now;
    addrbook::Time book_now;
    // Outbound peers, and nodes that are being dialled to become one. Ignored when there is no free
    // slot.
    struct Outbound {
      conn::NodeId id;
      conn::IpAddress ip;
    };
    std::vector<Outbound> outbound;
    std::size_t free_slots = 0;  // beyond those
    std::size_t connected = 0;   // peers, of either direction
    // What cannot be dialled now: connected, being dialled, refused just before, ourselves. Must
    // not call the book.
    std::function<bool(const addrbook::KnownAddress&)> unavailable;
  };
  struct Plan {
    std::vector<conn::NetAddress> dials;
    std::optional<conn::NetAddress> test;  // a feeler, or a test before eviction
    bool ask_seeds = false;                // if one may be asked (pex/limits/seed_list.h)
    bool ask_a_peer = false;
  };

  // `salt` makes our pauses differ from those of nodes that failed when we did.
  OutboundPolicy(addrbook::AddressBook& book, conn::TimePoint now, std::uint64_t salt,
                 const OutboundLimits& limits = {});

  // A seed is at this address: addresses from there come from a seed.
  void seed_is_at(const conn::IpAddress& ip);

  // A peer has told us of addresses that we did not know.
  void learnt(conn::TimePoint now);

  // A dial begins that no plan asked for; it counts for the pace all the same.
  void dialled(conn::TimePoint now) { pace_.note(now); }

  // Whether its pace allows a dial.
  bool may_dial(conn::TimePoint now) { return pace_.available(now) > 0; }

  // What to begin now. To be called about once a second, and whenever something has changed.
  Plan plan(const Situation& situation);

 private:
  using Groups = std::map<std::uint64_t, std::size_t>;
  struct Felt {
    std::uint32_t count = 0;
    conn::TimePoint since;
  };

  // What one step of a plan looks at.
  struct Step {
    const Situation& situation;
    const Groups& groups;
    const std::vector<conn::NetAddress>& chosen;
    std::size_t outbound = 0;
    std::size_t to_choose = 0;  // peers not to be drawn at random
  };
  bool plan_dials(const Situation& situation, std::vector<conn::NetAddress>& dials);
  std::optional<conn::NetAddress> next_anchor(const Situation& situation);
  std::optional<conn::NetAddress> choose(const Step& step);
  std::optional<conn::NetAddress> long_known(const Step& step);
  std::optional<conn::NetAddress> by_seeds(const Step& step);
  std::optional<conn::NetAddress> random_pick(const Step& step);
  void mark_drawn(const conn::NodeId& id) {
    drawn_ids_.use(id, [] { return char{}; });
  }
  bool available(const Step& step, const addrbook::KnownAddress& known) const;
  bool diverse(const Step& step, const addrbook::KnownAddress& known) const;
  std::optional<conn::NetAddress> next_test(const Situation& situation);
  conn::Duration spread_around(conn::Duration pause);
  double lot_of(const conn::NodeId& id) const;
  bool is_due(const addrbook::KnownAddress& known, addrbook::Time now) const;

  addrbook::AddressBook& book_;
  std::uint64_t salt_;
  std::uint64_t drawn_ = 0;  // random numbers, so far
  OutboundLimits limits_;
  p2p::DialPace pace_;
  addrbook::Time started_ = addrbook::kNever;  // in the book's time, once known
  std::size_t anchors_tried_ = 0;
  conn::TimePoint next_test_;
  conn::TimePoint next_ask_;
  conn::Duration ask_pause_;
  conn::RecentMap<std::uint64_t, Felt> felt_{kMaxFelt};
  conn::RecentMap<conn::NodeId, char> drawn_ids_{kMaxDrawn};
  conn::RecentMap<conn::IpAddress, char> seeds_at_{kMaxSeedAddresses};
};

}  // namespace peerage::pex
