// The nodes of a scenario, and how they are connected.
//
// Seeds come first. Nodes are added while time goes on; one that has left for ever stays in the
// list, down.
//
// Threads: none of its own. The world and the internet outlive it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "tests/sim/go/go_node.h"
#include "tests/sim/scenario/internet.h"
#include "tests/sim/scenario/node.h"

namespace peerage::sim {

class Population {
 public:
  static constexpr std::size_t kFullOutbound = 10;

  Population(SimWorld& world, Internet& internet) : world_(world), internet_(internet) {}

  // Running soon.
  Node& add_seed(Node::Plan plan = Node::seed_plan());
  // With the seeds so far.
  Node& add_node(Node::Plan plan = Node::plan());
  // One with the Go node's policy, as far as the model goes.
  Member& add_go_node();

  std::size_t size() const noexcept { return nodes_.size(); }
  Member& at(std::size_t index) { return *nodes_.at(index); }
  const std::vector<std::unique_ptr<Member>>& nodes() const noexcept { return nodes_; }
  const std::vector<conn::HostAddress>& seeds() const noexcept { return seeds_; }
  // A running node that is no seed, at random; null when there is none.
  Member* draw();

  // Their state now. Of nodes that are no seeds and have been running for `settled`.
  struct State {
    std::size_t running = 0;
    std::size_t full = 0;       // have all outbound peers
    std::size_t outbound = 0;   // peers, of all
    std::size_t largest = 0;    // nodes in the largest component
    std::size_t addresses = 0;  // in their books
    double connected_share() const { return share(largest); }
    double full_share() const { return share(full); }
    // Of the outbound peers that they want.
    double outbound_share() const { return share(outbound) / kFullOutbound; }
    double share(std::size_t part) const {
      return running == 0 ? 1 : static_cast<double>(part) / static_cast<double>(running);
    }
  };
  State state(Duration settled = 0s) const;
  // Whether each node that runs and is no seed has had a full outbound set at one of these looks:
  // in a large world some node always has just lost a peer.
  bool have_all_been_full();

  // Of all nodes, since they were made.
  Member::Tally tally() const;  // the most in a second: of any one node of ours

 private:
  Node& add(Node::Plan plan);
  std::uint32_t next_number() const { return static_cast<std::uint32_t>(nodes_.size() + 1); }

  SimWorld& world_;
  Internet& internet_;
  std::vector<std::unique_ptr<Member>> nodes_;
  std::vector<conn::HostAddress> seeds_;
  std::vector<bool> has_been_full_;  // by index
};

}  // namespace peerage::sim
