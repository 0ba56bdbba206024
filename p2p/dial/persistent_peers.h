// When persistent peers are dialled, and where: for ever, and each soon enough to be back within
// seconds.
//
//  - A peer has a set of addresses, each with a schedule of its own; one at a time is dialled. Of
//    those that are due the one that has been so for longest comes first, so that all are tried in
//    turn. After a connection that has lasted all are due together, its own first.
//  - One that cannot be reached (no name, no route, nothing listens) is dialled every 5 s, a tenth
//    more or less, for ten minutes: an outage costs the peers a few seconds more than it lasts.
//    Then the pause doubles from 10 s to the cap.
//  - One that answers and does not stay (it refuses us, or its connection does not last
//    kPersistentStays) is dialled less and less often from the start: the pause doubles from 1 s to
//    the cap, for there each dial costs a handshake at both ends.
//    What answers at one address keeps no other waiting: it may be another node.
//  - Doubled pauses are shorter by 5 to 50 % at random. All are counted from the beginning of the
//    attempt.
//  - At most kPersistentPace in any second, the longest due first: a thousand that go down at once
//    are spread over the pause.
//
// A pure schedule, with the work of one change in O(log n), and in the number of the peer's
// addresses. Invariants: a peer has an address at least; `due_` holds exactly the peers that are
// neither connected nor being dialled. Threads: none of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "conn/address/net_address.h"
#include "conn/base/time.h"
#include "p2p/base/limits.h"
#include "p2p/dial/dial_pace.h"

namespace peerage::p2p {

class PersistentPeers {
 public:
  // A number in [0, 1), at random.
  using Random = std::function<double()>;

  PersistentPeers(conn::Duration cap, Random random) : cap_(cap), random_(std::move(random)) {}

  enum class Busy : std::uint8_t { no, yes };
  // One more address of its ID, due at `when`; if it is known, with its failures forgotten. `busy`:
  // whether the node is connected or being dialled.
  void add(const conn::HostAddress& address, conn::TimePoint when, Busy busy);
  // All its addresses, or this one; with the last one the peer goes. False: there is none.
  bool remove(const conn::NodeId& id);
  bool remove(const conn::HostAddress& address);
  bool contains(const conn::NodeId& id) const { return peers_.contains(id); }
  // All addresses.
  std::vector<conn::HostAddress> targets() const;
  // When it is due; it may have to wait for others then. Nothing for one that is not persistent.
  std::optional<conn::TimePoint> due(const conn::NodeId& id) const;

  // Those to dial now; they are busy from here on.
  std::vector<conn::HostAddress> take_due(conn::TimePoint now);
  std::optional<conn::TimePoint> next() const;

  // All of these ignore an ID that is not persistent, and an address that is not one of the peer's:
  // what is said of that says nothing of the others.
  // It is connected, or is being dialled.
  void on_busy(const conn::NodeId& id);
  // The attempt that began then came to nothing before a byte was exchanged.
  void on_unreachable(const conn::HostAddress& address, conn::TimePoint begun);
  // It answered; whether it stays will be seen. It remains busy if it is connected.
  void on_answer(const conn::HostAddress& address, conn::TimePoint begun);
  // Its connection has ended after it had lasted: all failures are forgotten. `address`: where it
  // was dialled, if it was.
  void on_lost(const conn::NodeId& id, const std::optional<conn::HostAddress>& address,
               conn::TimePoint now);
  // It is neither connected nor being dialled any more: it is due as was said last.
  void on_idle(const conn::NodeId& id);
  // None of these addresses is due before then.
  using Which = std::function<bool(const conn::HostAddress&)>;
  void hold(const Which& which, conn::TimePoint until);

 private:
  struct Target {
    conn::HostAddress address;
    conn::TimePoint next;
    std::optional<conn::TimePoint> unreachable_since;
    std::uint32_t failures = 0;    // that doubled the pause
    conn::TimePoint held_until{};  // at least
  };
  struct Entry {
    std::vector<Target> targets;  // of those that are due together, the first comes first
    bool busy = false;
  };
  using Peers = std::map<conn::NodeId, Entry>;

  static std::vector<Target>::iterator find(Entry& entry, const conn::HostAddress& address);
  // The one that is due first.
  static const Target& first_of(const Entry& entry);
  static void set_next(Target& target, conn::TimePoint next);
  void back_off(Target& target, conn::Duration first, conn::TimePoint from) const;
  // Changes the entry, and its place in `due_`.
  template <typename Change>
  void change(const conn::NodeId& id, const Change& apply) {
    if (const auto found = peers_.find(id); found != peers_.end()) change(found, apply);
  }
  template <typename Change>
  void change(Peers::iterator peer, const Change& apply) {
    auto& [id, entry] = *peer;
    if (!entry.busy && !entry.targets.empty()) due_.erase({first_of(entry).next, id});
    apply(entry);
    if (entry.targets.empty()) {
      peers_.erase(peer);
    } else if (!entry.busy) {
      due_.insert({first_of(entry).next, id});
    }
  }
  template <typename Change>
  void change(const conn::HostAddress& address, const Change& apply) {
    change(address.id, [&](Entry& entry) {
      if (const auto found = find(entry, address); found != entry.targets.end()) apply(*found);
    });
  }

  const conn::Duration cap_;
  const Random random_;
  Peers peers_;
  std::set<std::pair<conn::TimePoint, conn::NodeId>> due_;
  DialPace pace_{kPersistentPace};
};

}  // namespace peerage::p2p
