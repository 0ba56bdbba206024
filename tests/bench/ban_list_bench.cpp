// What bans cost when there are as many as there may be. A refusal: an address that no ban is
// about, among bans of every length; the aim is less than 10 us. And a ban for misbehaviour for
// which another makes room, when all are of one group, or each of another.
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

void ban_one_more(benchmark::State& state) {
  const auto groups = static_cast<std::uint32_t>(state.range(0));
  const conn::TimePoint now{1h};
  BanList bans;
  std::uint32_t next = 0;
  // Each of another neighbourhood than the one before: none are joined.
  const auto add = [&] {
    const std::uint32_t group = next % groups, host = next / groups;
    conn::ByteArray<16> bytes{0x2a, 0, static_cast<std::uint8_t>(group >> 8),
                              static_cast<std::uint8_t>(group)};
    for (std::size_t i = 0; i < 4; ++i) bytes[4 + i] = static_cast<std::uint8_t>(host >> (8 * i));
    ++next;
    return bans.add({Cidr(IpAddress::v6(bytes), 64), now + 1h, "", BanOrigin::misbehaviour}, now);
  };
  while (bans.size() < conn::kMaxBans) (void)add();
  for (auto _ : state) benchmark::DoNotOptimize(add());
}
BENCHMARK(ban_one_more)->Arg(1)->Arg(100)->Arg(20'000);

}  // namespace
}  // namespace peerage::p2p

BENCHMARK_MAIN();
