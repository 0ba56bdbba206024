// Whole nodes on the simulated network, and what a scrape of them says.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "pex/metrics.h"
#include "pex/node.h"
#include "tests/sim/sim_world.h"
#include "tests/support/files.h"
#include "tests/support/metric_lines.h"
#include "tests/support/recording_reactor.h"
#include "tests/support/sim_node.h"

namespace peerage::pex {

class MetricsFixture : public testing::Test {
 protected:
  struct Member {
    sim::SimHost* host = nullptr;
    std::unique_ptr<Node> node;
    std::shared_ptr<test::RecordingReactor> reactor;
    std::optional<conn::Result<void>> started;

    conn::HostAddress address() const { return {node->id(), host->address().to_string(), 26656}; }
    std::size_t peers() const { return node->get_switch().snapshot()->peers.size(); }
    p2p::PeerPtr peer(const Member& other) const {
      return node->get_switch().find_peer(other.node->id());
    }
  };

  static NodeConfig plain() {
    NodeConfig config;
    config.networks = {"test-chain"};
    config.listen = "0.0.0.0:26656";
    return config;
  }
  // Without peer exchange, and with room for all.
  static NodeConfig bare() {
    NodeConfig config = plain();
    config.pex = false;
    config.connections.p2p.max_num_inbound_peers = 200;
    config.connections.p2p.max_num_outbound_peers = 200;
    return config;
  }
  Member& start(std::uint8_t number, NodeConfig config,
                std::vector<p2p::ReactorChannel> channels = {}) {
    Member& member = *members.emplace_back(std::make_unique<Member>());
    if (hosts[number] == nullptr) {
      hosts[number] = &world.add_host({conn::IpAddress::v4(20, number, 3, 1)}, 1);
    }
    member.host = hosts[number];
    auto node = Node::create(*member.host, std::move(config), test::numbered_key(number));
    if (!node) throw std::runtime_error(node.error().text());
    member.node = std::move(*node);
    if (!channels.empty()) {
      member.reactor = std::make_shared<test::RecordingReactor>(std::move(channels));
      member.node->add_reactor(member.reactor);
    }
    member.node->start([&member](const conn::Result<void>& outcome) { member.started = outcome; });
    EXPECT_TRUE(
        world.run_until([&] { return member.started.has_value(); }, std::chrono::seconds(10)));
    return member;
  }
  void stop(Member& member) {
    bool stopped = false;
    member.node->stop([&](const conn::Result<void>&) { stopped = true; });
    ASSERT_TRUE(world.run_until([&] { return stopped; }, std::chrono::minutes(1)));
  }
  // With fresh figures of the control shard.
  test::MetricLines scrape(const Member& member) {
    (void)metrics_text(*member.node);
    world.run_for(std::chrono::seconds(7));
    const test::MetricLines lines(metrics_text(*member.node));
    for (const std::string& fault : lines.faults()) ADD_FAILURE() << fault;
    return lines;
  }
  void TearDown() override {
    for (const auto& member : members) {
      if (member->node) stop(*member);
    }
  }

  static std::vector<p2p::ReactorChannel> echo(std::vector<std::string> types = {}) {
    p2p::ReactorChannel channel;
    channel.id = test::kEcho;
    channel.message_types = std::move(types);
    return {channel};
  }

  test::TemporaryDirectory folder;
  sim::SimWorld world{5};
  std::array<sim::SimHost*, 256> hosts{};
  std::vector<std::unique_ptr<Member>> members;
};

}  // namespace peerage::pex
