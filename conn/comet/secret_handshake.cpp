#include "conn/comet/secret_handshake.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include <sodium.h>

#include "conn/comet/foreign_protocol.h"
#include "conn/comet/transcript.h"

namespace peerage::conn {
namespace {

// BytesValue {1: 32 bytes}, delimited.
constexpr ByteArray<3> kEphemeralHead = {0x22, 0x0a, 0x20};
// AuthSigMessage {1: PublicKey {1: 32 bytes}, 2: 64 bytes}, delimited: what stands before the key,
// and between key and signature.
constexpr ByteArray<5> kAuthHead = {0x66, 0x0a, 0x22, 0x0a, 0x20};
constexpr ByteArray<2> kAuthMiddle = {0x12, 0x40};
constexpr std::size_t kAuthKeyAt = kAuthHead.size();
constexpr std::size_t kAuthMiddleAt = kAuthKeyAt + 32;
constexpr std::size_t kAuthSignatureAt = kAuthMiddleAt + kAuthMiddle.size();
constexpr ByteArray<5> kSecp256k1Head = {0x67, 0x0a, 0x23, 0x12, 0x21};
static_assert(kAuthSignatureAt + 64 == kAuthMessage);

template <std::size_t N>
bool starts_with(ByteView bytes, const ByteArray<N>& head) {
  return bytes.size() >= N && std::equal(head.begin(), head.end(), bytes.begin());
}

// Moves bytes into `buffer` until it holds `want`; returns how many.
std::size_t fill(Bytes& buffer, std::size_t want, ByteView from) {
  const std::size_t count = std::min(want - buffer.size(), from.size());
  buffer.reserve(buffer.size() + count);
  buffer.insert(buffer.end(), from.begin(), from.begin() + static_cast<std::ptrdiff_t>(count));
  return count;
}

}  // namespace

bool may_begin_a_handshake(ByteView seen) noexcept {
  const std::size_t judged = std::min(seen.size(), kEphemeralHead.size());
  return std::equal(kEphemeralHead.begin(), kEphemeralHead.begin() + judged, seen.begin());
}

std::optional<Secret<32>> x25519(const Secret<32>& ours,
                                 std::span<const std::uint8_t, 32> theirs) noexcept {
  Secret<32> shared;
  // libsodium answers -1 for an all-zero result.
  if (crypto_scalarmult_curve25519(shared.writable().data(), ours.view().data(), theirs.data()) !=
      0) {
    return std::nullopt;
  }
  return shared;
}

FrameKeys derive_frame_keys(const Secret<32>& dh_secret, KeyOrder order) {
  static constexpr std::string_view kInfo = "TENDERMINT_SECRET_CONNECTION_KEY_AND_CHALLENGE_GEN";
  // HKDF-SHA256 (RFC 5869) with an empty salt; only the first two blocks of output are in use.
  const ByteArray<32> salt{};
  Secret<32> extracted;
  crypto_auth_hmacsha256(extracted.writable().data(), dh_secret.view().data(), 32, salt.data());

  std::array<FrameKey, 2> blocks;
  for (std::uint8_t i = 0; i < 2; ++i) {
    crypto_auth_hmacsha256_state hmac;
    crypto_auth_hmacsha256_init(&hmac, extracted.view().data(), 32);
    if (i > 0) crypto_auth_hmacsha256_update(&hmac, blocks[0].view().data(), 32);
    crypto_auth_hmacsha256_update(&hmac, as_bytes(kInfo).data(), kInfo.size());
    const std::uint8_t counter = i + 1;
    crypto_auth_hmacsha256_update(&hmac, &counter, 1);
    crypto_auth_hmacsha256_final(&hmac, blocks[i].writable().data());
    wipe({reinterpret_cast<std::uint8_t*>(&hmac), sizeof hmac});
  }
  if (order == KeyOrder::ours_is_least) return {std::move(blocks[0]), std::move(blocks[1])};
  return {std::move(blocks[1]), std::move(blocks[0])};
}

ByteArray<32> handshake_challenge(std::span<const std::uint8_t, 32> lower_key,
                                  std::span<const std::uint8_t, 32> upper_key,
                                  const Secret<32>& dh_secret) {
  Transcript transcript("TENDERMINT_SECRET_CONNECTION_TRANSCRIPT_HASH");
  transcript.append("EPHEMERAL_LOWER_PUBLIC_KEY", lower_key);
  transcript.append("EPHEMERAL_UPPER_PUBLIC_KEY", upper_key);
  transcript.append("DH_SECRET", dh_secret.view());
  ByteArray<32> challenge;
  transcript.extract("SECRET_CONNECTION_MAC", challenge);
  return challenge;
}

SecretHandshake::SecretHandshake(const NodeKey& key, Secret<32> ephemeral,
                                 std::optional<NodeId> expected)
    : key_(key), expected_(expected), ephemeral_(std::move(ephemeral)) {
  crypto_scalarmult_curve25519_base(ephemeral_public_.data(), ephemeral_.view().data());
  output_.assign(kEphemeralHead.begin(), kEphemeralHead.end());
  output_.insert(output_.end(), ephemeral_public_.begin(), ephemeral_public_.end());
}

std::size_t SecretHandshake::wanted() const noexcept {
  switch (stage_) {
    case Stage::key_exchange:
      return kEphemeralMessage - input_.size();
    case Stage::authentication:
      return kFrameSealed - input_.size();
    default:
      return 0;
  }
}

Bytes SecretHandshake::take_output() {
  return std::exchange(output_, {});
}

Result<std::size_t> SecretHandshake::receive(ByteView bytes) {
  std::size_t consumed = 0;
  if (stage_ == Stage::key_exchange) {
    consumed += fill(input_, kEphemeralMessage, bytes);
    if (!may_begin_a_handshake(input_)) {
      // A BytesValue in another form is a comet node's mistake; anything else is no comet node. The
      // whole of what came tells which.
      if (input_[0] == kEphemeralHead[0]) {
        const std::size_t shown = std::min(input_.size(), kEphemeralHead.size());
        return fail(Stage::key_exchange, Reason::ephemeral_key_malformed,
                    "began with " + to_hex(ByteView(input_).first(shown)));
      }
      const ByteView seen = bytes.size() > input_.size() ? bytes : ByteView(input_);
      if (may_yet_be_identified(seen)) return consumed;
      return tl::unexpected(identify_foreign_protocol(seen));
    }
    if (input_.size() < kEphemeralMessage) return consumed;
    const Result<void> keyed = on_ephemeral(ByteView(input_).subspan<kEphemeralHead.size(), 32>());
    if (!keyed) return tl::unexpected(keyed.error());
    input_.clear();
  }
  if (stage_ == Stage::authentication) {
    consumed += fill(input_, kFrameSealed, bytes.subspan(consumed));
    if (input_.size() < kFrameSealed) return consumed;
    const Result<void> proven = on_auth_frame(input_);
    wipe(input_);
    input_ = {};
    if (!proven) return tl::unexpected(proven.error());
  }
  return consumed;
}

std::optional<Failure> SecretHandshake::foreign_so_far() const {
  if (stage_ != Stage::key_exchange || may_begin_a_handshake(input_)) return std::nullopt;
  return identify_foreign_protocol(input_);
}

Result<void> SecretHandshake::on_ephemeral(std::span<const std::uint8_t, 32> remote) {
  if (std::equal(remote.begin(), remote.end(), ephemeral_public_.begin())) {
    return fail(stage_, Reason::ephemeral_key_reflected);
  }
  const auto dh_secret = x25519(ephemeral_, remote);
  wipe(ephemeral_.writable());
  if (!dh_secret) return fail(stage_, Reason::ephemeral_key_low_order);

  const bool ours_is_least = std::lexicographical_compare(
      ephemeral_public_.begin(), ephemeral_public_.end(), remote.begin(), remote.end());
  const std::span<const std::uint8_t, 32> ours = ephemeral_public_;
  challenge_ =
      handshake_challenge(ours_is_least ? ours : remote, ours_is_least ? remote : ours, *dh_secret);
  FrameKeys keys = derive_frame_keys(
      *dh_secret, ours_is_least ? KeyOrder::ours_is_least : KeyOrder::theirs_is_least);
  sealer_.emplace(std::move(keys.send));
  opener_.emplace(std::move(keys.receive));

  Bytes frame(kFrameSealed);
  FrameWriter writer(frame);
  writer.append(kAuthHead);
  writer.append(key_.public_key().bytes);
  writer.append(kAuthMiddle);
  writer.append(key_.sign(challenge_));
  const Result<void> sealed = sealer_->seal(writer.finish());
  if (!sealed) return sealed;
  output_.insert(output_.end(), frame.begin(), frame.end());
  stage_ = Stage::authentication;
  return {};
}

Result<void> SecretHandshake::on_auth_frame(MutableBytes frame) {
  const Result<ByteView> opened = opener_->open(frame);
  if (!opened) return fail(stage_, opened.error().reason, opened.error().detail);
  const ByteView message = *opened;

  if (!starts_with(message, kAuthHead) || message.size() < kAuthMessage ||
      !starts_with(message.subspan(kAuthMiddleAt), kAuthMiddle)) {
    // A real, but unsupported, kind of node key: PublicKey {2: 33 bytes}.
    if (starts_with(message, kSecp256k1Head)) {
      return fail(stage_, Reason::auth_key_type_unsupported);
    }
    return fail(stage_, Reason::auth_message_malformed);
  }
  std::copy_n(message.begin() + kAuthKeyAt, 32, remote_key_.bytes.begin());
  const auto signature = message.subspan<kAuthSignatureAt, 64>();
  if (!remote_key_.verify(challenge_, signature)) {
    return fail(stage_, Reason::auth_signature_invalid);
  }
  const NodeId remote_id = NodeId::of(remote_key_);
  proven_id_ = remote_id;
  if (remote_id == key_.id()) return fail(stage_, Reason::connected_to_self);
  if (expected_ && remote_id != *expected_) {
    return fail(stage_, Reason::wrong_id, "it is " + remote_id.to_string());
  }
  const ByteView rest = message.subspan(kAuthMessage);
  early_data_.assign(rest.begin(), rest.end());
  stage_ = Stage::node_info;
  return {};
}

SecretSession SecretHandshake::take_session() {
  return {remote_key_, NodeId::of(remote_key_), std::move(*sealer_), std::move(*opener_),
          std::exchange(early_data_, {})};
}

}  // namespace peerage::conn
