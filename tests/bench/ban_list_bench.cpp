// What a refusal costs when there is much to look through: an address that no ban is about, among
// as many bans as there may be, of every length. The aim is less than 10 us.
#include <cstdint>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "p2p/admission/ban_list.h"

namespace peerage::p2p {
namespace {

using conn::Cidr;
using conn::IpAddress;
using namespace std::chrono_literals;

void look_up_a_stranger(benchmark::State& state) {
  std::mt19937 random(1);
  const conn::TimePoint now{1h};
  // The first bit is set in all bans and in no stranger, so that one is looked up at every length.
  const auto some_v6 = [&random](bool banned) {
    conn::ByteArray<16> bytes;
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    bytes[0] = static_cast<std::uint8_t>(banned ? bytes[0] | 0x80 : bytes[0] & 0x7f);
    return IpAddress::v6(bytes);
  };
  BanList bans;
  for (unsigned i = 0; bans.size() < conn::kMaxBans; ++i) {
    (void)bans.add({Cidr(some_v6(true), 1 + i % 128), now + 1h, ""}, now);
  }
  std::vector<IpAddress> strangers;
  strangers.reserve(1'000);
  for (int i = 0; i < 1'000; ++i) strangers.push_back(some_v6(false));
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(bans.find(strangers[next++ % strangers.size()], now));
  }
}
BENCHMARK(look_up_a_stranger);

}  // namespace
}  // namespace peerage::p2p

BENCHMARK_MAIN();
