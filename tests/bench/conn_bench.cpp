// What a connection is made of, each part by itself: frames, packets, the scheduler, the assembler
// and the handshake. No socket, no thread.
#include <optional>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <sodium.h>

#include "conn/comet/channel_scheduler.h"
#include "conn/comet/frame_cipher.h"
#include "conn/comet/message_assembler.h"
#include "conn/comet/packet.h"
#include "conn/comet/secret_handshake.h"

namespace peerage::conn {
namespace {

constexpr ChannelId kChannel{0x70};

std::int64_t as_count(std::size_t number) {
  return static_cast<std::int64_t>(number);
}

void count_frames(benchmark::State& state, std::size_t batch) {
  state.SetItemsProcessed(state.iterations() * as_count(batch));
  state.SetBytesProcessed(state.iterations() * as_count(batch * kFrameData));
}

// --- frames ---

void seal_frames(benchmark::State& state) {
  const auto batch = static_cast<std::size_t>(state.range(0));
  FrameSealer sealer{FrameKey(ByteArray<32>{})};
  Bytes buffer(batch * kFrameSealed);
  const Bytes stream(batch * kFrameData, 0x5a);
  for (auto _ : state) {
    FrameWriter writer(buffer);
    writer.append(stream);
    if (!sealer.seal(writer.finish())) state.SkipWithError("not sealed");
  }
  count_frames(state, batch);
}
BENCHMARK(seal_frames)->Arg(1)->Arg(4)->Arg(16)->Arg(64);

// What is opened was sealed under the same counter, with the clock stopped.
void open_frames(benchmark::State& state) {
  const auto batch = static_cast<std::size_t>(state.range(0));
  static constexpr std::size_t kAhead = 256;  // frames, so that the clock is seldom stopped
  FrameSealer sealer{FrameKey(ByteArray<32>{})};
  FrameOpener opener{FrameKey(ByteArray<32>{})};
  Bytes buffer(kAhead * kFrameSealed);
  const Bytes stream(kAhead * kFrameData, 0x5a);
  std::size_t at = buffer.size();
  for (auto _ : state) {
    if (at == buffer.size()) {
      state.PauseTiming();
      FrameWriter writer(buffer);
      writer.append(stream);
      if (!sealer.seal(writer.finish())) state.SkipWithError("not sealed");
      at = 0;
      state.ResumeTiming();
    }
    for (std::size_t i = 0; i < batch; ++i, at += kFrameSealed) {
      const auto opened = opener.open(MutableBytes(buffer).subspan(at, kFrameSealed));
      if (!opened) state.SkipWithError("not opened");
    }
  }
  count_frames(state, batch);
}
BENCHMARK(open_frames)->Arg(1)->Arg(4)->Arg(16)->Arg(64);

// --- packets ---

void encode_packets(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    const MsgHeader header = encode_msg_header(kChannel, Eof::yes, size);
    benchmark::DoNotOptimize(header);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(encode_packets)->Arg(64)->Arg(1000);

// As every node writes a packet, and with an unknown field before it.
void decode(benchmark::State& state, bool usual) {
  const Bytes data(64, 0x5a);
  const MsgHeader header = encode_msg_header(kChannel, Eof::yes, data.size());
  Bytes body;
  if (!usual) body = {0x20, 0x05};
  const ByteView head = header.view().subspan(1);  // without the length
  body.insert(body.end(), head.begin(), head.end());
  body.insert(body.end(), data.begin(), data.end());
  for (auto _ : state) {
    const auto packet = decode_packet(body);
    if (!packet) state.SkipWithError("not decoded");
    benchmark::DoNotOptimize(packet);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(decode, usual, true);
BENCHMARK_CAPTURE(decode, any, false);

void append_packet(Bytes& stream, ByteView data) {
  const MsgHeader header = encode_msg_header(kChannel, Eof::yes, data.size());
  stream.insert(stream.end(), header.view().begin(), header.view().end());
  stream.insert(stream.end(), data.begin(), data.end());
}

// A stream of packets, cut as frames bring it.
void read_packets(benchmark::State& state) {
  const Bytes data(static_cast<std::size_t>(state.range(0)), 0x5a);
  static constexpr std::size_t kPackets = 1'000;
  Bytes stream;
  for (std::size_t i = 0; i < kPackets; ++i) append_packet(stream, data);
  PacketReader reader;
  std::size_t seen = 0;
  for (auto _ : state) {
    for (std::size_t at = 0; at < stream.size(); at += kFrameData) {
      const std::size_t size = std::min(kFrameData, stream.size() - at);
      const auto taken = reader.receive(ByteView(stream).subspan(at, size),
                                        [&seen](ByteView body) -> Result<void> {
                                          const auto packet = decode_packet(body);
                                          if (!packet) return tl::unexpected(packet.error());
                                          seen += packet->data.size();
                                          return {};
                                        });
      if (!taken) state.SkipWithError("not read");
    }
  }
  benchmark::DoNotOptimize(seen);
  state.SetItemsProcessed(state.iterations() * as_count(kPackets));
}
BENCHMARK(read_packets)->Arg(64)->Arg(1000);

// --- channels ---

std::vector<ChannelDescriptor> descriptors(std::size_t count) {
  std::vector<ChannelDescriptor> all;
  all.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    ChannelDescriptor descriptor;
    descriptor.id = ChannelId{static_cast<std::uint8_t>(0x20 + i)};
    descriptor.priority = static_cast<std::uint8_t>(i + 1);
    all.push_back(descriptor);
  }
  return all;
}

// Messages of one size on N channels, until all have left.
void schedule(benchmark::State& state) {
  const auto channels = static_cast<std::size_t>(state.range(0));
  const auto message =
      std::make_shared<const Bytes>(Bytes(static_cast<std::size_t>(state.range(1)), 0x5a));
  static constexpr std::size_t kEach = 16;
  const auto all = descriptors(channels);
  ChannelScheduler scheduler(all);
  std::size_t packets = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kEach * channels; ++i) scheduler.add(i % channels, message);
    while (const auto packet = scheduler.next()) ++packets;
  }
  state.SetItemsProcessed(as_count(packets));
}
BENCHMARK(schedule)->ArgNames({"channels", "bytes"})->ArgsProduct({{1, 4, 16}, {64, 65536}});

void assemble(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const auto all = descriptors(1);
  ReassemblyBudget budget;
  MessageAssembler assembler(all, ReassemblyConfig{}, budget);
  const Bytes data(kMaxPacketData, 0x5a);
  const auto channel = static_cast<std::int32_t>(all.front().id);
  for (auto _ : state) {
    for (std::size_t left = size; left > 0;) {
      const std::size_t part = std::min(left, kMaxPacketData);
      left -= part;
      auto message = assembler.receive(channel, ByteView(data).first(part), left == 0, TimePoint{});
      if (!message) state.SkipWithError("not taken");
      benchmark::DoNotOptimize(message);
    }
  }
  state.SetBytesProcessed(state.iterations() * as_count(size));
}
BENCHMARK(assemble)->Arg(64)->Arg(1024)->Arg(65536)->Arg(1 << 20);

// --- the handshake ---

Secret<32> random_secret() {
  Secret<32> secret;
  randombytes_buf(secret.writable().data(), 32);
  return secret;
}

// Both sides: half of it is what one costs.
void shake_hands(benchmark::State& state) {
  const NodeKey one = NodeKey::from_seed(random_secret());
  const NodeKey other = NodeKey::from_seed(random_secret());
  for (auto _ : state) {
    SecretHandshake dialler(one, random_secret(), other.id());
    SecretHandshake acceptor(other, random_secret(), std::nullopt);
    while (!dialler.done() || !acceptor.done()) {
      const Bytes there = dialler.take_output();
      const Bytes back = acceptor.take_output();
      const bool moved = !there.empty() || !back.empty();
      if (!moved || !acceptor.receive(there) || !dialler.receive(back)) {
        state.SkipWithError("no handshake");
        break;
      }
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(shake_hands)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace peerage::conn

int main(int argc, char** argv) {
  if (sodium_init() < 0) return 1;  // which chooses the implementation for this processor
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
