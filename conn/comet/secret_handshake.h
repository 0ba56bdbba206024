// The SecretConnection handshake: how two nodes that share nothing agree on keys and prove their
// IDs. A state machine: bytes in, bytes out; sealed frames in both directions at the end.
//
//   us                                        them
//   ephemeral X25519 key (35 bytes)   <-->    the same            both speak at once, in the clear
//   DH secret; transcript over both keys and the secret; frame keys by HKDF-SHA256
//   frame 0: AuthSig {public key, signature of the transcript's challenge}   <-->   the same
//
// There is no initiator: both sides sort the two ephemeral keys and derive mirrored keys from the
// order. The challenge is the same for both; identity lies in the key that signs it.
//
// We accept exactly one form of each message, which is the one that every implementation writes:
// 35 bytes with a key of 32, and an AuthSig of 103 bytes that stands whole at the beginning of the
// first frame. So no length announced by a stranger ever decides how much we read or hold: before
// authentication that is 35 + 1044 bytes. A low-order or reflected ephemeral key ends the handshake
// before we have signed anything.
//
// What follows AuthSig in its frame, and what follows that frame, belongs to the next protocol
// (NodeInfo): `take_session` hands over the first, `receive` does not consume the second.
//
// Source: comet p2p/conn/secret_connection.go:MakeSecretConnection; recorded handshakes in
// spec/vectors/handshake*.json. Deadlines are the caller's (p2p/connect/handshake).
// Threads: none of its own.
#pragma once

#include <optional>

#include "conn/address/node_id.h"
#include "conn/address/node_key.h"
#include "conn/base/bytes.h"
#include "conn/base/failure.h"
#include "conn/comet/frame_cipher.h"

namespace peerage::conn {

// What the handshake leaves: an authenticated, encrypted session.
struct SecretSession {
  PublicKey remote_key;
  NodeId remote_id;
  FrameSealer sealer;
  FrameOpener opener;
  Bytes early_data;  // stream bytes that followed AuthSig in its frame; usually none
};

class SecretHandshake {
 public:
  // `ephemeral`: 32 fresh random bytes, used once. `expected`: the ID that was dialled; nullopt
  // when we accept. `key` must outlive the handshake.
  SecretHandshake(const NodeKey& key, Secret<32> ephemeral, std::optional<NodeId> expected);
  SecretHandshake(NodeKey&& key, Secret<32>, std::optional<NodeId>) = delete;

  // Bytes to send now; empty when there are none. The first call gives the ephemeral message.
  Bytes take_output();

  // Takes bytes from the remote, in any split, and returns how many it has consumed: all of them,
  // until the handshake is done. After an error the connection is to be closed without an answer.
  Result<std::size_t> receive(ByteView bytes);
  // What the remote is, if it sends no more: another protocol's beginning is held until it is
  // known, at most 12 bytes. None while it may be a comet node.
  std::optional<Failure> foreign_so_far() const;
  // How many bytes are missing for the next step: a caller that reads no more has none left over.
  std::size_t wanted() const noexcept;

  // The ID that the remote has proved, also when it is not the one expected.
  const std::optional<NodeId>& proven_id() const noexcept { return proven_id_; }
  // Memory held for what the remote has sent so far.
  std::size_t held_bytes() const noexcept { return input_.capacity() + early_data_.capacity(); }

  // Where we are: key_exchange, authentication, or node_info when done.
  Stage stage() const noexcept { return stage_; }
  bool done() const noexcept { return stage_ == Stage::node_info; }

  // The session, once, when done.
  SecretSession take_session();

 private:
  Result<void> on_ephemeral(std::span<const std::uint8_t, 32> remote);
  Result<void> on_auth_frame(MutableBytes frame);

  const NodeKey& key_;
  std::optional<NodeId> expected_;
  Secret<32> ephemeral_;
  ByteArray<32> ephemeral_public_{};
  ByteArray<32> challenge_{};

  Stage stage_ = Stage::key_exchange;
  Bytes input_;   // the message being received; at most kFrameSealed bytes
  Bytes output_;  // not yet taken
  std::optional<FrameSealer> sealer_;
  std::optional<FrameOpener> opener_;
  PublicKey remote_key_;
  std::optional<NodeId> proven_id_;
  Bytes early_data_;
};

// Whether a comet node may begin with these bytes, or what begins with them.
bool may_begin_a_handshake(ByteView seen) noexcept;

// The two frame keys that follow from a DH secret (HKDF-SHA256, no salt). `least`: our ephemeral
// key is the smaller of the two. Exposed for the recorded vectors.
struct FrameKeys {
  FrameKey receive;
  FrameKey send;
};
enum class KeyOrder : std::uint8_t { ours_is_least, theirs_is_least };
FrameKeys derive_frame_keys(const Secret<32>& dh_secret, KeyOrder order);

// The 32 bytes that both sides sign.
ByteArray<32> handshake_challenge(std::span<const std::uint8_t, 32> lower_key,
                                  std::span<const std::uint8_t, 32> upper_key,
                                  const Secret<32>& dh_secret);

// X25519; nullopt when the result is all zero, that is, for a point of low order.
std::optional<Secret<32>> x25519(const Secret<32>& ours,
                                 std::span<const std::uint8_t, 32> theirs) noexcept;

}  // namespace peerage::conn
