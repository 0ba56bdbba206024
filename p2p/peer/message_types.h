// Bytes of a peer's messages by their type, for channels whose reactor names types
// (ReactorChannel::message_types).
//
// A message that is accepted in the very moment in which its peer goes may be missing in what stays
// of that peer.
//
// Threads: any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "p2p/base/traffic.h"
#include "p2p/peer/reactor_channel.h"

namespace peerage::p2p {

class MessageTypeCounts {
 public:
  // Null when no channel names types: then messages are not looked at.
  static std::unique_ptr<MessageTypeCounts> for_channels(
      const std::vector<ReactorChannel>& channels);
  explicit MessageTypeCounts(const std::vector<ReactorChannel>& channels);

  void on_sent(conn::ChannelId channel, conn::ByteView message) noexcept;
  void on_received(std::size_t channel_index, conn::ByteView message) noexcept;
  std::vector<ChannelTraffic::Type> read(std::size_t channel_index) const;

 private:
  struct Cells {
    std::atomic<std::uint64_t> sent = 0;
    std::atomic<std::uint64_t> received = 0;
  };
  struct Channel {
    conn::ChannelId id{};
    MessageTypeOf type_of = nullptr;
    std::vector<Cells> types;
  };
  static Cells* find(Channel& channel, conn::ByteView message) noexcept;

  std::vector<Channel> channels_;
};

}  // namespace peerage::p2p
