// Messages as types: sending, decoding and receiving them without handling bytes.
//
// For generated protobuf classes, and for any other class of that shape (ProtoMessage); this header
// includes no protobuf. A message is encoded once, also for a broadcast.
//
// The wire knows no empty message: a protobuf whose fields all have their defaults encodes to
// nothing, and sending it answers `empty_message`. Comet's channels carry a message with a oneof in
// it for that reason.
//
// Threads: the functions on any; TypedReactor as p2p/peer/reactor.h says.
#pragma once

#include <concepts>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "p2p/base/peer_reason.h"
#include "p2p/switch.h"

namespace peerage::p2p {

// What is used of a protobuf class.
template <typename M>
concept ProtoMessage = std::default_initializable<M> && std::movable<M> &&
    requires(M& parsed, const M& message, const void* in, void* out, int size) {
  { message.ByteSizeLong() } -> std::convertible_to<std::size_t>;
  { message.SerializeToArray(out, size) } -> std::convertible_to<bool>;
  { parsed.ParseFromArray(in, size) } -> std::convertible_to<bool>;
};

// Throws std::invalid_argument for a message that has no encoding: a required field (proto2) is not
// set, or it is over 2 GiB.
template <ProtoMessage M>
conn::SharedBytes encode(const M& message) {
  auto bytes = std::make_shared<conn::Bytes>(static_cast<std::size_t>(message.ByteSizeLong()));
  if (!std::in_range<int>(bytes->size()) ||
      !message.SerializeToArray(bytes->data(), static_cast<int>(bytes->size()))) {
    throw std::invalid_argument("a message cannot be encoded");
  }
  return bytes;
}

// As the members of Peer and Switch of these names; they throw what encode() throws.
template <ProtoMessage M>
conn::SendResult send(Peer& peer, conn::ChannelId channel, const M& message,
                      conn::Duration patience = kSendPatience) {
  return peer.send(channel, encode(message), patience);
}
template <ProtoMessage M>
conn::SendResult try_send(Peer& peer, conn::ChannelId channel, const M& message) {
  return peer.try_send(channel, encode(message));
}
template <ProtoMessage M>
BroadcastResult broadcast(Switch& node, conn::ChannelId channel, const M& message) {
  return node.broadcast(channel, encode(message));
}

// The content of a received message. Error: message_malformed, of stage established.
template <ProtoMessage M>
conn::Result<M> decode(const Message& message) {
  M parsed;
  const conn::Bytes& bytes = message.bytes;
  if (!std::in_range<int>(bytes.size()) ||
      !parsed.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return conn::fail(conn::Stage::established, PeerReason::message_malformed,
                      std::to_string(bytes.size()) + " bytes on channel " +
                          std::to_string(static_cast<int>(message.channel)));
  }
  return parsed;
}

// A reactor with channels that all carry messages of one type. A peer that sends something else is
// disconnected (message_malformed).
//
// The message's room in the peer's inbox is held until receive() returns: a peer is read no faster
// than its messages are handled. What a reactor keeps of them for longer is its own to bound.
template <ProtoMessage M>
class TypedReactor : public Reactor {
 public:
  // The peer's next message, and the channel that it came on. On the thread that Reactor::receive
  // would be called on.
  virtual void receive(const PeerPtr& peer, M message, conn::ChannelId channel) = 0;

  // Called by start(); context() is there from now on.
  virtual void on_start() {}

  void start(ReactorContext& context) final {
    context_ = &context;
    on_start();
  }
  void receive(const PeerPtr& peer, Message message) final {
    auto decoded = decode<M>(message);
    if (decoded) {
      receive(peer, std::move(*decoded), message.channel);
    } else {
      context().get_switch().stop_peer(*peer, std::move(decoded.error()));
    }
  }

 protected:
  // From on_start() until stop() has returned.
  ReactorContext& context() const noexcept { return *context_; }

 private:
  ReactorContext* context_ = nullptr;
};

}  // namespace peerage::p2p
