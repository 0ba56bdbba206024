// What a newcomer to a full node costs besides its handshake: the choice of the peer that makes
// room for it, when as many networks are remembered as may be.
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include "p2p/admission/eviction.h"

namespace peerage::p2p {
namespace {

using conn::IpAddress;
using namespace std::chrono_literals;

IpAddress numbered(std::uint8_t first, std::size_t number) {
  return IpAddress::v4(static_cast<std::uint8_t>(first + (number >> 16)),
                       static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number),
                       1);
}

void choose_among(benchmark::State& state) {
  const conn::TimePoint now{10h};
  const auto slots = static_cast<std::size_t>(state.range(0));
  RecentAdmissions recent({});
  std::vector<EvictionCandidate> candidates;
  for (std::size_t i = 0; i < slots; ++i) {
    const IpAddress ip = numbered(20, i * 257);
    recent.note(ip, now);
    candidates.push_back({i, ip, now - 13s * (i % 300), {}});
  }
  for (std::size_t i = 0; recent.networks() < RecentAdmissions::kMaxRemembered; ++i) {
    recent.note(numbered(60, i), now);
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        choose_eviction(candidates, IpAddress::v4(9, 9, 9, 9), slots, recent, now));
  }
}
BENCHMARK(choose_among)->Arg(40)->Arg(160)->Arg(512)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace peerage::p2p

BENCHMARK_MAIN();
