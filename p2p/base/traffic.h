// What has passed over connections, in figures that only grow: of one peer, or of all.
//
// The figures of a peer that is gone stay in those of its network: the switch adds them there in
// the same snapshot from which the peer is missing (p2p/switch.h), so no sum over both ever falls.
//
// Threads: plain values.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "conn/base/channel.h"
#include "conn/base/time.h"

namespace peerage::p2p {

// One channel. Messages count whole, as reactors send and get them: before packets and frames.
struct ChannelTraffic {
  conn::ChannelId id{};
  std::uint64_t messages_sent = 0;  // accepted for sending
  std::uint64_t bytes_sent = 0;
  std::uint64_t messages_received = 0;  // whole, also those that the inbox then had no room for
  std::uint64_t bytes_received = 0;
  std::uint64_t send_refused = 0;   // messages that found no room
  std::uint64_t inbox_dropped = 0;  // messages that were dropped, or cost the peer its connection
  std::uint64_t inbox_paused = 0;   // times that reading stopped until there was room

  // Bytes of each of ReactorChannel::message_types.
  struct Type {
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
  };
  std::vector<Type> types;
};

struct Traffic {
  std::uint64_t wire_sent = 0;  // bytes of frames
  std::uint64_t wire_received = 0;
  conn::Duration send_rate_wait{};       // for which the limits of rates have held messages back
  conn::Duration receive_rate_wait{};    // and reading
  std::vector<ChannelTraffic> channels;  // in the order in which reactors have declared them

  // Both of one switch; one that was made empty takes the channels of the other.
  Traffic& operator+=(const Traffic& other) {
    wire_sent += other.wire_sent;
    wire_received += other.wire_received;
    send_rate_wait += other.send_rate_wait;
    receive_rate_wait += other.receive_rate_wait;
    if (channels.size() < other.channels.size()) channels.resize(other.channels.size());
    for (std::size_t i = 0; i < other.channels.size(); ++i) add(channels[i], other.channels[i]);
    return *this;
  }

 private:
  static void add(ChannelTraffic& to, const ChannelTraffic& more) {
    to.id = more.id;
    to.messages_sent += more.messages_sent;
    to.bytes_sent += more.bytes_sent;
    to.messages_received += more.messages_received;
    to.bytes_received += more.bytes_received;
    to.send_refused += more.send_refused;
    to.inbox_dropped += more.inbox_dropped;
    to.inbox_paused += more.inbox_paused;
    if (to.types.size() < more.types.size()) to.types.resize(more.types.size());
    for (std::size_t i = 0; i < more.types.size(); ++i) {
      to.types[i].bytes_sent += more.types[i].bytes_sent;
      to.types[i].bytes_received += more.types[i].bytes_received;
    }
  }
};

using NetworkTraffic = std::map<std::string, Traffic, std::less<>>;

}  // namespace peerage::p2p
