// The basis of every scenario: a world, its internet and its nodes, what is looked at, the curves
// that are drawn of it, and the report at the end.
//
// Threads: none of its own.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "tests/sim/discovery/member.h"
#include "tests/sim/discovery/scenario.h"
#include "tests/sim/scenario/internet.h"

namespace peerage::sim::discovery {

// What is promised.
inline constexpr double kPromisedPlaces = 0.95;  // live, of those that a table could hold
inline constexpr double kPromisedFound = 0.99;   // of the lookups
inline constexpr double kPromisedRounds = 6;     // of a lookup
inline constexpr double kPromisedDatagrams = 5;  // a second, sent by a node on the average

class Stage {
 public:
  Stage(std::string title, const Options& options);

  // The boot node first.
  Member& add_boot_node();
  // Each within ten seconds, at random.
  void add_nodes(std::size_t count) { add_nodes(count, plan()); }
  void add_nodes(std::size_t count, const Member::Plan& plan);
  // It begins now.
  Member& add_node(Member::Plan plan);
  // Behind a NAT of its own.
  Member& add_hidden_node(Member::Plan plan, Duration nat_forgets);
  // With the boot node, and the options' fault where it is one of settings.
  Member::Plan plan() const;
  Member& boot_node() { return *members_.front(); }
  const std::vector<std::unique_ptr<Member>>& members() const noexcept { return members_; }

  // Tables now. Of a node counts what is live in its table, runs, is open, and is where the table
  // says; against what the table could hold of all that run and are open.
  struct State {
    std::size_t running = 0;
    double lowest = 1, mean = 1;  // shares of possible places that are live
    std::size_t entries = 0;      // in all tables
    std::size_t dead = 0;         // of them, live in the table and not to be reached
  };
  State state();
  // The share of one table.
  double share(Member& member);

  // Goes on for `span`, and looks each `pause`. Throws Interrupted when it is interrupted.
  void go_on(Duration span, Duration pause = 10s);
  // The same, until it holds; how long that took, or nothing when it did not within `limit`.
  std::optional<Duration> go_on_until(const std::function<bool(const State&)>& holds,
                                      Duration limit, Duration pause = 5s);
  // The report says whether within `limit` ("ten minutes later") all tables hold what was promised,
  // and lookups find what they look for.
  void expect_whole_within(Duration limit, const std::string& then);

  // Nodes at random look for open nodes at random, each once at a time.
  struct Found {
    std::size_t asked = 0, found = 0;
    std::size_t most_rounds = 0;
    double share() const {
      return asked == 0 ? 0 : static_cast<double>(found) / static_cast<double>(asked);
    }
  };
  Found look_up(std::size_t count);
  // Each of the others looks for this one.
  Found look_up(const Member& target);
  // Those that have it live where it is.
  std::size_t tables_with(const Member& member) const;

  // What nodes send on the average from here on: the busiest, and all of them.
  void count_datagrams();
  double busiest() const;
  double average() const;

  double minute() const;
  Duration span() const;  // the options' minutes

  Report finish();

  Options options;
  SimWorld world;
  Internet internet;
  Report report;

 private:
  Member& add(SimHost& host, Member::Plan plan);
  State look();
  bool is_there(const pex::TableNode& node) const;
  void find_open();
  void look_up(Member& from, const Member& target, const std::shared_ptr<Found>& found);
  std::size_t places(const Member& member);

  const TimePoint began_;
  std::vector<std::unique_ptr<Member>> members_;
  std::unordered_map<pex::EnodeId, Member*> by_id_;
  // What tables could hold when these were open.
  std::vector<Member*> open_;
  std::unordered_map<pex::EnodeId, std::size_t> places_;
  std::unordered_map<pex::EnodeId, std::uint64_t> sent_before_;
  TimePoint counted_from_;
  std::uint32_t nats_ = 0;
  Curve lowest_{"live places, of the worst table", {}}, mean_{"live places, on the average", {}},
      datagrams_{"datagrams a second and node", {}};
  std::uint64_t sent_at_look_ = 0;
  TimePoint looked_at_;
};

}  // namespace peerage::sim::discovery
