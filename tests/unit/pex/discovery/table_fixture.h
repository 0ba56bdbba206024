// A table, and nodes to put into it.
#pragma once

#include <vector>

#include <gtest/gtest.h>

#include "pex/discovery/table.h"
#include "tests/support/discovery_nodes.h"

namespace peerage::pex {

class TableTest : public ::testing::Test {
 protected:
  using Offered = NodeTable::Offered;
  using Live = NodeTable::Live;
  using Missed = NodeTable::Missed;

  static NodeTable make(const DiscoveryLimits& limits = {}, std::vector<conn::Cidr> exempt = {}) {
    return NodeTable({test::enode_id(0), limits, std::move(exempt)}, test::random_below(1));
  }
  // Of one bucket, the farthest; each in a network of its own.
  Contact far_node(std::uint32_t number) const {
    return test::contact(test::enode_id_at(own, 256, number), test::public_endpoint(number));
  }
  Offered offer(const Contact& node, HeardBy how = HeardBy::told,
                Protocol protocol = Protocol::v4) {
    return table.offer(node, protocol, how, now);
  }
  Live answers(const Contact& node, Protocol protocol = Protocol::v4) {
    return table.on_live(node.id, protocol, node.udp, now);
  }
  Missed misses(const Contact& node, Protocol protocol = Protocol::v4) {
    return table.on_missed(node.id, protocol, node.udp);
  }
  // Live entries in one bucket, the numbers from 1; a second between their proofs.
  std::vector<Contact> fill_bucket(std::uint32_t count = 16) {
    std::vector<Contact> nodes;
    for (std::uint32_t i = 1; i <= count; ++i) {
      nodes.push_back(far_node(i));
      EXPECT_EQ(offer(nodes.back()), Offered::added);
      now += std::chrono::seconds(1);
      EXPECT_EQ(answers(nodes.back()), Live::became);
    }
    return nodes;
  }

  const EnodeId own = test::enode_id(0);
  NodeTable table = make();
  conn::TimePoint now{std::chrono::hours(100)};
};

}  // namespace peerage::pex
