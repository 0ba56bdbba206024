// Whole nodes on the simulated network, each with a book in memory unless its plan names a file.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "pex/node.h"
#include "tests/sim/sim_world.h"
#include "tests/support/sim_node.h"

namespace peerage::test {

using namespace std::chrono_literals;

// A node. The host outlives it.
class PexNode {
 public:
  struct Plan {
    p2p::SwitchConfig node = node_config();
    pex::PexConfig pex;
    std::vector<std::string> networks = {"test-chain"};
    std::shared_ptr<p2p::Reactor> reactor;  // one more
    std::filesystem::path book;             // empty: in memory
    std::optional<pex::NetworkBooks::Settings::Provenance> provenance;
    std::optional<pex::DiscoveryConfig> discovery;
  };

  PexNode(sim::SimHost& host, std::uint32_t number, Plan plan);
  ~PexNode();

  void start();
  void stop();
  // As after a restart.
  void make_anew();

  conn::HostAddress address() const;
  conn::NetAddress net_address() const { return {whole->id(), {host_.address(), 26656}}; }
  sim::SimHost& host() const { return host_; }
  p2p::Switch& net() const { return whole->get_switch(); }
  pex::NetworkBooks& books() const { return *whole->books(); }
  addrbook::AddressBook& book() const { return books().first(); }
  std::size_t peers() const;
  std::size_t outbound() const;
  std::size_t inbound() const;
  pex::PexReport report(sim::SimWorld& world) const;

 private:
  void make();

  sim::SimHost& host_;
  Plan plan_;
  std::uint32_t number_;

 public:
  std::function<void(const p2p::SwitchEvent&)> on_event;
  bool started = false;
  bool stopped = false;
  std::unique_ptr<pex::Node> whole;  // goes first
};

class PexWorld : public testing::Test {
 protected:
  explicit PexWorld(std::uint64_t seed = 7);
  ~PexWorld() override;

  sim::SimWorld world;
  std::vector<std::unique_ptr<PexNode>> nodes;

  // In a /16 of its own, in a network that the internet routes.
  static conn::IpAddress ip_of(std::size_t number);
  PexNode& add(PexNode::Plan plan);
  // As a new node of the same key at the same place.
  void restart(PexNode& node);
  static PexNode::Plan plan_with_seeds(std::vector<conn::HostAddress> seeds);
  static PexNode::Plan seed_plan();
  bool until(const std::function<bool()>& done, conn::Duration limit);
  void TearDown() override;
};

}  // namespace peerage::test
