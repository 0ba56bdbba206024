// Sticky redial: which peers that we have lost are dialled again, when, and who leaves for them.
//
//  - A long-lived outbound peer that we lose is dialled again, at growing intervals. What we knew
//    to be good is worth more than what we have heard of (spec: this is what stops the slow erosion
//    towards an attacker's peers).
//  - For the first few tries its slot is its own: another may have it meanwhile (a *filler*), and
//    leaves when the lost one is back (surplus); until it has left they are beyond the limit, kPace
//    at most.
//  - When many are lost at once they wait for one another: kPace dials in any second, those of
//    other purposes included.
//  - As many are kept as there are slots; of more, those that were here longest, for attackers can
//    leave together as soon as they are worth a redial.
//  - A third of the outbound peers or more, lost within kTornWithin, is no accident: the network
//    may have fallen in two, and both parts fill their sets from their own side. Such peers are
//    sought for kSeekFor, also when the set is full: for one of them there is a place beyond the
//    limit, and through it the two parts find one another again. It takes the next slot that is
//    free.
//
// A pure state machine: it reads the slots, which its owner keeps up to date before each call.
// Bounded: as many lost peers as there are slots, and as many fillers.
// Threads: none of its own (the control shard).
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "conn/address/net_address.h"
#include "conn/base/time.h"
#include "p2p/base/direction.h"
#include "p2p/base/limits.h"
#include "p2p/dial/dial_pace.h"
#include "p2p/dial/outbound_slots.h"

namespace peerage::p2p {

class StickyPeers {
 public:
  static constexpr std::size_t kPace = 2;
  static constexpr conn::Duration kTornWithin = std::chrono::minutes(15);
  static constexpr conn::Duration kSeekFor = std::chrono::hours(24);
  // A number in [0, 1), at random.
  using Random = std::function<double()>;

  // The slots outlive it.
  StickyPeers(const OutboundSlots& slots, Random random)
      : slots_(slots), random_(std::move(random)) {}

  // --- what happens ---
  // An outbound peer that is worth a redial is gone, after so long. One that was not long-lived is
  // let go.
  void on_lost(const conn::HostAddress& target, conn::Duration lasted, conn::TimePoint now);
  // It is not redialled any more.
  void forget(const conn::NodeId& id) { lost_.erase(id); }
  // Another is about to be dialled, and to take a slot for it: a filler, if the slot is kept.
  void on_slot_wanted(const conn::NodeId& id);
  // A dial begins, for whatever purpose.
  void on_dial_begun(conn::TimePoint now) { pace_.note(now); }
  // A dial of it has ended without a connection. Nothing if it is not one of the lost ones.
  void on_dial_failed(const conn::NodeId& id, conn::TimePoint now);
  // It is connected. If it is one of the lost ones, and back in its slot, a filler is to leave.
  void on_connected(const conn::NodeId& id, Direction direction);

  // --- what follows ---
  // The next to dial now. The caller begins that dial before it asks again, until there is none.
  std::optional<conn::HostAddress> take_due(conn::TimePoint now);
  std::optional<conn::TimePoint> deadline() const;
  // Who is to be disconnected: a filler that is here, and whose slot the owner has taken again.
  std::optional<conn::NodeId> surplus() const;

 private:
  struct Lost {
    conn::HostAddress target;
    conn::TimePoint when;
    conn::Duration lasted{};  // its connection
    conn::TimePoint next;
    std::size_t tries = 0;
    bool torn = false;  // lost with many others
  };

  // For one that was here for this long. False: there is none, and no other gives way.
  bool make_room(conn::Duration lasted);
  void note_torn(conn::TimePoint now);
  bool is_given_up(const Lost& lost, conn::TimePoint now) const;
  bool has_place(const Lost& lost) const;
  conn::Duration pause(const Lost& lost);
  void on_failed(Lost& lost, conn::TimePoint now);
  // Slots that are kept for lost ones which are not under way: those take a slot as it is.
  std::size_t slots_kept() const;
  void settle_fillers();

  const OutboundSlots& slots_;
  Random random_;
  std::map<conn::NodeId, Lost> lost_;
  DialPace pace_{kPace};
  std::vector<conn::NodeId> fillers_;  // under way or connected, the latest last
  std::set<conn::NodeId> leaving_;     // that were fillers
};

}  // namespace peerage::p2p
