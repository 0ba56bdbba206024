// What a connection reports: the result of a send, and its status.
//
// Apart from conn/comet/connection.h, so that code that talks to peers need not know what a
// connection is made of. Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "conn/base/channel.h"
#include "conn/base/time.h"

namespace peerage::conn {

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

struct ConnectionStatus {
  Duration age{};
  Duration silence{};            // since the last byte came from the remote
  std::uint64_t sent_bytes = 0;  // frames, as on the wire
  std::uint64_t received_bytes = 0;
  double send_rate = 0;  // bytes per second, lately
  double receive_rate = 0;
  std::size_t queued_bytes = 0;      // accepted by send(), not yet in a packet
  std::size_t reassembly_bytes = 0;  // held by half-received messages
  std::size_t frame_bytes = 0;       // held by frames on their way through the socket; 0 when idle
  std::optional<Duration> round_trip;
  std::uint64_t unsolicited_pongs = 0;
  struct Channel {
    ChannelDescriptor descriptor;
    ChannelLoad load;
  };
  std::vector<Channel> channels;
};

}  // namespace peerage::conn
