// The channel scheduler under any load: what goes in comes out whole and in order, every packet is
// one that a Go node accepts, and channels that are busy together get what their priorities say.
#include <algorithm>
#include <array>
#include <deque>
#include <vector>

#include "conn/base/varint.h"
#include "conn/comet/channel_scheduler.h"
#include "tests/fuzz/fuzz_input.h"

using namespace peerage::conn;
using peerage::fuzz::Input;
using peerage::fuzz::require;

namespace {

// What one channel has still to send, and how far its first message is.
struct Model {
  ChannelDescriptor descriptor;
  std::deque<SharedBytes> messages;
  std::size_t offset = 0;
};

// How far one channel is ahead of another, in bytes for each unit of priority, since both were last
// seen to become busy.
struct Lead {
  double now = 0, least = 0, most = 0;
  void reset() { *this = {}; }
  void move(double by) {
    now += by;
    least = std::min(least, now);
    most = std::max(most, now);
  }
};

constexpr std::size_t kMaxChannels = 4;

struct World {
  std::vector<Model> models;
  std::array<std::array<Lead, kMaxChannels>, kMaxChannels> leads{};

  double share(std::size_t i) const {
    return 1.0 / static_cast<double>(std::max<int>(models[i].descriptor.priority, 1));
  }
  void becomes_busy(std::size_t i) {
    for (std::size_t j = 0; j < models.size(); ++j) {
      leads[i][j].reset();
      leads[j][i].reset();
    }
  }
  void sent(std::size_t i, std::size_t bytes) {
    for (std::size_t j = 0; j < models.size(); ++j) {
      if (i == j || models[j].messages.empty()) continue;
      Lead& lead = i < j ? leads[i][j] : leads[j][i];
      lead.move((i < j ? 1 : -1) * static_cast<double>(bytes) * share(i));
      // Start-time fair queueing: a packet of each, and the one that a channel may run ahead.
      const double bound = 2.0 * static_cast<double>(kMaxPacketOnWire) * (share(i) + share(j));
      require(lead.most - lead.least <= bound + 1e-3);
    }
  }
};

void take_one(ChannelScheduler& scheduler, World& world) {
  const auto packet = scheduler.next();
  bool any = false;
  for (const Model& each : world.models) any = any || !each.messages.empty();
  require(packet.has_value() == any);
  if (!packet) return;
  Model& model = world.models[packet->channel_index];
  require(!model.messages.empty());
  const Bytes& message = *model.messages.front();

  Bytes wire(packet->header.view().begin(), packet->header.view().end());
  wire.insert(wire.end(), packet->data.begin(), packet->data.end());
  require(wire.size() == packet->wire_size());
  const Varint length = read_varint(wire);
  require(length.status == VarintStatus::ok && length.value <= kMaxPacket);
  require(length.size + length.value == wire.size());
  const auto decoded = decode_packet(ByteView(wire).subspan(length.size));
  require(decoded && decoded->kind == PacketKind::msg);
  require(decoded->channel == static_cast<std::int32_t>(model.descriptor.id));
  require(decoded->eof == packet->completed.has_value());
  require(!decoded->data.empty() && decoded->data.size() <= message.size() - model.offset);
  require(std::equal(decoded->data.begin(), decoded->data.end(),
                     message.begin() + static_cast<std::ptrdiff_t>(model.offset)));
  model.offset += decoded->data.size();
  require(decoded->eof == (model.offset == message.size()));
  world.sent(packet->channel_index, wire.size());
  if (packet->completed) {
    require(*packet->completed == message.size());
#ifdef PEERAGE_PLANTED_BUG
    // As if a message of exactly this many packets were cut wrongly.
    require(message.size() != 2 * kMaxPacketData);
#endif
    model.messages.pop_front();
    model.offset = 0;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  World world;
  const std::size_t count = 1 + input.byte() % kMaxChannels;
  std::vector<ChannelDescriptor> descriptors;
  for (std::size_t i = 0; i < count; ++i) {
    descriptors.push_back(
        {.id = ChannelId{static_cast<std::uint8_t>(i * 0x55)}, .priority = input.byte()});
    world.models.push_back({descriptors.back(), {}, 0});
  }
  ChannelScheduler scheduler(descriptors);
  std::size_t added = 0;
  while (!input.empty()) {
    const std::uint8_t action = input.byte();
    if (action < 128 && added < 500) {
      const std::size_t index = action % count;
      // Sizes about the edges of packets, or any.
      const std::uint8_t choice = input.byte();
      const std::size_t length =
          choice < 64 ? 1 + choice * 50u : (1 + choice % 3u) * kMaxPacketData + choice / 64u - 2;
      auto message = std::make_shared<Bytes>(length);
      for (std::size_t i = 0; i < length; ++i) {
        (*message)[i] = static_cast<std::uint8_t>(i * 7 + added);
      }
      if (world.models[index].messages.empty()) world.becomes_busy(index);
      world.models[index].messages.push_back(message);
      scheduler.add(index, std::move(message));
      ++added;
    } else {
      for (int i = 0; i <= action % 16; ++i) take_one(scheduler, world);
    }
  }
  while (!scheduler.empty()) take_one(scheduler, world);
  require(!scheduler.next());
  return 0;
}
