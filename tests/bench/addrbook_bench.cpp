// The address book: what hearing of, drawing and telling addresses costs, and what one takes in
// memory. Each figure at a book that was given 100 000 addresses.
#include <optional>
#include <vector>

#include <benchmark/benchmark.h>
#include <malloc.h>
#include <sodium.h>

#include "addrbook/book/address_book.h"

namespace peerage::addrbook {
namespace {

constexpr std::uint32_t kAddresses = 100'000;
constexpr Time kNow{std::chrono::days(20'000)};

// Scattered over groups as the hosts of a large network are: every address has its own /24.
conn::NetAddress nth(std::uint32_t n) {
  conn::ByteArray<conn::NodeId::kBytes> id{};
  const std::uint32_t mixed = n * 2654435761U;
  for (std::size_t i = 0; i < 4; ++i) id[i] = static_cast<std::uint8_t>(n >> (8 * i));
  const auto ip = conn::IpAddress::v4(static_cast<std::uint8_t>(11 + mixed % 80),
                                      static_cast<std::uint8_t>(mixed >> 8),
                                      static_cast<std::uint8_t>(mixed >> 16), 1);
  return {conn::NodeId(id), {ip, 26656}};
}

Source source(std::uint32_t n) {
  return {conn::IpAddress::v4(static_cast<std::uint8_t>(128 + n % 60),
                              static_cast<std::uint8_t>(n / 60 % 250), 1, 1),
          {},
          Origin::import};
}

std::unique_ptr<AddressBook> empty_book() {
  return std::make_unique<AddressBook>("bench", conn::NodeId(), BookKey{1}, conn::Random::Seed{1});
}

std::unique_ptr<AddressBook> full_book(std::uint32_t tried = 10'000) {
  auto book = empty_book();
  for (std::uint32_t i = 0; i < kAddresses; ++i) {
    if (book->add(nth(i), source(i), kNow) != Added::added || i >= tried) continue;
    book->mark_connected(nth(i), std::chrono::microseconds(1000), kNow);
    book->mark_verified(nth(i), {"moniker", "0.38.0", {}}, kNow);
    book->mark_useful(nth(i), kNow);
  }
  return book;
}

void hear_of_new_ones(benchmark::State& state) {
  auto book = empty_book();
  std::uint32_t i = 0;
  for (auto _ : state) {
    if (i == kAddresses) {
      state.PauseTiming();
      book = empty_book();
      i = 0;
      state.ResumeTiming();
    }
    benchmark::DoNotOptimize(book->add(nth(i), source(i), kNow));
    ++i;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(hear_of_new_ones)->Iterations(1'000'000);

void hear_of_any_when_full(benchmark::State& state) {
  const auto book = full_book();
  std::uint32_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(book->add(nth(i), source(i), kNow));
    i = i * 1664525U + 1013904223U;
    i %= 4 * kAddresses;  // a quarter is known
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["size"] = static_cast<double>(book->size());
}
BENCHMARK(hear_of_any_when_full);

void pick(benchmark::State& state) {
  const auto book = full_book();
  for (auto _ : state) benchmark::DoNotOptimize(book->pick({30}, kNow));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(pick);

void pick_by_group(benchmark::State& state) {
  const auto book = full_book();
  for (auto _ : state) benchmark::DoNotOptimize(book->pick_by_group(4, kNow));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(pick_by_group);

// Each of them is asked about.
void pick_by_group_in_vain(benchmark::State& state) {
  const auto book = full_book();
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        book->pick_by_group(4, kNow, [](const KnownAddress&) { return false; }));
  }
  state.counters["size"] = static_cast<double>(book->size());
}
BENCHMARK(pick_by_group_in_vain)->Unit(benchmark::kMicrosecond);

void selection(benchmark::State& state) {
  const auto book = full_book();
  for (auto _ : state) benchmark::DoNotOptimize(book->selection(kNow));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(selection);

void verified_selection(benchmark::State& state) {
  const auto book = full_book();
  for (auto _ : state) benchmark::DoNotOptimize(book->verified_selection(kNow));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(verified_selection);

void load(benchmark::State& state) {
  const auto book = full_book();
  std::vector<KnownAddress> rows;
  book->for_each([&rows](const KnownAddress& known) { rows.push_back(known); });
  for (auto _ : state) {
    auto loaded = empty_book();
    loaded->load(BookKey{1}, rows, kNow);
    benchmark::DoNotOptimize(loaded);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rows.size()));
}
BENCHMARK(load)->Unit(benchmark::kMillisecond);

constexpr std::size_t kBatch = 5'000;  // as the store takes them

// Nothing waits to be written.
std::unique_ptr<AddressBook> written_book() {
  auto book = full_book();
  while (book->has_changes()) book->take_changes(kAddresses);
  return book;
}

// What the store's batch costs the shard: the changed rows are copied.
void take_changes(benchmark::State& state) {
  const auto book = written_book();
  std::vector<conn::NetAddress> addresses;
  book->for_each([&](const KnownAddress& known) { addresses.push_back(known.address); });
  std::size_t next = 0;
  for (auto _ : state) {
    state.PauseTiming();
    // Scattered over memory, as the addresses that were dialled are.
    for (std::size_t i = 0; i < kBatch; ++i, next += 7919) {
      book->mark_attempt(addresses[next % addresses.size()], kNow);
    }
    std::optional<Changes> changes;
    state.ResumeTiming();
    changes.emplace(book->take_changes(kBatch));
    benchmark::DoNotOptimize(*changes);
    state.PauseTiming();
    changes.reset();  // on the store's thread
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}
BENCHMARK(take_changes)->Unit(benchmark::kMillisecond);

// And that it comes back, when it could not be written.
void put_back(benchmark::State& state) {
  const auto book = written_book();
  book->everything_changed();
  Changes all = book->take_changes(kAddresses);
  Changes changes{all.network, false, {}, {}};
  for (std::size_t i = 0; i < kBatch; ++i) {
    changes.written.push_back(std::move(all.written[i * 7919 % all.written.size()]));
  }
  for (auto _ : state) {
    book->put_back(changes);
    state.PauseTiming();
    while (book->has_changes()) book->take_changes(kBatch);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}
BENCHMARK(put_back)->Unit(benchmark::kMillisecond);

// When the file was lost.
void take_everything(benchmark::State& state) {
  const auto book = written_book();
  for (auto _ : state) {
    book->everything_changed();
    std::optional<Changes> changes(book->take_changes(kBatch));
    benchmark::DoNotOptimize(*changes);
    state.PauseTiming();
    changes.reset();
    state.ResumeTiming();
  }
  state.counters["rows"] = static_cast<double>(book->size());
}
BENCHMARK(take_everything)->Unit(benchmark::kMillisecond);

std::size_t in_use() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

void memory(benchmark::State& state) {
  double bytes = 0, size = 1;
  for (auto _ : state) {
    const std::size_t before = in_use();
    const auto book = full_book();
    bytes = static_cast<double>(in_use() - before);
    size = static_cast<double>(book->size());
  }
  state.counters["bytes_per_address"] = bytes / size;
  state.counters["addresses"] = size;
}
BENCHMARK(memory)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace peerage::addrbook

int main(int argc, char** argv) {
  if (sodium_init() < 0) return 1;
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
