// Which addresses to dial so that the outbound set becomes full and stays diverse.
//
//  - First the anchors, once: those that had been outbound peers for longest when the last run
//    ended. (p2p/dial/dialer.h redials a peer that is lost while we run before any other.) They
//    count as drawn: nodes that never leave are among them, perhaps an attacker's.
//  - Then, until they are OutboundLimits::chosen_percent of the set, the tried addresses that we
//    have known for longest: one attacker may own all that were tried lately. These are *chosen*.
//  - Then the book at random, by groups: addresses are cheap, groups are not. A group has its turn:
//    a few of its addresses are dialled until one answers, for much that is said of honest nodes is
//    false. Of some groups the one whose last turn is the longest ago comes first. A peer chosen
//    this way counts as *drawn* for as long as it stays, and when it comes back, even if it is
//    tried meanwhile.
//  - One of a group until OutboundLimits::diverse, then two. A preference: a network may have one
//    group only.
//  - Seeds, when no address of the book can be dialled and slots are free.
//  - While the set is full, peers take turns: each rotation_pause one that was drawn gives its
//    place to another, so that the attacker's, which never leave, do not gather; and the youngest
//    of the chosen gives its place to one that we have known for longer, and that can be dialled
//    again. The new one is dialled first. Peers that others have dialled, an operator or an
//    embedder, never leave.
//  - A fresh book is narrow, and what it holds is what few have told. For OutboundLimits::settling
//    after the first verified address all are drawn, and change quickly; of the nodes met in that
//    time the later ones rank higher (addrbook: ranks_from).
//  - One test dial each feeler_pause or so, also when the set is full: to a tried address with a
//    place that another claims, or a feeler to one we never met; and one each moved_pause to a node
//    that says itself that it has moved. They take no slot.
//
// A pure state machine: given the situation, it says what to begin. It learns the outcome from the
// book. Bounded: kMaxFelt groups, kMaxDrawn nodes, kMaxTurns turns.
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
  static constexpr std::size_t kMaxTurns = 16;
  // More than are dialled while a lost peer is sought, which comes back with its mark.
  static constexpr std::size_t kMaxDrawn = 8192;

  struct Situation {
    conn::TimePoint now;
    addrbook::Time book_now;
    // Outbound peers, and nodes that are being dialled to become one.
    struct Outbound {
      conn::NodeId id;
      conn::IpAddress ip;
      conn::TimePoint since;   // of a peer
      bool may_leave = false;  // it is a peer, and not a persistent one
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
    // To take the place of a peer (on_rotated).
    std::optional<conn::NetAddress> rotation;
    bool ask_seeds = false;  // if one may be asked (pex/limits/seed_list.h)
    bool ask_a_peer = false;
  };

  // `salt` makes our pauses differ from those of nodes that failed when we did.
  OutboundPolicy(addrbook::AddressBook& book, conn::TimePoint now, std::uint64_t salt,
                 const OutboundLimits& limits = {});

  // A peer has told us of addresses that we did not know.
  void learnt(conn::TimePoint now);

  // A dial begins that no plan asked for; it counts for the pace all the same.
  void dialled(conn::TimePoint now) { pace_.note(now); }

  // Whether its pace allows a dial.
  bool may_dial(conn::TimePoint now) { return pace_.available(now) > 0; }

  // The dial of a rotation has become a peer: which one leaves for it; itself, when none may.
  conn::NodeId on_rotated(const conn::NodeId& id, const Situation& situation);

  // What to begin now. To be called about once a second, and whenever something has changed.
  Plan plan(const Situation& situation);

 private:
  using Groups = std::map<std::uint64_t, std::size_t>;
  struct Felt {
    std::uint32_t count = 0;
    conn::TimePoint since;
  };

  // A group that was drawn, and has not answered yet.
  struct Turn {
    std::uint64_t group = 0;
    conn::NetAddress dialled;
    addrbook::Time since;
    std::size_t tries = 0;
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
  std::optional<conn::NetAddress> long_known(const Step& step);
  std::optional<conn::NetAddress> random_pick(const Step& step);
  std::optional<conn::NetAddress> go_on_with_a_turn(const Step& step);
  std::optional<conn::NetAddress> begin_a_turn(const Step& step);
  std::optional<conn::NetAddress> plan_rotation(const Situation& situation);
  bool is_settled(addrbook::Time now);
  std::optional<conn::NetAddress> plan_return(const Situation& situation, const Groups& groups);
  std::optional<conn::NodeId> oldest_drawn(const Situation& situation);
  struct Chosen {
    conn::NodeId id;
    addrbook::Time ranks_from;
  };
  std::optional<Chosen> replaceable(const Situation& situation);
  void mark_chosen(const conn::NodeId& id) {
    drawn_ids_.erase(id);
    chosen_ids_.use(id, [] { return char{}; });
  }
  void mark_drawn(const conn::NodeId& id) {
    chosen_ids_.erase(id);
    drawn_ids_.use(id, [] { return char{}; });
  }
  bool available(const Step& step, const addrbook::KnownAddress& known) const;
  bool diverse(const Step& step, const addrbook::KnownAddress& known) const;
  std::optional<conn::NetAddress> moved_node(const Situation& situation);
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
  addrbook::Time settled_ = addrbook::kNever;  // when a fresh book is no longer one, once known
  std::size_t anchors_tried_ = 0;
  conn::TimePoint next_test_;
  conn::TimePoint next_moved_;
  conn::TimePoint next_rotation_;
  conn::TimePoint next_return_;
  std::optional<conn::NodeId> returning_;
  conn::TimePoint next_ask_;
  conn::Duration ask_pause_;
  conn::RecentMap<std::uint64_t, Felt> felt_{kMaxFelt};
  conn::RecentMap<std::uint64_t, std::uint64_t> turns_{kMaxFelt};  // when a group was drawn last
  std::uint64_t turn_ = 0;
  std::vector<Turn> open_turns_;  // the oldest first
  conn::RecentMap<conn::NodeId, char> drawn_ids_{kMaxDrawn};
  conn::RecentMap<conn::NodeId, char> chosen_ids_{kMaxDrawn};
};

}  // namespace peerage::pex
