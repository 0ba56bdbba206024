// The basis of every scenario: a world, its internet and its nodes, the curves that are drawn of
// them, and the report at the end.
//
// Threads: none of its own.
#pragma once

#include <algorithm>

#include "tests/sim/scenario/population.h"
#include "tests/sim/scenario/scenario.h"

namespace peerage::sim {

// Bytes that this process holds in RAM now.
std::size_t resident_bytes();

class Stage {
 public:
  Stage(std::string title, const ScenarioOptions& options);

  // `count` seeds; then the nodes, all at once.
  void add_seeds(std::size_t count = 2);
  void add_nodes(std::size_t count);
  // A node with the options' settings.
  Node::Plan node_plan() const;

  // Goes on for `span`, and looks at the state each `pause`. Nodes count once they have run for
  // `settled`. Throws Interrupted when it is interrupted.
  void go_on(Duration span, Duration pause, Duration settled = 0s);
  // The same, until it holds; how long that took, or nothing when it did not within `limit`.
  std::optional<Duration> go_on_until(const std::function<bool(const Population::State&)>& holds,
                                      Duration limit, Duration pause, Duration settled = 0s);
  // Between looks for the moment when something holds: longer in large worlds, where a look takes
  // long.
  Duration look_pause() const { return std::max<std::size_t>(1, options.nodes / 1000) * 1s; }
  // Called each second of virtual time while going on.
  std::function<void()> each_second;

  // The options' hours.
  Duration span() const;
  TimePoint end() const { return began_ + span(); }
  double hour() const;
  // The lows count from here on.
  void forget_lows() { lowest_connected_ = lowest_outbound_ = 1; }
  double lowest_connected() const { return lowest_connected_; }
  double lowest_outbound() const { return lowest_outbound_; }  // of the peers wanted

  // With the checks that every scenario has: dials, bans, abuse.
  Report finish();

  ScenarioOptions options;
  SimWorld world;
  Internet internet{world};
  Population population{world, internet};
  Report report;

 private:
  Population::State look(Duration settled);

  const TimePoint began_;
  double lowest_connected_ = 1, lowest_outbound_ = 1;
  std::size_t dials_before_ = 0;
  TimePoint looked_at_;
  Curve connected_{"in one component", {}}, full_{"with a full outbound set", {}},
      dials_{"dials a second and node", {}};
};

}  // namespace peerage::sim
