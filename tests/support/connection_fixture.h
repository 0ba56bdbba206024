// A world of two machines with a connection between them, for the tests of conn/connection.
#pragma once

#include <functional>
#include <memory>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/linked_connections.h"

namespace peerage::test {

inline constexpr conn::ChannelId kLow{0x30}, kHigh{0x21}, kBig{0x40};

inline conn::Bytes numbered(std::size_t size) {
  conn::Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  return bytes;
}

struct ConnectionFixture : testing::Test {
  sim::SimWorld world{7};
  sim::SimHost& here = world.add_host({conn::IpAddress::v4(10, 0, 0, 1)});
  sim::SimHost& there = world.add_host({conn::IpAddress::v4(10, 1, 0, 1)});
  conn::NodeKey our_key = test::key_from(1);
  conn::NodeKey their_key = test::key_from(2);
  conn::ReassemblyBudget budget;
  conn::ConnectionConfig config = {
      .liveness = {}, .reassembly = {}, .send_queue = {}, .send_rate = 0, .receive_rate = 0};
  std::vector<conn::ChannelDescriptor> channels = {
      {.id = kLow,
       .priority = 1,
       .send_queue_messages = 100,
       .send_queue_bytes = 8u << 20,
       .max_message_bytes = 4u << 20},
      {.id = kHigh, .priority = 10, .max_message_bytes = 1u << 20},
      {.id = kBig,
       .priority = 5,
       .send_queue_messages = 100,
       .send_queue_bytes = 8u << 20,
       .max_message_bytes = 4u << 20}};
  Observed us, them;
  std::unique_ptr<ScriptedPeer> peer;

  // Both ends are Connections.
  void link() {
    auto streams = test::connect_streams(world, here, there);
    auto sessions = test::make_sessions(our_key, their_key);
    us.open(here.shard(0), std::move(streams.first), std::move(sessions.first), channels, config,
            budget);
    them.open(there.shard(0), std::move(streams.second), std::move(sessions.second), channels,
              config, budget);
  }
  // The other end is moved by hand.
  void link_scripted() {
    auto streams = test::connect_streams(world, here, there);
    auto sessions = test::make_sessions(our_key, their_key);
    us.open(here.shard(0), std::move(streams.first), std::move(sessions.first), channels, config,
            budget);
    peer = std::make_unique<ScriptedPeer>(std::move(streams.second), std::move(sessions.second));
  }
  void set_plan(const std::function<void(sim::LinkPlan&)>& change) {
    sim::LinkPlan plan;
    change(plan);
    world.set_default_link(plan);
  }
  // One more of our connections, with a scripted peer of its own.
  struct Another {
    Observed us;
    std::unique_ptr<ScriptedPeer> peer;
  };
  std::unique_ptr<Another> link_another(conn::ReassemblyBudget& memory) {
    auto another = std::make_unique<Another>();
    auto streams = connect_streams(world, here, there);
    auto sessions = make_sessions(our_key, their_key);
    another->us.open(here.shard(0), std::move(streams.first), std::move(sessions.first), channels,
                     config, memory);
    another->peer =
        std::make_unique<ScriptedPeer>(std::move(streams.second), std::move(sessions.second));
    return another;
  }
  // Lets `span` pass and tells how many events that took; gives up after a hundred thousand.
  std::size_t events_within(conn::Duration span) {
    const auto over = std::make_shared<bool>(false);
    world.after(span, [over] { *over = true; });
    std::size_t events = 0;
    while (!*over && events < 100'000 && world.step()) ++events;
    return events;
  }
};

}  // namespace peerage::test
