// Which nodes are dialled, and when. A pure state machine: it is given what is wanted and what came
// of it, and says which dials to begin; the transport does them.
//
//  - At most one dial for an ID at a time, and none to a node that is connected, nor to ourselves.
//  - Persistent peers are redialled for ever (p2p/dial/persistent_peers.h); the longest pause is
//    60 s by default, or persistent_peers_max_dial_period.
//  - Sticky redial: a long-lived outbound peer that we lose is dialled again, at growing intervals.
//    What we knew to be good is worth more than what we have heard of (spec: this is what stops the
//    slow erosion towards an attacker's peers). For the first few tries its slot is its own:
//    another may have it meanwhile (a *filler*), and leaves when the lost one is back (surplus);
//    until it has left they are beyond the limit, kStickyPace at most. When many are lost at once
//    they wait for one another: kStickyPace dials in any second, those of other purposes included.
//    As many are kept as there are slots; of more, those that were here longest, for attackers can
//    leave together as soon as they are worth a redial.
//  - A third of the outbound peers or more, lost within kTornWithin, is no accident: the network
//    may have fallen in two, and both parts fill their sets from their own side. Such peers are
//    sought for kSeekFor, also when the set is full: for one of them there is a place beyond
//    max_outbound, and through it the two parts find one another again. It takes the next slot that
//    is free.
//  - Every way of dialling counts against max_outbound, those under way included; persistent peers
//    and unconditional ones do not.
//  - An address that failed is not tried again for a pause that doubles from 1 s to 60 s, for any
//    caller. A host and port that led to ourselves are not, for a day, under whatever ID and not
//    even for a persistent peer.
//
// Bounded: kMaxResting failed addresses, kMaxOwnAddresses of our own, max_outbound sticky ones and
// as many fillers.
// Threads: none of its own (the control shard).
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "conn/address/net_address.h"
#include "conn/runtime/runtime.h"
#include "p2p/base/dial_purpose.h"
#include "p2p/base/direction.h"
#include "p2p/base/limits.h"
#include "p2p/dial/dial_pace.h"
#include "p2p/dial/persistent_peers.h"

namespace peerage::p2p {

// A dial to begin.
struct DialOrder {
  conn::HostAddress target;
  DialPurpose purpose = DialPurpose::requested;
  std::string network;  // as a node of which we dial; empty: of the first that we serve
};

class Dialer {
 public:
  static constexpr std::size_t kMaxResting = 1024;
  static constexpr std::size_t kMaxOwnAddresses = 16;
  static constexpr std::size_t kStickyPace = 2;
  static constexpr conn::Duration kTornWithin = std::chrono::minutes(15);
  static constexpr conn::Duration kSeekFor = std::chrono::hours(24);
  static constexpr conn::Duration kStable = std::chrono::minutes(1);
  static constexpr conn::Duration kSelfRest = std::chrono::hours(24);
  // A number in [0, 1), at random.
  using Random = std::function<double()>;

  Dialer(const DialerConfig& config, const conn::NodeId& own, Random random);

  // --- what is wanted ---
  // Replaces the target if there is one for this ID. own_address for ourselves.
  conn::Result<void> add_persistent(const conn::HostAddress& peer, conn::TimePoint now);
  bool remove_persistent(const conn::NodeId& id) { return persistent_.remove(id); }
  bool is_persistent(const conn::NodeId& id) const { return persistent_.contains(id); }
  std::vector<conn::HostAddress> persistent() const { return persistent_.targets(); }
  // Whether a peer of this ID takes one of the slots.
  bool needs_slot(const conn::NodeId& id) const;
  // IDs that need no slot.
  void set_unconditional(std::set<conn::NodeId> ids) { unconditional_ = std::move(ids); }

  // Asks for a dial; it is due at once. Refused (stage admission): own_address, duplicate_id,
  // already_dialling, address_resting, no_free_slot.
  conn::Result<void> request(const DialOrder& order, conn::TimePoint now);
  conn::Result<void> request(const conn::HostAddress& target, DialPurpose purpose,
                             conn::TimePoint now) {
    return request({target, purpose, {}}, now);
  }
  // How many more peers the book may be asked for.
  std::size_t free_slots() const;

