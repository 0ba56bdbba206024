// Sealed frames: after the key exchange, each direction is a sequence of frames of exactly 1044
// bytes,
//
//   seal( LE32(n) | n bytes of the stream | filler to 1028 ) | tag (16)
//
// with ChaCha20-Poly1305 (conn/comet/frame_aead.h), no associated data, and a nonce of four zero
// bytes and a little-endian 64-bit counter that starts at 0 and grows by one for each frame. Frame
// boundaries mean nothing to the stream that runs through them.
//
// Everything works in place and on many frames at once: a caller lays plaintext into 1044-byte
// slots of a buffer (FrameWriter), seals them together, and writes them with one call; on the other
// side what one read brought is opened where it lies.
//
// Invariants: a nonce is used once (the counter never wraps: sealing and opening end with
// nonces_exhausted); filler is zero when sent and ignored when received; no frame with n = 0 is
// ever sent (a Go reader takes a stale byte from one); nothing of a frame is looked at before its
// tag has been verified. A sealer or opener wipes its key when it goes; of the last one that a
// thread used, see conn/comet/frame_aead.h.
//
// Source: comet p2p/conn/secret_connection.go:Write, Read, incrNonce.
// Threads: none of its own; a sealer or opener belongs to one connection.
#pragma once

#include <optional>

#include "conn/base/bytes.h"
#include "conn/base/failure.h"
#include "conn/comet/frame_aead.h"
#include "conn/comet/limits.h"

namespace peerage::conn {

// The counter of one direction. After the last of the 2^64 nonces there is no next one.
class FrameNonce {
 public:
  explicit FrameNonce(std::uint64_t first = 0) : next_(first) {}
  // The next nonce; nullopt when all are used.
  std::optional<FrameAead::Nonce> take() noexcept;

 private:
  std::uint64_t next_;
  bool exhausted_ = false;
};

// Lays a byte stream into frame slots of a caller's buffer.
class FrameWriter {
 public:
  // `slots`: a multiple of kFrameSealed bytes, which the writer overwrites.
  explicit FrameWriter(MutableBytes slots) : slots_(slots) {}

  // Bytes of the stream that still fit.
  std::size_t room() const noexcept;
  // Takes all of `stream`, which must fit.
  void append(ByteView stream) noexcept;
  // Completes the last frame and returns the frames laid, ready to be sealed. May be empty.
  MutableBytes finish() noexcept;

 private:
  void close_frame() noexcept;
  MutableBytes slots_;
  std::size_t frame_ = 0;  // index of the slot being filled
  std::size_t used_ = 0;   // data bytes in it
};

class FrameSealer {
 public:
  // `first_nonce` is for tests of the end of the counter.
  explicit FrameSealer(FrameKey key, std::uint64_t first_nonce = 0)
      : key_(std::move(key)), nonce_(first_nonce) {}

  // Seals what FrameWriter::finish returned, in place. On nonces_exhausted nothing more may be
  // sent: the buffer's contents are then wiped.
  Result<void> seal(MutableBytes frames);

 private:
  FrameKey key_;
  FrameNonce nonce_;
};

class FrameOpener {
 public:
  explicit FrameOpener(FrameKey key, std::uint64_t first_nonce = 0)
      : key_(std::move(key)), nonce_(first_nonce) {}

  // Opens one frame of kFrameSealed bytes in place and returns the stream bytes in it (a view into
  // `frame`; empty for n = 0). Errors: frame_forged, frame_malformed (n > 1024), nonces_exhausted.
  // After an error the stream is over.
  Result<ByteView> open(MutableBytes frame);

 private:
  FrameKey key_;
  FrameNonce nonce_;
};

}  // namespace peerage::conn
