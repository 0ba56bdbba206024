// The honest side: peers of long standing, that seldom restart, and newcomers.
//
// A newcomer comes from any of the networks, wants to stay for good, and tries again 15 to 45 s
// after it was refused. It counts as admitted when it has kept a slot for kAdmitted, which is
// enough for a few questions and answers; one that loses its slot before tries again. After
// kPatience it gives up. One that is evicted later goes elsewhere.
//
// Threads: plain values; everything happens in the events of the timeline.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "tests/sim/eclipse/trial_random.h"
#include "tests/sim/slots/node.h"
#include "tests/sim/slots/plans.h"
#include "tests/sim/slots/timeline.h"

namespace peerage::sim::slots {

class Honest {
 public:
  static constexpr conn::Duration kAdmitted = std::chrono::seconds(10);
  static constexpr conn::Duration kPatience = std::chrono::minutes(10);

  // What the newcomers since forget() have met with, and the peers of long standing.
  struct Record {
    std::vector<conn::Duration> waits;  // till the slot that was kept; kPatience: none was
    std::vector<conn::Duration> stays;  // of those admitted, and evicted later
    std::size_t lost = 0;               // evicted, and older than a day
  };

  Honest(const NodePlan& plan, Node& node, Timeline& timeline, std::uint64_t seed);
  // Those of long standing have connected in the past, the first of all events; newcomers come from
  // now on.
  void start();
  void forget() { record_ = {}; }

  const Record& record() const { return record_; }
  // No more newcomers: those that are here have kPatience to be admitted, or not.
  void close() { plan_.newcomers = 0; }
  std::size_t day_old() const;
  // Those that an attempt has come from within an hour.
  std::size_t active_networks() const;

 private:
  struct Guest {
    conn::IpAddress ip;
    conn::TimePoint came;
    p2p::LinkId link = 0;  // 0: none
    conn::TimePoint since;
    bool admitted = false;
  };
  using GuestPtr = std::shared_ptr<Guest>;

  conn::IpAddress draw_address();
  void settle(const std::vector<conn::Duration>& ages);
  bool connect(const GuestPtr& guest, conn::TimePoint now);
  void come(const conn::IpAddress& ip);
  void attempt(const GuestPtr& guest);
  void try_again(const GuestPtr& guest);
  void on_kept(const GuestPtr& guest, p2p::LinkId link);
  void on_evicted(const GuestPtr& guest, conn::TimePoint now);
  void newcomers();
  void restarts();

  NodePlan plan_;
  Node& node_;
  Timeline& timeline_;
  eclipse::TrialRandom random_;
  std::map<p2p::LinkId, GuestPtr> connected_;
  std::vector<conn::TimePoint> heard_of_;  // each network, last
  Record record_;
};

}  // namespace peerage::sim::slots
