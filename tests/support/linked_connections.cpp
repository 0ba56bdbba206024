#include "tests/support/linked_connections.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace peerage::test {

StreamPair connect_streams(sim::SimWorld& world, sim::SimHost& from, sim::SimHost& to) {
  StreamPair pair;
  const conn::Endpoint at{to.address(), 26656};
  auto listener = to.listen(to.shard(0), at, [&](std::unique_ptr<conn::Arrival> arrival) {
    pair.second = arrival->claim(to.shard(0));
  });
  auto pending = from.connect(from.shard(0), at, std::chrono::seconds(5),
                              [&](conn::Result<std::unique_ptr<conn::Stream>> stream) {
                                pair.first = std::move(stream.value());
                              });
  world.run_until([&] { return pair.first && pair.second; }, std::chrono::seconds(10));
  return pair;
}

void Observed::open(conn::Shard& shard, std::unique_ptr<conn::Stream> stream,
                    conn::SecretSession session,
                    const std::vector<conn::ChannelDescriptor>& channels,
                    const conn::ConnectionConfig& config, conn::ReassemblyBudget& budget) {
  conn::Connection::Events events;
  events.message = [this](conn::ChannelMessage message) {
    messages.push_back(std::move(message));
    if (on_message) on_message(messages.back());
  };
  events.closed = [this](const conn::Failure& why) {
    closed = why;
    ++closed_calls;
  };
  connection = conn::Connection::create(shard, std::move(stream), std::move(session), channels,
                                        config, budget, std::move(events));
  connection->start();
}

ScriptedPeer::ScriptedPeer(std::unique_ptr<conn::Stream> stream, conn::SecretSession session)
    : stream_(std::move(stream)), session_(std::move(session)) {}
ScriptedPeer::~ScriptedPeer() = default;

void ScriptedPeer::send(conn::ByteView plain) {
  conn::Bytes slots((plain.size() / conn::kFrameData + 1) * conn::kFrameSealed);
  conn::FrameWriter writer(slots);
  writer.append(plain);
  const conn::MutableBytes frames = writer.finish();
  (void)session_.sealer.seal(frames);
  send_raw(frames);
}
void ScriptedPeer::send_packet(conn::ChannelId channel, conn::Eof eof, conn::ByteView data) {
  const conn::MsgHeader header = conn::encode_msg_header(channel, eof, data.size());
  conn::Bytes packet(header.view().begin(), header.view().end());
  packet.insert(packet.end(), data.begin(), data.end());
  send(packet);
}
void ScriptedPeer::send_raw(conn::ByteView bytes) {
  waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
  flush();
}
void ScriptedPeer::flush() {
  while (!waiting_.empty()) {
    const conn::ByteView part = waiting_;
    const conn::IoResult put = stream_->write({&part, 1});
    if (put.status != conn::IoStatus::ok) return;
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(put.bytes));
  }
}

void ScriptedPeer::read(std::size_t limit) {
  conn::Bytes buffer(std::min<std::size_t>(limit, 1u << 20));
  const conn::IoResult got = stream_->read(buffer);
  if (got.status == conn::IoStatus::end) ended_ = true;
  if (got.status != conn::IoStatus::ok) return;
  sealed_.insert(sealed_.end(), buffer.begin(),
                 buffer.begin() + static_cast<std::ptrdiff_t>(got.bytes));
  std::size_t at = 0;
  for (; sealed_.size() - at >= conn::kFrameSealed; at += conn::kFrameSealed) {
    ++frames_;
    const auto plain =
        session_.opener.open(conn::MutableBytes(sealed_).subspan(at, conn::kFrameSealed));
    if (!plain) continue;
    (void)reader_.receive(*plain, [this](conn::ByteView body) -> conn::Result<void> {
      const auto packet = conn::decode_packet(body).value();
      if (packet.kind == conn::PacketKind::ping) ++pings;
      if (packet.kind == conn::PacketKind::pong) ++pongs;
      if (packet.kind == conn::PacketKind::msg) {
        packets.push_back({packet.channel, packet.data.size()});
      }
      return {};
    });
  }
  sealed_.erase(sealed_.begin(), sealed_.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace peerage::test