  // --- what happens ---
  // Dials to begin now; each counts as under way until on_dial_ended.
  std::vector<DialOrder> take_due(conn::TimePoint now);
  std::optional<conn::TimePoint> deadline() const;
  bool is_dialling(const conn::NodeId& id) const { return dialling_.contains(id); }
  std::size_t dialling() const noexcept { return dialling_.size(); }

  // The dial ended: null when the peer is admitted (on_connected follows), and otherwise why it is
  // not. One that has proved itself and is held back (p2p/peer/duplicate_connections.h) is still
  // under way: it keeps its slot, and no second dial to it begins.
  void on_dial_ended(const conn::NodeId& id, const conn::Failure* failure, conn::TimePoint now);
  void on_connected(const conn::NodeId& id, Direction direction, conn::TimePoint now);
  // Who is to be disconnected: a filler that is here, and whose slot the owner has taken again. To
  // be asked after each connection.
  std::optional<conn::NodeId> surplus() const;
  // `address`: where it was dialled, for outbound ones. `sticky`: whether it is worth a redial (we
  // did not disconnect it on purpose).
  enum class Redial : std::uint8_t { no, yes };
  void on_gone(const conn::NodeId& id, const std::optional<conn::HostAddress>& address,
               Redial redial, conn::TimePoint now);

 private:
  struct Backoff {
    std::uint32_t failures = 0;
    conn::TimePoint next;
  };
  struct Sticky {
    conn::HostAddress target;
    std::size_t tries = 0;
    conn::TimePoint next;
    conn::TimePoint lost;
    conn::Duration lasted{};  // its connection
    bool torn = false;        // lost with many others
  };
  struct Dialling {
    conn::HostAddress target;
    conn::TimePoint begun;
  };
  struct Connected {
    Direction direction;
    conn::TimePoint since;
  };
  struct OwnAddress {
    std::string host;
    std::uint16_t port = 0;
    conn::TimePoint until;
  };
  struct Resting {
    std::string address;
    Backoff backoff;
  };

  bool is_busy(const conn::NodeId& id) const;
  std::size_t slots_used() const;
  void begin(DialOrder order, conn::TimePoint now, std::vector<DialOrder>& orders);
  // For a lost peer that was here for this long. False: there is none, and no peer gives way.
  bool make_sticky_room(conn::Duration lasted);
  void note_torn(conn::TimePoint now);
  bool is_given_up(const Sticky& entry, conn::TimePoint now) const;
  bool has_place_for(const conn::NodeId& id, const Sticky& entry) const;
  std::size_t slots_kept() const;
  void give_back();
  void settle_fillers();
  conn::Duration sticky_pause(const Sticky& entry);
  void back_off(Backoff& backoff, conn::TimePoint from, conn::Duration cap);
  void rest(const std::string& address, conn::TimePoint begun);
  void rest_own(const conn::HostAddress& target, conn::TimePoint until);
  // Until when the address is not to be tried; in the past when it may be.
  conn::TimePoint rests_until(const conn::HostAddress& target) const;
  conn::TimePoint own_until(const conn::HostAddress& target) const;
  void on_sticky_failed(Sticky& entry, conn::TimePoint now);

  DialerConfig config_;
  conn::NodeId own_;
  Random random_;
  std::set<conn::NodeId> unconditional_;
  PersistentPeers persistent_;
  std::map<conn::NodeId, Sticky> sticky_;
  DialPace pace_{kStickyPace};
  std::vector<DialOrder> requested_;  // accepted, not yet taken
  std::map<conn::NodeId, Dialling> dialling_;
  std::map<conn::NodeId, Connected> connected_;
  std::set<conn::NodeId> outbound_;      // of them
  std::vector<conn::NodeId> fillers_;    // under way or connected, the latest last
  std::set<conn::NodeId> leaving_;       // that were fillers
  std::list<Resting> resting_;           // the latest last
  std::list<OwnAddress> own_addresses_;  // the same
};

}  // namespace peerage::p2p
