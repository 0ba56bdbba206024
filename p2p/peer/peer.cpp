#include "p2p/peer/peer.h"

#include <algorithm>
#include <utility>

#include "p2p/peer/inbox.h"
#include "p2p/peer/message_types.h"

namespace peerage::p2p {
namespace {

std::optional<conn::TimePoint> if_ever(const std::atomic<conn::TimePoint>& last) noexcept {
  const conn::TimePoint at = last.load(std::memory_order_relaxed);
  if (at == conn::TimePoint::min()) return std::nullopt;
  return at;
}

}  // namespace

Peer::Peer(Description description, conn::Runtime& runtime, conn::Shard& shard,
           std::shared_ptr<conn::PeerConnection> connection, std::shared_ptr<Inbox> inbox)
    : description_(std::move(description)),
      id_(conn::NodeId::of(description_.key)),
      runtime_(runtime),
      shard_(shard),
      connection_(std::move(connection)),
      inbox_(std::move(inbox)) {}

Peer::~Peer() = default;

conn::SendResult Peer::send(conn::ChannelId channel, conn::SharedBytes bytes,
                            conn::Duration patience) {
  if (!description_.info.has_channel(channel)) return conn::SendResult::unknown_channel;
  const conn::SharedBytes message = std::move(bytes);
  conn::SendResult result = connection_->send(channel, message);
  if (types_ && result == conn::SendResult::queued) types_->on_sent(channel, *message);
  if (!may_pass(result) || patience <= conn::Duration(0) || runtime_.on_a_shard()) return result;
  const conn::TimePoint now = shard_.now();
  const conn::TimePoint end = now + std::min(patience, conn::TimePoint::max() - now);
  while (may_pass(result) && shard_.now() < end) {
    if (runtime_.stopped()) return conn::SendResult::closed;
    result = connection_->send(channel, message, std::min(end - shard_.now(), conn::kStoppedLook));
  }
  if (types_ && result == conn::SendResult::queued) types_->on_sent(channel, *message);
  return result;
}

bool Peer::is_open() const noexcept {
  return connection_->is_open();
}

PeerStatus Peer::status() const {
  return {connection_->status(), inbox_->held_bytes(), inbox_->dropped()};
}

// What the connection has counted, and what we have.
Traffic Peer::traffic(const conn::ConnectionStatus& connection) const {
  Traffic traffic;
  traffic.wire_sent = connection.sent_bytes;
  traffic.wire_received = connection.received_bytes;
  traffic.send_rate_wait = connection.send_rate_wait;
  traffic.receive_rate_wait = connection.receive_rate_wait;
  for (std::size_t i = 0; i < connection.channels.size(); ++i) {
    const auto& [descriptor, load, sent] = connection.channels[i];
    ChannelTraffic& channel = traffic.channels.emplace_back();
    channel.id = descriptor.id;
    channel.messages_sent = sent.messages;
    channel.bytes_sent = sent.bytes;
    channel.send_refused = sent.refused;
    inbox_->add_received(i, channel);
    if (types_) channel.types = types_->read(i);
  }
  return traffic;
}

std::vector<ReactorTime> Peer::reactor_times() const {
  std::vector<ReactorTime> times;
  times.reserve(reactor_times_.size());
  for (const ReactorTimeCell& each : reactor_times_) times.push_back(each.read());
  return times;
}

std::optional<conn::Duration> Peer::round_trip() const {
  return connection_->round_trip();
}

void Peer::set(const std::string& key, std::any value) {
  std::any old = std::move(value);  // what it replaces is destroyed when the lock is not held
  const std::lock_guard lock(mutex_);
  values_[key].swap(old);
}

void Peer::mark_useful() noexcept {
  last_useful_.store(shard_.now(), std::memory_order_relaxed);
}

std::optional<conn::TimePoint> Peer::last_useful() const noexcept {
  return if_ever(last_useful_);
}

conn::TimePoint Peer::note_message() noexcept {
  const conn::TimePoint now = shard_.now();
  last_message_.store(now, std::memory_order_relaxed);
  return now;
}

std::size_t Peer::shard_index() const {
  std::size_t index = 0;
  while (index + 1 < runtime_.shard_count() && &runtime_.shard(index) != &shard_) ++index;
  return index;
}

std::optional<conn::TimePoint> Peer::last_message() const noexcept {
  return if_ever(last_message_);
}

}  // namespace peerage::p2p
