#include "tests/support/auth_frame.h"

#include <algorithm>
#include <utility>

#include "conn/comet/secret_handshake.h"

namespace peerage::test {

conn::Bytes auth_message(const conn::NodeKey& key, conn::ByteView text) {
  conn::Bytes message = {0x66, 0x0a, 0x22, 0x0a, 0x20};
  const auto& public_key = key.public_key().bytes;
  message.insert(message.end(), public_key.begin(), public_key.end());
  message.insert(message.end(), {0x12, 0x40});
  const conn::Signature signature = key.sign(text);
  message.insert(message.end(), signature.begin(), signature.end());
  return message;
}

conn::Bytes auth_frame(const conn::Secret<32>& ephemeral, std::span<const std::uint8_t, 32> ours,
                       std::span<const std::uint8_t, 32> theirs,
                       const std::function<conn::Bytes(conn::ByteView challenge)>& message) {
  const auto secret = conn::x25519(ephemeral, theirs).value();
  const bool ours_is_least =
      std::lexicographical_compare(ours.begin(), ours.end(), theirs.begin(), theirs.end());
  conn::FrameKeys keys = conn::derive_frame_keys(
      secret, ours_is_least ? conn::KeyOrder::ours_is_least : conn::KeyOrder::theirs_is_least);
  const conn::Bytes content = message(conn::handshake_challenge(
      ours_is_least ? ours : theirs, ours_is_least ? theirs : ours, secret));
  conn::Bytes frame(conn::kFrameSealed);
  for (std::size_t i = 0; i < 4; ++i) {
    frame[i] = static_cast<std::uint8_t>(content.size() >> 8 * i);
  }
  std::copy_n(content.begin(), std::min(content.size(), conn::kFrameData),
              frame.begin() + conn::kFrameHeader);
  (void)conn::FrameSealer(std::move(keys.send)).seal(frame);
  return frame;
}

}  // namespace peerage::test
