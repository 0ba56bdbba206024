// Which nodes are dialled, and when. A pure state machine: it is given what is wanted and what came
// of it, and says which dials to begin; the transport does them.
//
//  - At most one dial for an ID at a time, and none to a node that is connected, nor to ourselves.
//  - Persistent peers are redialled for ever (p2p/dial/persistent_peers.h); the longest pause is
//    60 s by default, or persistent_peers_max_dial_period.
//  - A long-lived outbound peer that we lose is redialled for a while (p2p/dial/sticky_peers.h).
//  - Every way of dialling counts against max_outbound, those under way included; nodes that come
//    first do not (p2p/dial/outbound_slots.h).
//  - An address that failed is not tried again for a pause that doubles from 1 s to 60 s, for any
//    caller. A host and port that led to ourselves are not, for a day, under whatever ID and not
//    even for a persistent peer.
//
// Bounded: kMaxResting failed addresses, kMaxOwnAddresses of our own.
// Threads: none of its own (the control shard).
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "conn/address/net_address.h"
#include "conn/runtime/runtime.h"
#include "p2p/base/dial_outlook.h"
#include "p2p/base/dial_purpose.h"
#include "p2p/base/direction.h"
#include "p2p/base/limits.h"
#include "p2p/base/peer_marks.h"
#include "p2p/dial/outbound_slots.h"
#include "p2p/dial/persistent_peers.h"
#include "p2p/dial/sticky_peers.h"

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
  static constexpr conn::Duration kStable = std::chrono::minutes(1);
  static constexpr conn::Duration kSelfRest = std::chrono::hours(24);
  // A number in [0, 1), at random.
  using Random = std::function<double()>;

  // The marks outlive it. Its own persistent peers are to be marked as such there, by whoever adds
  // them here.
  Dialer(const DialerConfig& config, const conn::NodeId& own, const PeerMarks& marks,
         Random random);
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

  // --- what is wanted ---
  // One more address of a persistent peer; if it is known, it is due at once. own_address for
  // ourselves.
  conn::Result<void> add_persistent(const conn::HostAddress& address, conn::TimePoint now);
  // All its addresses, or this one. A dial of it that is under way goes on. False: there is none.
  bool remove_persistent(const conn::NodeId& id) { return persistent_.remove(id); }
  bool remove_persistent(const conn::HostAddress& address) { return persistent_.remove(address); }
  // All addresses of persistent peers.
  std::vector<conn::HostAddress> persistent() const { return persistent_.targets(); }

  // Which addresses: of a persistent peer's, none of these is due before then.
  using Which = PersistentPeers::Which;
  void hold_off(const Which& which, conn::TimePoint until) { persistent_.hold(which, until); }
  // And all of these are due now, whatever has been before.
  void let_back(const Which& which, conn::TimePoint now);

  // Asks for a dial; it is due at once. Refused (stage admission): own_address, duplicate_id,
  // already_dialling, address_resting (but for DialPurpose::manual), no_free_slot.
  conn::Result<void> request(const DialOrder& order, conn::TimePoint now);
  conn::Result<void> request(const conn::HostAddress& target, DialPurpose purpose,
                             conn::TimePoint now) {
    return request({target, purpose, {}}, now);
  }
  // How many more peers the book may be asked for.
  std::size_t free_slots() const { return slots_.free(); }
  // Whether a peer of this ID takes one of the slots.
  bool needs_slot(const conn::NodeId& id) const { return slots_.is_needed_by(id); }

  // --- what happens ---
  // Dials to begin now; each counts as under way until on_dial_ended.
  std::vector<DialOrder> take_due(conn::TimePoint now);
  std::optional<conn::TimePoint> deadline() const;
  bool is_dialling(const conn::NodeId& id) const { return dialling_.contains(id); }
  DialOutlook outlook(const conn::NodeId& id, conn::TimePoint now) const;
  std::size_t dialling() const noexcept { return dialling_.size(); }

  // The dial ended: null when the peer is admitted (on_connected follows), and otherwise why it is
  // not. One that has proved itself and is held back (p2p/peer/duplicate_connections.h) is still
  // under way: it keeps its slot, and no second dial to it begins.
  void on_dial_ended(const conn::NodeId& id, const conn::Failure* failure, conn::TimePoint now);
  void on_connected(const conn::NodeId& id, Direction direction, conn::TimePoint now);
  // Who is to be disconnected, for a lost one is back. To be asked after each connection.
  std::optional<conn::NodeId> surplus() const { return sticky_.surplus(); }
  // `address`: where it was dialled, for outbound ones. `redial`: whether it is worth one (we did
  // not disconnect it on purpose).
  enum class Redial : std::uint8_t { no, yes };
  void on_gone(const conn::NodeId& id, const std::optional<conn::HostAddress>& address,
               Redial redial, conn::TimePoint now);

 private:
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
    std::uint32_t failures = 0;
    conn::TimePoint next;
  };

  void begin(DialOrder order, conn::TimePoint now, std::vector<DialOrder>& orders);
  void rest(const std::string& address, conn::TimePoint begun);
  void rest_own(const conn::HostAddress& target, conn::TimePoint until);
  // Until when the address is not to be tried; in the past when it may be.
  conn::TimePoint rests_until(const conn::HostAddress& target) const;
  conn::TimePoint own_until(const conn::HostAddress& target) const;

  DialerConfig config_;
  conn::NodeId own_;
  Random random_;
  OutboundSlots slots_;  // invariant: a dial is under way there if it is in one of these two
  std::vector<DialOrder> requested_;  // accepted, not yet taken
  std::map<conn::NodeId, Dialling> dialling_;
  std::map<conn::NodeId, Connected> connected_;
  PersistentPeers persistent_;
  StickyPeers sticky_;
  std::list<Resting> resting_;           // the latest last
  std::list<OwnAddress> own_addresses_;  // the same
};

}  // namespace peerage::p2p
