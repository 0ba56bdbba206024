#include "tests/support/connection_fixture.h"

#include <cstdint>
#include <numeric>
#include <utility>

namespace peerage::test {

conn::Bytes numbered(std::size_t size) {
  conn::Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  return bytes;
}

ConnectionFixture::ConnectionFixture()
    : channels{{.id = kLow,
                .priority = 1,
                .send_queue_messages = 100,
                .send_queue_bytes = 8u << 20,
                .max_message_bytes = 4u << 20},
               {.id = kHigh, .priority = 10, .max_message_bytes = 1u << 20},
               {.id = kBig,
                .priority = 5,
                .send_queue_messages = 100,
                .send_queue_bytes = 8u << 20,
                .max_message_bytes = 4u << 20}} {}
ConnectionFixture::~ConnectionFixture() = default;

void ConnectionFixture::link() {
  auto streams = connect_streams(world, here, there);
  auto sessions = make_sessions(our_key, their_key);
  us.open(here.shard(0), std::move(streams.first), std::move(sessions.first), channels, config,
          budget);
  them.open(there.shard(0), std::move(streams.second), std::move(sessions.second), channels, config,
            budget);
}
void ConnectionFixture::link_scripted() {
  auto streams = connect_streams(world, here, there);
  auto sessions = make_sessions(our_key, their_key);
  us.open(here.shard(0), std::move(streams.first), std::move(sessions.first), channels, config,
          budget);
  peer = std::make_unique<ScriptedPeer>(std::move(streams.second), std::move(sessions.second));
}
void ConnectionFixture::set_plan(const std::function<void(sim::LinkPlan&)>& change) {
  sim::LinkPlan plan;
  change(plan);
  world.set_default_link(plan);
}
std::unique_ptr<ConnectionFixture::Another> ConnectionFixture::link_another(
    conn::ReassemblyBudget& memory) {
  auto another = std::make_unique<Another>();
  auto streams = connect_streams(world, here, there);
  auto sessions = make_sessions(our_key, their_key);
  another->us.open(here.shard(0), std::move(streams.first), std::move(sessions.first), channels,
                   config, memory);
  another->peer =
      std::make_unique<ScriptedPeer>(std::move(streams.second), std::move(sessions.second));
  return another;
}
std::size_t ConnectionFixture::events_within(conn::Duration span) {
  const auto over = std::make_shared<bool>(false);
  world.after(span, [over] { *over = true; });
  std::size_t events = 0;
  while (!*over && events < 100'000 && world.step()) ++events;
  return events;
}

}  // namespace peerage::test
