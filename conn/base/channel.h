// Channels: the numbered message streams that share one connection, and how each is bounded.
#pragma once

#include <compare>
#include <cstdint>

#include "conn/base/bytes.h"
#include "conn/base/time.h"

namespace peerage::conn {

// 0 to 255 on the wire. IDs from 0x80 cost one byte more in each packet.
enum class ChannelId : std::uint8_t {};

inline constexpr ChannelId kPexChannel{0x00};

struct ChannelDescriptor {
  ChannelId id{};
  // Share of the connection under contention, relative to the other channels'; at least 1. Local:
  // it is not seen on the wire.
  std::uint8_t priority = 1;
  // Whole messages, and bytes of them, that wait to be sent at most.
  std::size_t send_queue_messages = 16;
  std::size_t send_queue_bytes = 1u << 20;
  // The longest message, in bytes, that may be sent or received: exactly this passes, one more
  // drops the peer that sends it. The Go node's default is 21 MiB; choose what the channel needs.
  std::size_t max_message_bytes = 1u << 20;
};

struct ChannelMessage {
  ChannelId channel{};
  Bytes bytes;
  TimePoint received_at{};  // when the bytes that completed it were read from the socket
};

}  // namespace peerage::conn
