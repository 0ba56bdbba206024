// Which packet leaves next: queued messages of several channels, cut into packets and interleaved
// by priority.
//
// As in the Go node, the channel with the lowest ratio of bytes sent to priority goes first, so
// that under contention each channel gets a share in proportion to its priority. Unlike the Go node
// the ratio is measured in virtual time (start-time fair queueing): what a channel sent while the
// line was free is not held against it, silence earns it nothing, and a channel that was empty may
// run one packet ahead of its share. Two consequences that the decaying counters of the Go node do
// not give: on an empty channel of the highest priority a message's first packet is the next to
// leave, whatever was sent before (behind at most one packet of each other channel, if the channel
// runs ahead of its share already); and no channel starves.
//
// Invariants: within a channel, messages leave whole and in order; no packet carries more data than
// the network takes, 1024 bytes as a rule (max_packet_data);
// the queue bounds are not ours (conn/comet/send_queue.h).
// Source: comet p2p/conn/connection.go:selectChannelToGossipOn, nextPacketMsg; Goyal, Vin, Cheng,
// "Start-time Fair Queuing", 1996.
// Threads: none of its own.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "conn/base/channel.h"
#include "conn/comet/packet.h"

namespace peerage::conn {

class ChannelScheduler {
 public:
  // Channels in the order of registration, which breaks ties of equal priority. A priority of 0
  // counts as 1.
  // `payload`: see max_packet_data.
  explicit ChannelScheduler(std::span<const ChannelDescriptor> channels,
                            std::size_t payload = kMaxPacketData);

  // Queues a message, which is not empty, on the channel of that index.
  void add(std::size_t channel_index, SharedBytes message);

  bool empty() const noexcept { return waiting_ == 0; }
  // Drops everything.
  void clear() noexcept;

  // One packet: header, then data. `data` stays valid until the next call.
  struct OutgoingPacket {
    MsgHeader header;
    ByteView data;
    std::size_t channel_index = 0;
    // Set with the last packet of a message: that message's size.
    std::optional<std::size_t> completed;
    std::size_t wire_size() const noexcept { return header.size + data.size(); }
  };
  // The next packet; nullopt when nothing waits, and then no message is held here any more.
  std::optional<OutgoingPacket> next();

 private:
  // Virtual time: wire bytes divided by priority, in units of 1/kScale so that it stays integral.
  using VirtualTime = std::uint64_t;
  static constexpr VirtualTime kScale = 1 << 16;

  struct Channel {
    ChannelId id{};
    std::uint64_t priority = 1;
    std::deque<SharedBytes> messages;
    std::size_t offset = 0;   // sent of the first message
    VirtualTime start = 0;    // of the next packet: the lowest goes first
    VirtualTime account = 0;  // when all it has sent is paid for, at its share
  };
  static VirtualTime cost(std::size_t wire_bytes, std::uint64_t priority) noexcept {
    return wire_bytes * kScale / priority;
  }
  std::size_t choose() const noexcept;

  std::vector<Channel> channels_;
  std::size_t payload_;
  VirtualTime now_ = 0;      // the start of the packet sent last
  std::size_t waiting_ = 0;  // messages
  SharedBytes lent_;         // the message completed last: its data are still looked at
};

}  // namespace peerage::conn
