// A message as a reactor gets it: its bytes, and the room that they take in the peer's inbox.
//
// Holding the message holds the room: a peer is read no further while its inbox is full of messages
// that are held (p2p/peer/inbox.h). Dropping the message gives the room back, on any thread.
// Move `bytes` out to keep the content without holding the peer up; then its memory is yours to
// bound.
#pragma once

#include <memory>
#include <utility>

#include "conn/base/bytes.h"
#include "conn/base/channel.h"
#include "conn/base/time.h"

namespace peerage::p2p {

class Inbox;

// A share of an inbox; given back when it goes.
class Lease {
 public:
  Lease() = default;
  Lease(std::shared_ptr<Inbox> inbox, std::size_t channel, std::size_t bytes)
      : inbox_(std::move(inbox)), channel_(channel), bytes_(bytes) {}
  Lease(Lease&& other) noexcept = default;
  Lease& operator=(Lease&& other) noexcept {
    if (this != &other) {
      release();
      inbox_ = std::move(other.inbox_);
      channel_ = other.channel_;
      bytes_ = other.bytes_;
    }
    return *this;
  }
  ~Lease() { release(); }

 private:
  void release() noexcept;

  std::shared_ptr<Inbox> inbox_;
  std::size_t channel_ = 0;
  std::size_t bytes_ = 0;
};

struct Message {
  conn::ChannelId channel{};
  conn::Bytes bytes;
  Lease lease;
  conn::TimePoint received_at{};  // when the last of it was read from the socket
};

}  // namespace peerage::p2p
