// What the table of discovery costs: the 16 closest of 700 entries, the aim of which is 5 us;
// taking one more node in, of which it is 1 us; and looking for whom to ask next, which happens
// each second.
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include "pex/discovery/table.h"
#include "tests/support/discovery_nodes.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;

constexpr conn::TimePoint kNow{100h};

NodeTable empty_table() {
  return NodeTable({test::enode_id(0), {}, {}}, test::random_below(1));
}

// So many live entries, in full buckets from the farthest on: more than any network has.
NodeTable table_of(std::size_t entries) {
  NodeTable table = empty_table();
  const EnodeId own = test::enode_id(0);
  for (std::uint32_t i = 0; i < entries; ++i) {
    const auto id = test::enode_id_at(own, 256 - i / 16, i + 1);
    const auto node = test::contact(id, test::public_endpoint(i));
    table.offer(node, Protocol::v4, HeardBy::told, kNow);
    table.on_live(id, Protocol::v4, node.udp, kNow);
  }
  return table;
}

std::vector<Contact> strangers(std::uint32_t count) {
  std::vector<Contact> nodes;
  for (std::uint32_t i = 0; i < count; ++i) {
    nodes.push_back(test::contact(test::enode_id(10'000 + i), test::public_endpoint(100'000 + i)));
  }
  return nodes;
}

void sixteen_closest(benchmark::State& state) {
  const NodeTable table = table_of(static_cast<std::size_t>(state.range(0)));
  std::uint64_t number = 0;
  std::vector<EnodeId> targets;
  for (std::uint64_t i = 0; i < 256; ++i) targets.push_back(test::enode_id(1'000'000 + i));
  for (auto _ : state) {
    benchmark::DoNotOptimize(table.closest(targets[number++ % targets.size()], 16));
  }
}
BENCHMARK(sixteen_closest)->Arg(100)->Arg(700);

// The farthest buckets are full: nearly all become replacements, and push another out.
void insert_into_a_full_table(benchmark::State& state) {
  NodeTable table = table_of(700);
  const auto nodes = strangers(10'000);
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        table.offer(nodes[next++ % nodes.size()], Protocol::v4, HeardBy::told, kNow));
  }
}
BENCHMARK(insert_into_a_full_table);

// Into a bucket that has room, and out again.
void insert_and_remove(benchmark::State& state) {
  NodeTable table = empty_table();
  const auto nodes = strangers(1'000);
  std::size_t next = 0;
  for (auto _ : state) {
    const Contact& node = nodes[next++ % nodes.size()];
    benchmark::DoNotOptimize(table.offer(node, Protocol::v4, HeardBy::told, kNow));
    table.remove(node.id);
  }
}
BENCHMARK(insert_and_remove);

void answer_of_an_entry(benchmark::State& state) {
  NodeTable table = table_of(700);
  std::vector<Contact> nodes;
  table.for_each([&](const TableNode& node) { nodes.push_back(node.contact); });
  conn::TimePoint now = kNow;
  std::size_t next = 0;
  for (auto _ : state) {
    now += 1ms;
    const Contact& node = nodes[next++ % nodes.size()];
    benchmark::DoNotOptimize(table.on_live(node.id, Protocol::v4, node.udp, now));
  }
}
BENCHMARK(answer_of_an_entry);

void next_to_revalidate(benchmark::State& state) {
  const NodeTable table = table_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(table.next_to_revalidate(Protocol::v4, kNow + 13h));
  }
}
BENCHMARK(next_to_revalidate)->Arg(200)->Arg(700);

}  // namespace
}  // namespace peerage::pex

BENCHMARK_MAIN();
