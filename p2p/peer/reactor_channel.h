// A channel as its reactor declares it: what the connection needs to know of it
// (conn::ChannelDescriptor has the same fields, and says what they mean), and what becomes of
// received messages that the reactor is slow to take.
//
//   {.id = conn::ChannelId{0x70}, .priority = 5, .when_full = p2p::FullInbox::drop_newest}
//
// Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "conn/base/channel.h"

namespace peerage::p2p {

// What happens when received messages pile up; see p2p/peer/inbox.h.
enum class FullInbox : std::uint8_t {
  // Stop reading from the peer, on all its channels, until there is room: nothing is lost.
  back_pressure,
  // Drop what does not fit, and count it (PeerStatus::inbox_dropped): the peer's other channels
  // never wait. For bulk beside urgent messages, of which others bring the same again.
  drop_newest,
  disconnect,  // end the peer
};

// Which of a channel's message types a message is; a number beyond them: none. It is called for
// each message, on any thread, and does not throw.
using MessageTypeOf = std::size_t (*)(conn::ByteView message);

struct ReactorChannel {
  conn::ChannelId id{};
  std::uint8_t priority = conn::ChannelDescriptor{}.priority;
  std::size_t send_queue_messages = conn::ChannelDescriptor{}.send_queue_messages;
  std::size_t send_queue_bytes = conn::ChannelDescriptor{}.send_queue_bytes;
  std::size_t max_message_bytes = conn::ChannelDescriptor{}.max_message_bytes;
  FullInbox when_full = FullInbox::back_pressure;
  // Bytes of this channel that may wait, for the policies other than back_pressure (its bound is
  // the peer's, InboxConfig::per_peer_bytes).
  std::size_t inbox_bytes = 1u << 20;
  // For metrics alone (pex/metrics.h): the types of message on this channel, each counted in bytes.
  // A comet node names Go's package and type, "mempool_Txs". Of [A-Za-z0-9_], 1 to 64 of them;
  // none: types are not told apart. Without `type_of` all messages are of the first.
  std::vector<std::string> message_types = {};
  MessageTypeOf type_of = nullptr;

  conn::ChannelDescriptor descriptor() const noexcept {
    return {id, priority, send_queue_messages, send_queue_bytes, max_message_bytes};
  }
  static ReactorChannel from(const conn::ChannelDescriptor& descriptor,
                             FullInbox when_full = FullInbox::back_pressure) {
    ReactorChannel channel;
    channel.id = descriptor.id;
    channel.priority = descriptor.priority;
    channel.send_queue_messages = descriptor.send_queue_messages;
    channel.send_queue_bytes = descriptor.send_queue_bytes;
    channel.max_message_bytes = descriptor.max_message_bytes;
    channel.when_full = when_full;
    return channel;
  }
};

}  // namespace peerage::p2p
