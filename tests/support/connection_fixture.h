// A world of two machines with a connection between them, for the tests of conn/comet/connection.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/linked_connections.h"

namespace peerage::test {

inline constexpr conn::ChannelId kLow{0x30}, kHigh{0x21}, kBig{0x40};

conn::Bytes numbered(std::size_t size);

struct ConnectionFixture : testing::Test {
  sim::SimWorld world{7};
  sim::SimHost& here = world.add_host({conn::IpAddress::v4(10, 0, 0, 1)});
  sim::SimHost& there = world.add_host({conn::IpAddress::v4(10, 1, 0, 1)});
  conn::NodeKey our_key = key_from(1);
  conn::NodeKey their_key = key_from(2);
  conn::ReassemblyBudget budget;
  conn::ConnectionConfig config = {
      .liveness = {}, .reassembly = {}, .send_queue = {}, .send_rate = 0, .receive_rate = 0};
  std::vector<conn::ChannelDescriptor> channels;
  Observed us, them;
  std::unique_ptr<ScriptedPeer> peer;

  ConnectionFixture();
  ~ConnectionFixture() override;

  // Both ends are Connections.
  void link();
  // The other end is moved by hand.
  void link_scripted();
  void set_plan(const std::function<void(sim::LinkPlan&)>& change);
  // One more of our connections, with a scripted peer of its own.
  struct Another {
    Observed us;
    std::unique_ptr<ScriptedPeer> peer;
  };
  std::unique_ptr<Another> link_another(conn::ReassemblyBudget& memory);
  // Lets `span` pass and returns how many events that took; gives up after a hundred thousand.
  std::size_t events_within(conn::Duration span);
};

}  // namespace peerage::test
