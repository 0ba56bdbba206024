// The whole handshake as one machine with one deadline: SecretConnection, then NodeInfo each way.
// It serves both sides; bytes and times go in, bytes and an outcome come out.
//
// Our NodeInfo goes out at once after authentication, or, if so planned, only when the remote's has
// been read (`Respond`). The second form lets an accepting node serve several networks on one port
// and ID: it answers with the network that the dialler named. A dialler may use it to learn the
// remote's network, but two nodes that both wait would wait for ever: `patience` ends that.
//
// An attempt that ends early is classified by how far it came and what was seen: `on_end`,
// `on_reset` and `check` return the failure to report.
//
// Bounds: before authentication 35 + 1044 bytes are held; after it, a NodeInfo of at most 10 240
// bytes, growing as it arrives. Nothing is sent to explain a refusal: the wire has no message for
// it.
//
// Source: comet p2p/transport.go:upgrade (order of the checks) and handshake.
// Threads: none of its own.
#pragma once

#include <optional>

#include "conn/comet/secret_handshake.h"
#include "conn/runtime/runtime.h"
#include "p2p/base/limits.h"
#include "p2p/base/node_info.h"
#include "p2p/connect/handshake_plan.h"

namespace peerage::p2p {

class Handshake {
 public:
  // `key` must outlive the handshake; `ephemeral` is 32 fresh random bytes.
  Handshake(const conn::NodeKey& key, conn::Secret<32> ephemeral, HandshakePlan plan);
  Handshake(conn::NodeKey&& key, conn::Secret<32>, HandshakePlan) = delete;

  // Bytes to send now; empty when there are none.
  conn::Bytes take_output() { return std::exchange(output_, {}); }

  // Takes bytes in any split and returns how many it has consumed: all, until done().
  conn::Result<std::size_t> receive(conn::ByteView bytes);
  // How many bytes to read at most, so that none are left over.
  std::size_t wanted() const noexcept;

  // The remote closed; the connection broke. The failure that this means at this point.
  conn::Failure on_end() const;
  conn::Failure on_reset() const;
  // The failure once a deadline has passed.
  conn::Result<void> check(conn::TimePoint now) const;
  conn::TimePoint deadline() const;

  // key_exchange, authentication, node_info; established when done.
  conn::Stage stage() const noexcept;
  bool done() const noexcept { return done_; }

  // Bytes that the remote has sent, in all.
  std::size_t received() const noexcept { return received_; }
  // Memory held for what the remote has sent so far: grows with the bytes received.
  std::size_t held_bytes() const noexcept;

  // Known from authentication on (also when it is another ID than the one dialled), and from their
  // NodeInfo on; also after a later failure.
  const std::optional<conn::NodeId>& remote_id() const noexcept { return remote_id_; }
  const std::optional<NodeInfo>& remote_info() const noexcept { return theirs_; }
  // What we have sent; meaningful when done.
  const std::optional<NodeInfo>& our_info() const noexcept { return ours_; }

  // The session, once, when done; early_data is what followed their NodeInfo in its frame.
  conn::SecretSession take_session() { return std::move(*session_); }

 private:
  conn::Result<void> on_authenticated();
  conn::Result<void> receive_stream(conn::ByteView stream);
  conn::Result<void> on_remote_info(conn::ByteView body);
  conn::Result<void> send_info(NodeInfo info);

  const conn::NodeKey& key_;
  HandshakePlan plan_;
  conn::SecretHandshake secret_;
  std::optional<conn::SecretSession> session_;
  conn::Bytes frame_;   // sealed bytes of the frame being received
  conn::Bytes stream_;  // of the NodeInfo message
  conn::Bytes output_;
  std::optional<conn::NodeId> remote_id_;
  std::optional<NodeInfo> theirs_;
  std::optional<NodeInfo> ours_;
  std::size_t received_ = 0;  // bytes in all
  bool done_ = false;
};

}  // namespace peerage::p2p
