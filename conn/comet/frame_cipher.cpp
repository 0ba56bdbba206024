#include "conn/comet/frame_cipher.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace peerage::conn {

namespace {

void write_le64(std::uint8_t* out, std::uint64_t value) noexcept {
  // g++ 12 makes a loop of eight steps of the general form, for each frame.
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(out, &value, sizeof value);
  } else {
    for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<std::uint8_t>(value >> (8 * i));
  }
}

}  // namespace

std::optional<FrameAead::Nonce> FrameNonce::take() noexcept {
  if (exhausted_) return std::nullopt;
  FrameAead::Nonce nonce{};
  write_le64(nonce.data() + 4, next_);
  if (next_ == std::numeric_limits<std::uint64_t>::max()) exhausted_ = true;
  ++next_;
  return nonce;
}

std::size_t FrameWriter::room() const noexcept {
  return (slots_.size() / kFrameSealed - frame_) * kFrameData - used_;
}

void FrameWriter::append(ByteView stream) noexcept {
  while (!stream.empty()) {
    const std::size_t count = std::min(stream.size(), kFrameData - used_);
    std::memcpy(slots_.data() + frame_ * kFrameSealed + kFrameHeader + used_, stream.data(), count);
    used_ += count;
    stream = stream.subspan(count);
    if (used_ == kFrameData) close_frame();
  }
}

MutableBytes FrameWriter::finish() noexcept {
  if (used_ > 0) close_frame();
  return slots_.first(frame_ * kFrameSealed);
}

void FrameWriter::close_frame() noexcept {
  std::uint8_t* slot = slots_.data() + frame_ * kFrameSealed;
  for (std::size_t i = 0; i < kFrameHeader; ++i) {
    slot[i] = static_cast<std::uint8_t>(used_ >> (8 * i));
  }
  std::memset(slot + kFrameHeader + used_, 0, kFrameData - used_);
  ++frame_;
  used_ = 0;
}

Result<void> FrameSealer::seal(MutableBytes frames) {
  const FrameAead& aead = frame_aead();
  for (std::size_t at = 0; at < frames.size(); at += kFrameSealed) {
    const auto nonce = nonce_.take();
    if (!nonce) {
      wipe(frames);
      return fail(Stage::established, Reason::nonces_exhausted);
    }
    aead.seal(frames.subspan(at).first<kFrameSealed>(), *nonce, key_);
  }
  return {};
}

Result<ByteView> FrameOpener::open(MutableBytes frame) {
  const auto nonce = nonce_.take();
  if (!nonce) return fail(Stage::established, Reason::nonces_exhausted);
  if (!frame_aead().open(frame.first<kFrameSealed>(), *nonce, key_)) {
    return fail(Stage::established, Reason::frame_forged);
  }
  std::size_t length = 0;
  for (std::size_t i = 0; i < kFrameHeader; ++i) {
    length |= static_cast<std::size_t>(frame[i]) << (8 * i);
  }
  if (length > kFrameData) {
    return fail(Stage::established, Reason::frame_malformed,
                "announces " + std::to_string(length) + " bytes of at most 1024");
  }
  return frame.subspan(kFrameHeader, length);
}

}  // namespace peerage::conn
