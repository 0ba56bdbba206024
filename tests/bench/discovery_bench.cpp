// What discovery costs, each part by itself: the curve, Keccak, records. No socket, no thread.
#include <benchmark/benchmark.h>
#include <sodium.h>

#include "conn/crypto/keccak.h"
#include "conn/crypto/secp256k1.h"
#include "pex/discovery/limits.h"
#include "pex/discovery/record/cmt.h"
#include "pex/discovery/record/verified_records.h"

namespace peerage::pex {
namespace {

using conn::Bytes;
using conn::Secp256k1Key;
using conn::Secp256k1PublicKey;

Secp256k1Key random_key() {
  return Secp256k1Key::generate(
      [](conn::MutableBytes bytes) { randombytes_buf(bytes.data(), bytes.size()); });
}

// --- the curve ---

void curve_recover(benchmark::State& state) {
  const auto key = random_key();
  const auto hash = conn::keccak256(conn::as_bytes("hash"));
  const auto signature = key.sign_recoverable(hash);
  for (auto _ : state) {
    const auto signer = Secp256k1PublicKey::recover(hash, signature);
    if (signer != key.public_key()) state.SkipWithError("not recovered");
  }
}
BENCHMARK(curve_recover)->Unit(benchmark::kMicrosecond);

void curve_sign(benchmark::State& state) {
  const auto key = random_key();
  const auto hash = conn::keccak256(conn::as_bytes("hash"));
  for (auto _ : state) benchmark::DoNotOptimize(key.sign(hash));
}
BENCHMARK(curve_sign)->Unit(benchmark::kMicrosecond);

void curve_sign_recoverable(benchmark::State& state) {
  const auto key = random_key();
  const auto hash = conn::keccak256(conn::as_bytes("hash"));
  for (auto _ : state) benchmark::DoNotOptimize(key.sign_recoverable(hash));
}
BENCHMARK(curve_sign_recoverable)->Unit(benchmark::kMicrosecond);

void curve_verify(benchmark::State& state) {
  const auto key = random_key();
  const auto hash = conn::keccak256(conn::as_bytes("hash"));
  const auto signature = key.sign(hash);
  for (auto _ : state) {
    if (!key.public_key().verify(hash, signature)) state.SkipWithError("not verified");
  }
}
BENCHMARK(curve_verify)->Unit(benchmark::kMicrosecond);

void curve_agree(benchmark::State& state) {
  const auto key = random_key(), other = random_key();
  for (auto _ : state) benchmark::DoNotOptimize(key.agree(other.public_key()));
}
BENCHMARK(curve_agree)->Unit(benchmark::kMicrosecond);

void curve_key_pair(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(random_key());
}
BENCHMARK(curve_key_pair)->Unit(benchmark::kMicrosecond);

void curve_parse_compressed(benchmark::State& state) {
  const auto compressed = random_key().public_key().compressed();
  for (auto _ : state) {
    if (!Secp256k1PublicKey::from_compressed(compressed)) state.SkipWithError("not parsed");
  }
}
BENCHMARK(curve_parse_compressed)->Unit(benchmark::kMicrosecond);

void curve_parse_xy(benchmark::State& state) {
  const auto xy = random_key().public_key().xy();
  for (auto _ : state) {
    if (!Secp256k1PublicKey::from_xy(xy)) state.SkipWithError("not parsed");
  }
}
BENCHMARK(curve_parse_xy)->Unit(benchmark::kMicrosecond);

// --- Keccak ---

void keccak(benchmark::State& state) {
  const Bytes bytes(static_cast<std::size_t>(state.range(0)), 0x5a);
  for (auto _ : state) benchmark::DoNotOptimize(conn::keccak256(bytes));
}
BENCHMARK(keccak)->Arg(135)->Arg(1280)->Unit(benchmark::kMicrosecond);

// --- records ---

// As a comet node has it.
EnrPtr usual_record(const Secp256k1Key& key, std::uint64_t seq) {
  const Cmt cmt{conn::NodeId(), {"test-chain"}, 26656};
  return EnrBuilder()
      .set_ip(conn::IpAddress::v4(127, 0, 0, 1))
      .set_number("udp", 30303)
      .set_number("tcp", 26656)
      .set("cmt", cmt.encode())
      .sign(key, seq)
      .value();
}

// Two, of which but one is remembered.
void record_new(benchmark::State& state) {
  const auto key = random_key();
  const EnrPtr records[] = {usual_record(key, 1), usual_record(key, 2)};
  VerifiedRecords verified(1);
  std::size_t at = 0;
  for (auto _ : state) {
    at ^= 1;
    if (!verified.decode(records[at]->bytes())) state.SkipWithError("refused");
  }
  if (verified.remembered() != 0) state.SkipWithError("remembered");
}
BENCHMARK(record_new)->Unit(benchmark::kMicrosecond);

// One of as many as are remembered.
void record_seen_before(benchmark::State& state) {
  const auto key = random_key();
  static constexpr std::size_t kRecords = DiscoveryLimits{}.records_remembered;
  VerifiedRecords records(kRecords);
  std::vector<EnrPtr> known;
  for (std::size_t i = 0; i < kRecords; ++i) known.push_back(usual_record(key, i + 1));
  for (const EnrPtr& each : known) (void)records.decode(each->bytes());
  std::size_t at = 0;
  for (auto _ : state) {
    at = (at + 1237) % kRecords;
    if (!records.decode(known[at]->bytes())) state.SkipWithError("refused");
  }
  if (records.checked() != kRecords) state.SkipWithError("not remembered");
}
BENCHMARK(record_seen_before)->Unit(benchmark::kMicrosecond);

void record_signed(benchmark::State& state) {
  const auto key = random_key();
  for (auto _ : state) benchmark::DoNotOptimize(usual_record(key, 1));
}
BENCHMARK(record_signed)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace peerage::pex

int main(int argc, char** argv) {
  if (sodium_init() < 0) return 1;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
