#include "tests/sim/scenario/population.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "tests/sim/scenario/go_member.h"

namespace peerage::sim {
namespace {

// Sets of indices that were joined.
class Sets {
 public:
  explicit Sets(std::size_t size) : parent_(size) { std::iota(parent_.begin(), parent_.end(), 0u); }
  std::size_t root(std::size_t index) {
    while (parent_[index] != index) index = parent_[index] = parent_[parent_[index]];
    return index;
  }
  void join(std::size_t a, std::size_t b) { parent_[root(a)] = root(b); }

 private:
  std::vector<std::size_t> parent_;
};

}  // namespace

Node& Population::add(Node::Plan plan) {
  SimHost& host = world_.add_host({internet_.draw()});
  auto node = std::make_unique<Node>(host, next_number(), std::move(plan));
  Node& added = *node;
  nodes_.push_back(std::move(node));
  added.start();
  return added;
}

Node& Population::add_seed(Node::Plan plan) {
  plan.pex.seeds = seeds_;
  Node& seed = add(std::move(plan));
  seeds_.push_back(seed.address());
  return seed;
}

Node& Population::add_node(Node::Plan plan) {
  if (plan.pex.seeds.empty()) plan.pex.seeds = seeds_;
  return add(std::move(plan));
}

Member& Population::add_go_node() {
  SimHost& host = world_.add_host({internet_.draw()});
  go::GoNode::Plan plan;
  plan.networks = {"sim-1"};
  plan.seeds = seeds_;
  plan.node.liveness.ping_interval = Node::plan().node.liveness.ping_interval;
  nodes_.push_back(std::make_unique<GoMember>(host, next_number(), std::move(plan)));
  nodes_.back()->start();
  return *nodes_.back();
}

Member* Population::draw() {
  for (int tries = 0; tries < 1000; ++tries) {
    Member& node = *nodes_[world_.random() % nodes_.size()];
    if (node.is_running() && !node.is_seed()) return &node;
  }
  return nullptr;
}

Population::State Population::state(Duration settled) const {
  State state;
  std::unordered_map<conn::NodeId, std::size_t> index_of;
  std::vector<bool> counts(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    Member& node = *nodes_[i];
    if (!node.is_running() || node.is_seed()) continue;
    index_of.emplace(node.id(), i);
    counts[i] = world_.now() - node.started_at() >= settled;
  }
  Sets sets(nodes_.size());
  std::vector<std::vector<std::size_t>> peers(nodes_.size());
  for (const auto& [id, index] : index_of) {
    const auto snapshot = nodes_[index]->node().snapshot();
    for (const auto& peer : snapshot->peers) {
      const auto other = index_of.find(peer->id());
      if (other != index_of.end()) peers[index].push_back(other->second);
    }
    std::sort(peers[index].begin(), peers[index].end());
  }
  for (std::size_t i = 0; i < peers.size(); ++i) {
    for (const std::size_t other : peers[i]) {
      // Both ends must have it: a link that one end has lost carries nothing.
      if (std::binary_search(peers[other].begin(), peers[other].end(), i)) sets.join(i, other);
    }
  }
  std::unordered_map<std::size_t, std::size_t> sizes;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (!counts[i]) continue;
    ++state.running;
    const std::size_t outbound = nodes_[i]->outbound();
    state.outbound += outbound;
    state.full += outbound >= kFullOutbound ? 1 : 0;
    state.addresses += nodes_[i]->known_addresses();
    state.largest = std::max(state.largest, ++sizes[sets.root(i)]);
  }
  return state;
}

bool Population::have_all_been_full() {
  has_been_full_.resize(nodes_.size());
  bool all = true;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    Member& node = *nodes_[i];
    if (has_been_full_[i] || !node.is_running() || node.is_seed()) continue;
    has_been_full_[i] = node.outbound() >= kFullOutbound;
    all = all && has_been_full_[i];
  }
  return all;
}

Member::Tally Population::tally() const {
  Member::Tally all;
  for (const auto& node : nodes_) {
    const Member::Tally& each = node->tally();
    all.dials += each.dials;
    all.refused += each.refused;
    all.bans += each.bans;
    all.dropped_for_abuse += each.dropped_for_abuse;
    if (node->kind() != Member::Kind::node) continue;
    all.most_dials_in_a_second = std::max(all.most_dials_in_a_second, each.most_dials_in_a_second);
  }
  return all;
}

}  // namespace peerage::sim
