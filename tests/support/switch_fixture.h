// A few nodes on the simulated network, for the tests of p2p/switch.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/sim_node.h"

namespace peerage::test {

using namespace std::chrono_literals;

struct SwitchFixture : testing::Test {
  sim::SimWorld world{11};
  std::vector<std::unique_ptr<SimNode>> nodes;
  std::vector<sim::SimHost*> hosts;

  SwitchFixture();
  ~SwitchFixture() override;

  // A node on a host of its own, in a group of its own; started.
  SimNode& add(p2p::SwitchConfig config = node_config());
  SimNode& add(p2p::SwitchConfig config, std::shared_ptr<RecordingReactor> reactor);
  SimNode& add_at(conn::IpAddress ip, p2p::SwitchConfig config = node_config());
  SimNode& add_at(conn::IpAddress ip, p2p::SwitchConfig config,
                  std::shared_ptr<RecordingReactor> reactor);
  sim::SimHost& host_of(const SimNode& node);
  const conn::IpAddress& ip_of(const SimNode& node);

  bool until(const std::function<bool()>& done, conn::Duration limit = 30s);
  bool connected(const SimNode& a, const SimNode& b);
  bool connect(SimNode& a, SimNode& b);
  void black_hole(const SimNode& a, const SimNode& b);
  void heal(const SimNode& a, const SimNode& b);
  std::size_t links_between(const SimNode& a, const SimNode& b);

  void TearDown() override;
};

}  // namespace peerage::test
