// Nodes with peer exchange on the simulated network, each with a book in memory unless its plan
// names a file.
#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "pex/pex_reactor.h"
#include "tests/sim/sim_world.h"
#include "tests/support/sim_node.h"

namespace peerage::test {

using namespace std::chrono_literals;

// A node: a switch, a shelf and a PEX reactor. The host outlives it.
class PexNode {
 public:
  struct Plan {
    p2p::SwitchConfig node = node_config();
    pex::PexConfig pex;
    std::vector<std::string> networks = {"test-chain"};
    std::shared_ptr<p2p::Reactor> reactor;  // one more
    std::filesystem::path book;             // empty: in memory
  };

  PexNode(sim::SimHost& host, std::uint32_t number, Plan plan)
      : host_(host), plan_(std::move(plan)), number_(number) {
    make();
  }
  ~PexNode() { EXPECT_TRUE(!node || stopped); }

  void start() {
    shelf->open([this](const auto& opened) {
      EXPECT_TRUE(opened);
      node->start([this](const conn::Result<void>& result) { started = result.has_value(); });
    });
  }
  void stop() {
    node->stop([this] { stopped = true; });
  }
  // As after a restart; a file must have been closed.
  void make_anew() {
    node.reset();
    make();
  }

  conn::HostAddress address() const { return {node->id(), host_.address().to_string(), 26656}; }
  conn::NetAddress net_address() const { return {node->id(), {host_.address(), 26656}}; }
  sim::SimHost& host() const { return host_; }
  addrbook::AddressBook& book() const { return shelf->first(); }
  std::size_t peers() const { return node->snapshot()->peers.size(); }
  std::size_t outbound() const { return node->snapshot()->outbound; }
  std::size_t inbound() const { return node->snapshot()->inbound; }
  pex::PexReport report(sim::SimWorld& world) const {
    pex::PexReport report;
    bool has = false;
    pex->report([&](const pex::PexReport& now) {
      report = now;
      has = true;
    });
    EXPECT_TRUE(world.run_until([&] { return has; }, 1s));
    return report;
  }

 private:
  void make() {
    p2p::SwitchConfig config = plan_.node;
    config.networks = plan_.networks;
    pex::prepare(config, plan_.pex);
    const conn::NodeKey key = numbered_key(number_);
    shelf = std::make_shared<pex::Bookshelf>(
        host_, key.id(),
        pex::Bookshelf::Settings{plan_.book, plan_.networks,
                                 pex::book_config(config.p2p, plan_.pex),
                                 pex::Bookshelf::Settings::Told::forgotten});
    pex = std::make_shared<pex::PexReactor>(host_, shelf, plan_.pex);
    node = std::make_unique<p2p::Switch>(host_, numbered_key(number_), config);
    pex::PexReactor::attach(*node, pex);
    if (plan_.reactor) node->add_reactor(plan_.reactor);
    node->on_event([this](const p2p::SwitchEvent& event) {
      if (on_event) on_event(event);
    });
    started = stopped = false;
  }

  sim::SimHost& host_;
  Plan plan_;
  std::uint32_t number_;

 public:
  std::function<void(const p2p::SwitchEvent&)> on_event;
  std::shared_ptr<pex::Bookshelf> shelf;
  std::shared_ptr<pex::PexReactor> pex;
  bool started = false;
  bool stopped = false;
  std::unique_ptr<p2p::Switch> node;  // goes first
};

class PexWorld : public testing::Test {
 protected:
  explicit PexWorld(std::uint64_t seed = 7) : world(seed) {}

  sim::SimWorld world;
  std::vector<std::unique_ptr<PexNode>> nodes;

  // In a /16 of its own, in a network that the internet routes.
  static conn::IpAddress ip_of(std::size_t number) {
    return conn::IpAddress::v4(static_cast<std::uint8_t>(20 + number / 200),
                               static_cast<std::uint8_t>(1 + number % 200), 3, 1);
  }
  PexNode& add(PexNode::Plan plan) {
    const std::size_t number = nodes.size() + 1;
    sim::SimHost& host = world.add_host({ip_of(number)}, 2);
    nodes.push_back(
        std::make_unique<PexNode>(host, static_cast<std::uint32_t>(number), std::move(plan)));
    PexNode& node = *nodes.back();
    node.start();
    EXPECT_TRUE(world.run_until([&] { return node.started; }, 1s));
    return node;
  }
  // As a new node of the same key at the same place.
  void restart(PexNode& node) {
    node.stop();
    EXPECT_TRUE(until([&] { return node.stopped; }, 30s));
    node.make_anew();
    node.start();
    EXPECT_TRUE(until([&] { return node.started; }, 1s));
  }
  static PexNode::Plan plan_with_seeds(std::vector<conn::HostAddress> seeds) {
    PexNode::Plan plan;
    plan.pex.seeds = std::move(seeds);
    return plan;
  }
  static PexNode::Plan seed_plan() {
    PexNode::Plan plan;
    plan.pex = pex::PexConfig::seed();
    return plan;
  }
  bool until(const std::function<bool()>& done, conn::Duration limit) {
    return world.run_until(done, limit);
  }
  void TearDown() override {
    for (const auto& node : nodes) node->stop();
    EXPECT_TRUE(until(
        [this] {
          return std::all_of(nodes.begin(), nodes.end(),
                             [](const auto& node) { return node->stopped; });
        },
        30s));
  }
};

}  // namespace peerage::test
