// When persistent peers are dialled: for ever, and each soon enough to be back within seconds.
//
//  - One that cannot be reached (no name, no route, nothing listens) is dialled every 5 s, a tenth
//    more or less, for ten minutes: an outage costs the peers a few seconds more than it lasts.
//    Then the pause doubles from 10 s to the cap.
//  - One that answers and does not stay (it refuses us, or its connection does not last
//    kPersistentStays) is dialled less and less often from the start: the pause doubles from 1 s to
//    the cap, for there each dial costs a handshake at both ends.
//  - Doubled pauses are shorter by 5 to 50 % at random. All are counted from the beginning of the
//    attempt.
//  - At most kPersistentPace in any second, the longest due first: a thousand that go down at once
//    are spread over the pause.
//
// A pure schedule, with the work of one change in O(log n). Invariant: `due_` holds exactly the
// peers that are neither connected nor being dialled. Threads: none of its own.
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
  // Due at `when`, with all its failures forgotten. Replaces the target if the ID is known. `busy`:
  // whether it is connected or being dialled.
  void add(const conn::HostAddress& target, conn::TimePoint when, Busy busy);
  bool remove(const conn::NodeId& id);
  bool contains(const conn::NodeId& id) const { return peers_.contains(id); }
  std::vector<conn::HostAddress> targets() const;

  // Those to dial now; they are busy from here on.
  std::vector<conn::HostAddress> take_due(conn::TimePoint now);
  std::optional<conn::TimePoint> next() const;

  // All of these ignore an ID that is not persistent.
  // It is connected, or is being dialled.
  void on_busy(const conn::NodeId& id);
  // The attempt that began then came to nothing before a byte was exchanged.
  void on_unreachable(const conn::NodeId& id, conn::TimePoint begun);
  // It answered; whether it stays will be seen. It remains busy if it is connected.
  void on_answer(const conn::NodeId& id, conn::TimePoint begun);
  // Its connection has ended after it had lasted: all failures are forgotten.
  void on_lost(const conn::NodeId& id, conn::TimePoint now);
  // It is neither connected nor being dialled any more: it is due as was said last.
  void on_idle(const conn::NodeId& id);
  // None with this host and port is due before then.
  void hold(const conn::HostAddress& target, conn::TimePoint until);

 private:
  struct Entry {
    conn::HostAddress target;
    conn::TimePoint next;
    std::optional<conn::TimePoint> unreachable_since;
    std::uint32_t failures = 0;  // that doubled the pause
    bool busy = false;
  };
  void set_next(Entry& entry, conn::TimePoint next);
  void set_busy(Entry& entry, bool busy);
  void back_off(Entry& entry, conn::Duration first, conn::TimePoint from);
  template <typename Change>
  void change(const conn::NodeId& id, const Change& apply) {
    if (const auto found = peers_.find(id); found != peers_.end()) apply(found->second);
  }

  const conn::Duration cap_;
  const Random random_;
  std::map<conn::NodeId, Entry> peers_;
  std::set<std::pair<conn::TimePoint, conn::NodeId>> due_;
  DialPace pace_{kPersistentPace};
};

}  // namespace peerage::p2p
