// A connection to one peer as the code above sees it, whatever wire carries it: whole messages on
// channels, both ways, until its end. conn/comet/connection.h is the one that comet nodes speak.
//
// A handshake leaves a ProvenStream: the remote has proved its key, and the wire is known. The
// connection is made from it once it is clear which channels it has, within which bounds and who
// hears of it.
//
// What every connection promises:
//  - Messages of a channel arrive whole, in order and once; a longer one than the channel allows is
//    never delivered, and drops the peer that sends it.
//  - What it holds for the peer is bounded by its ConnectionConfig and the ReassemblyBudget.
//  - `closed` is called exactly once, last, and never inside a call of the owner's. (Dropping the
//    last reference closes without it.) `message` is not called after close() or flush_and_stop().
//
// Virtual calls stand between messages, never between bytes.
//
// Threads: `send`, `status`, `round_trip` and `is_open` on any; everything else, and both events,
// on the shard's. The last reference is dropped there too, or after `closed`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "conn/address/node_id.h"
#include "conn/base/bytes.h"
#include "conn/base/channel.h"
#include "conn/base/failure.h"
#include "conn/base/limits.h"
#include "conn/base/time.h"

namespace peerage::conn {

class ReassemblyBudget;
class Shard;

// What ended a connection: we, on purpose; or the remote, the network, or a broken rule of the
// wire.
enum class EndedBy : std::uint8_t { us, others };

enum class SendResult : std::uint8_t {
  queued,
  channel_full,     // too many messages or bytes wait on this channel
  peer_full,        // too many bytes wait for this peer
  unknown_channel,  // the connection has no such channel
  empty_message,
  message_too_long,  // over the channel's max_message_bytes
  closed,            // the connection is closing or closed
};
// Whether it is a refusal that time can lift.
constexpr bool may_pass(SendResult result) {
  return result == SendResult::channel_full || result == SendResult::peer_full;
}

// What waits to be sent on one channel.
struct ChannelLoad {
  std::size_t messages = 0;
  std::size_t bytes = 0;
};

// What a channel has been given to send since the connection began.
struct ChannelSent {
  std::uint64_t messages = 0;  // accepted
  std::uint64_t bytes = 0;     // of them
  std::uint64_t refused = 0;   // messages that found no room
};

struct ConnectionStatus {
  Duration age{};
  Duration silence{};            // since the last byte came from the remote
  std::uint64_t sent_bytes = 0;  // frames, as on the wire
  std::uint64_t received_bytes = 0;
  double send_rate = 0;  // bytes per second, lately
  double receive_rate = 0;
  Duration send_rate_wait{};         // for how long the limit has held messages back, in all
  Duration receive_rate_wait{};      // and reading
  std::size_t queued_bytes = 0;      // accepted by send(), not yet in a packet
  std::size_t reassembly_bytes = 0;  // held by half-received messages
  std::size_t frame_bytes = 0;       // held by frames on their way through the socket; 0 when idle
  std::optional<Duration> round_trip;
  std::uint64_t unsolicited_pongs = 0;
  struct Channel {
    ChannelDescriptor descriptor;
    ChannelLoad load;
    ChannelSent sent;
  };
  std::vector<Channel> channels;
};

class PeerConnection {
 public:
  struct Events {
    // A whole message.
    std::function<void(ChannelMessage)> message;
    // The end, with its reason: stopped_locally after close() or a completed flush_and_stop().
    std::function<void(const Failure&)> closed;
  };

  PeerConnection() = default;
  PeerConnection(const PeerConnection&) = delete;
  PeerConnection& operator=(const PeerConnection&) = delete;
  virtual ~PeerConnection() = default;

  // Begins to read and write. Until then it may be closed, and messages can be queued.
  virtual void start() = 0;

  // Accepts a message for sending, or says why not. Any thread. With `patience` it waits up to
  // that long for room in a full queue; not for a network thread, nor in virtual time.
  SendResult send(ChannelId channel, SharedBytes bytes, Duration patience = Duration(0)) {
    return offer(channel, std::move(bytes), patience);
  }
  SendResult send(ChannelId channel, Bytes bytes) {
    return send(channel, std::make_shared<const Bytes>(std::move(bytes)));
  }

  // Sends what is queued, says goodbye (the remote reads everything, then the end), waits up to
  // kLingerTimeout for the remote to close, and closes. After `within` it closes in any case
  // (flush_timed_out). Messages that arrive meanwhile are dropped. Before start() it only closes.
  virtual void flush_and_stop(Duration within) = 0;
  // Closes now; what is queued is lost, and the memory held for the peer is free.
  virtual void close(Failure why) = 0;
  void close() { close({Stage::established, Reason::stopped_locally, {}}); }

  // Back-pressure: stops taking bytes from the remote, and goes on. What has been taken is still
  // delivered. Meanwhile the remote is told that we live.
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;

  // Asks for a sign of life now; status().silence then shows any answer.
  virtual void probe() = 0;

  // A consistent picture only on the shard's thread.
  virtual ConnectionStatus status() const = 0;
  // Of the last answered ping.
  virtual std::optional<Duration> round_trip() const = 0;
  virtual bool is_open() const noexcept = 0;

 private:
  virtual SendResult offer(ChannelId channel, SharedBytes bytes, Duration patience) = 0;
};

// A stream whose other end has proved its key, ready to become a connection. Destroying it unused
// closes the stream, and is done on the stream's shard; everything else on any, one at a time.
class ProvenStream {
 public:
  ProvenStream(const ProvenStream&) = delete;
  ProvenStream& operator=(const ProvenStream&) = delete;
  virtual ~ProvenStream() = default;

  const PublicKey& remote_key() const noexcept { return remote_key_; }
  const NodeId& remote_id() const noexcept { return remote_id_; }

  // Makes the connection, once: `shard` is the stream's, `channels` are those we receive and send
  // on. Throws std::invalid_argument for a configuration that contradicts itself.
  virtual std::shared_ptr<PeerConnection> open(Shard& shard,
                                               std::vector<ChannelDescriptor> channels,
                                               const ConnectionConfig& config,
                                               ReassemblyBudget& budget,
                                               PeerConnection::Events events) = 0;

 protected:
  explicit ProvenStream(const PublicKey& remote_key)
      : remote_key_(remote_key), remote_id_(NodeId::of(remote_key)) {}

 private:
  PublicKey remote_key_;
  NodeId remote_id_;
};

}  // namespace peerage::conn
