// ChaCha20-Poly1305 (RFC 8439) for sealed frames: the implementations that there are, and which of
// them is the quickest here. All give the same bytes; tests/unit/conn/comet/frame_aead_test.cpp
// holds each against recorded frames and against libsodium.
//
//   IPsec-MB   x86-64 with AVX2 or AVX-512; a frame in well under half of libsodium's time
//   OpenSSL    everywhere else
//
// Only what sealed frames need: kFramePlain bytes in place with the tag behind them, no associated
// data.
//
// Threads: any; what state an implementation needs is the thread's own. That may hold the last key
// it used until the next frame or the end of the thread, and is wiped then. Source of the choice:
// spec/performance.md.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "conn/base/bytes.h"
#include "conn/comet/limits.h"

namespace peerage::conn {

using FrameKey = Secret<32>;

class FrameAead {
 public:
  using Frame = std::span<std::uint8_t, kFrameSealed>;
  using Nonce = ByteArray<12>;

  virtual ~FrameAead() = default;

  // For people: the library, and what of the processor it uses.
  virtual std::string_view name() const noexcept = 0;

  // Replaces the plaintext by the ciphertext, and what follows it by the tag.
  virtual void seal(Frame frame, const Nonce& nonce, const FrameKey& key) const = 0;

  // Replaces the ciphertext by the plaintext. False when the tag is not this frame's: then what the
  // frame holds is to be thrown away unseen.
  [[nodiscard]] virtual bool open(Frame frame, const Nonce& nonce, const FrameKey& key) const = 0;
};

// The quickest that this processor can run; the same one for as long as the process lives.
const FrameAead& frame_aead();

// All that this processor can run, the quickest first.
const std::vector<const FrameAead*>& frame_aeads();

}  // namespace peerage::conn
