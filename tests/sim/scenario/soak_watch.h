// What must not happen to the nodes of a soak, checked while it runs: books that are lost although
// the disk was kept, bans that end too late or vanish, dial slots that are never free again.
//
// Threads: none of its own. The population outlives it.
#pragma once

#include <cstddef>
#include <list>
#include <vector>

#include "tests/sim/scenario/faults.h"
#include "tests/sim/scenario/population.h"

namespace peerage::sim {

class SoakWatch {
 public:
  SoakWatch(SimWorld& world, Population& population);

  // Called by the faults.
  void on_down(std::size_t node, Faults::Disk disk, Faults::Clock clock);
  void on_ban(std::size_t node, const conn::NodeId& whom, Duration span);

  void on_second();
  // Looks at bans, which takes a moment: once a minute.
  void on_minute();

  // Of addresses that nodes had when they went down, those that were missing when they came back.
  struct Books {
    std::size_t before = 0, lost = 0, restarts = 0;
    double lost_share() const {
      return before == 0 ? 0 : static_cast<double>(lost) / static_cast<double>(before);
    }
  };
  const Books& books() const { return books_; }
  // The same, where the clock jumped meanwhile.
  const Books& books_after_jumps() const { return books_after_jumps_; }

  std::size_t bans() const { return bans_seen_; }  // found in force
  std::size_t bans_overdue() const { return bans_overdue_; }
  std::size_t bans_vanished() const { return bans_vanished_; }
  // Outbound peers and dials of one node at a time.
  std::size_t most_slots() const { return most_slots_; }

 private:
  struct Down {
    bool is_down = false;
    std::size_t before = 0;
    bool jumped = false;
  };
  struct Ban {
    std::size_t node;
    conn::NodeId whom;
    TimePoint begun;
    Duration span;
    bool may_vanish = false;  // its file or its time has been tampered with
  };
  void judge(std::size_t node, Down& down);
  void look_at(const Ban& ban, const std::vector<p2p::Ban>& in_force);

  SimWorld& world_;
  Population& population_;
  std::vector<Down> down_;  // by node
  // Whether its clock was wrong at its last start.
  std::vector<bool> began_wrong_;
  std::list<Ban> bans_;
  Books books_, books_after_jumps_;
  std::size_t bans_seen_ = 0, bans_overdue_ = 0, bans_vanished_ = 0, most_slots_ = 0;
  std::size_t turn_ = 0;
};

}  // namespace peerage::sim
