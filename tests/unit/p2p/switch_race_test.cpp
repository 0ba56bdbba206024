// Forced interleavings: three nodes that dial one another at random moments over links that break,
// with peers stopped, banned and evicted in between. Whatever happens, the reactors' contract holds
// and nothing is left over. Each run is reproducible by its number: PEERAGE_SEED=n runs that one
// alone.
#include <cstdlib>

#include <gtest/gtest.h>

#include "p2p/base/peer_reason.h"
#include "tests/support/effort.h"
#include "tests/support/sim_node.h"

namespace peerage::p2p {
namespace {

using conn::Bytes;
using conn::IpAddress;
using conn::Stage;
using test::node_config;
using test::SimNode;
using namespace std::chrono_literals;

const auto kSeedsEach =
    test::by_effort<std::uint64_t>({.whole = 2'500, .usual = 1'000, .sanitized = 50});

class Chaos {
 public:
  explicit Chaos(std::uint64_t seed) : world_(seed) {
    for (std::uint8_t i = 0; i < 3; ++i) {
      hosts_.push_back(&world_.add_host({IpAddress::v4(10, i, 0, 1)}, 1 + below(3)));
    }
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = i + 1; j < 3; ++j) {
        sim::LinkPlan plan;
        plan.latency = std::chrono::microseconds(below(30'000));
        plan.split = below(4) == 0 ? sim::LinkPlan::Split::random : sim::LinkPlan::Split::whole;
        if (below(8) == 0) plan.cut_after = 35 + below(20'000);
        world_.set_link(hosts_[i]->address(), hosts_[j]->address(), plan);
      }
    }
    SwitchConfig config = node_config();
    config.p2p.max_num_inbound_peers = 1 + static_cast<std::uint32_t>(below(2));
    for (std::uint32_t i = 0; i < 3; ++i) {
      const auto delivery = below(2) == 0 ? Delivery::executor : Delivery::in_line;
      auto reactor = std::make_shared<test::RecordingReactor>(
          std::vector<ReactorChannel>{{.id = test::kEcho}}, delivery);
      if (below(4) == 0) {
        reactor->on_receive = [this](const PeerPtr&, const Message&) {
          if (below(5) == 0) throw std::runtime_error("a poor reactor");
        };
      }
      if (below(4) == 0) {
        reactor->on_init = [this](const PeerPtr& peer) {
          if (below(3) == 0) nodes_.front()->node->stop_peer(peer->id(), misbehaved());
        };
      }
      nodes_.push_back(std::make_unique<SimNode>(*hosts_[i], i + 1, config, reactor));
      nodes_.back()->keep_events = false;
      nodes_.back()->start();
    }
    world_.run_for(10ms);
  }

  void run() {
    for (std::size_t step = 0; step < 12; ++step) {
      act();
      world_.run_for(std::chrono::microseconds(below(8) == 0 ? below(3'000'000) : below(60'000)));
    }
    settle();
    check("after the storm");
    for (const auto& node : nodes_) node->stop();
    EXPECT_TRUE(world_.run_until(
        [this] {
          for (const auto& node : nodes_) {
            if (!node->stopped) return false;
          }
          return true;
        },
        60s));
    for (const auto& node : nodes_) {
      EXPECT_EQ(node->reactor->breaches(), std::vector<std::string>{});
      EXPECT_TRUE(node->reactor->stopped());
    }
  }

 private:
  static conn::Failure misbehaved() { return {Stage::established, PeerReason::misbehaved, {}}; }
  std::uint64_t below(std::uint64_t bound) { return world_.random() % bound; }
  SimNode& any() { return *nodes_[below(nodes_.size())]; }

  void act() {
    SimNode& node = any();
    SimNode& other = any();
    switch (below(10)) {
      default:
        node.node->dial(other.address());
        if (below(2) == 0) other.node->dial(node.address());
        break;
      case 5:
        node.node->stop_peer(other.id(), misbehaved());
        break;
      case 6:
        node.node->disconnect(other.id(), 1s);
        break;
      case 7:
        world_.reset(node_host(node).address(), node_host(other).address());
        break;
      case 8:
        for (int i = 0; i < 3; ++i) node.node->broadcast(test::kEcho, Bytes(1 + below(5000), 1));
        break;
      case 9:
        if (below(3) == 0) {
          node.node->ban(other.id(), std::chrono::milliseconds(below(2000)), "a test");
        } else if (below(2) == 0) {
          node.node->add_persistent_peer(other.address());
          node.node->remove_persistent_peer(other.id());
        } else if (below(2) == 0) {
          node.node->add_unconditional_peer(other.id());
        } else {
          node.node->remove_unconditional_peer(other.id());
        }
        break;
    }
  }

  sim::SimHost& node_host(const SimNode& node) {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].get() == &node) return *hosts_[i];
    }
    return *hosts_.front();
  }

  // Parts all from all, and waits until nothing is under way.
  void settle() {
    world_.run_for(8s);
    for (int round = 0; round < 3; ++round) {
      for (const auto& node : nodes_) {
        for (const auto& other : nodes_) {
          node->node->remove_unconditional_peer(other->id());
          node->node->stop_peer(other->id(), misbehaved());
        }
      }
      world_.run_for(8s);
    }
  }

  void check(const char* when) {
    for (const auto& node : nodes_) {
      const auto now = node->node->snapshot();
      EXPECT_EQ(now->peers.size(), 0u) << when;
      EXPECT_EQ(now->inbound, 0u) << when;
      EXPECT_EQ(now->outbound, 0u) << when;
      EXPECT_EQ(now->dialling, 0u) << when;
      EXPECT_EQ(now->handshakes, 0u) << when;
      EXPECT_EQ(now->free_outbound, 10u) << when;
      EXPECT_EQ(node->reactor->live(), 0u) << when;
      EXPECT_EQ(node->reactor->inits(), node->reactor->removes()) << when;
      EXPECT_EQ(node->reactor->breaches(), std::vector<std::string>{}) << when;
    }
    EXPECT_EQ(world_.open_connections(), 0u) << when;
  }

  sim::SimWorld world_;
  std::vector<sim::SimHost*> hosts_;
  std::vector<std::unique_ptr<SimNode>> nodes_;
};

class SwitchRace : public testing::TestWithParam<std::uint64_t> {};

TEST_P(SwitchRace, InitAndRemoveBalanceNoIdIsThereTwiceAndNoSlotIsLost) {
  std::uint64_t first = GetParam() * kSeedsEach, last = first + kSeedsEach;
  if (const char* chosen = std::getenv("PEERAGE_SEED")) {
    first = std::strtoull(chosen, nullptr, 10);
    last = first + 1;
  }
  for (std::uint64_t seed = first; seed < last; ++seed) {
    SCOPED_TRACE("PEERAGE_SEED=" + std::to_string(seed));
    Chaos(seed).run();
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Quarters, SwitchRace, testing::Range<std::uint64_t>(0, 4));

}  // namespace
}  // namespace peerage::p2p
