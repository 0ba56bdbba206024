#include "tests/integration/flood_visitor.h"

#include <algorithm>

#include <sodium.h>

#include "tests/support/auth_frame.h"

namespace peerage::test {

using conn::Bytes;
using conn::ByteView;

namespace {

constexpr conn::ChannelId kEchoChannel{0x70};
constexpr std::string_view kEchoText = "are you there?";

constexpr Script kScripts[] = {
    // Those that are admitted.
    {"honest", 4, 0, Then::close, Flaw::none, {}},
    {"stay", 4, 0, Then::wait, Flaw::none, {}},
    {"visit", 3, 0, Then::close, Flaw::none, {}},
    // Slow ones.
    {"silent", 0, 0, Then::wait, Flaw::none, {}},
    {"slow-key", 0, 0, Then::trickle, Flaw::none, {}},
    {"slow-auth", 1, 0, Then::trickle, Flaw::none, {}},
    {"slow-info", 2, 0, Then::trickle, Flaw::none, {}},
    // Those that leave partway.
    {"leave", 0, 0, Then::close, Flaw::none, {}},
    {"leave-in-key", 0, 17, Then::close, Flaw::none, {}},
    {"leave-after-key", 1, 0, Then::close, Flaw::none, {}},
    {"leave-in-auth", 1, 500, Then::close, Flaw::none, {}},
    {"leave-after-auth", 2, 0, Then::close, Flaw::none, {}},
    {"leave-in-info", 2, 500, Then::close, Flaw::none, {}},
    {"abort", 0, 0, Then::abort, Flaw::none, {}},
    {"abort-in-key", 0, 17, Then::abort, Flaw::none, {}},
    {"abort-in-auth", 1, 500, Then::abort, Flaw::none, {}},
    {"abort-in-info", 2, 500, Then::abort, Flaw::none, {}},
    // Those that the node has to refuse.
    {"bad-signature", 2, 0, Then::wait, Flaw::bad_signature, {}},
    {"invalid-info", 3, 0, Then::wait, Flaw::invalid_info, {}},
    {"wrong-network", 3, 0, Then::wait, Flaw::wrong_network, {}},
    {"random", 0, 0, Then::wait, Flaw::none, "\x9c\x1f\x03\xe8\x77\x5a\xc4\x12\x88\x40\xf1"},
    {"http", 0, 0, Then::wait, Flaw::none, "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"},
    {"tls", 0, 0, Then::wait, Flaw::none, "\x16\x03\x01\x02\x05\x01\x03\x03\x42\x42\x42"},
};

conn::Secret<32> random_secret() {
  conn::Secret<32> secret;
  randombytes_buf(secret.writable().data(), 32);
  return secret;
}

p2p::HandshakePlan plan_of(const Script& script, const std::string& network) {
  p2p::NodeInfo info;
  info.listen_addr = "tcp://127.0.0.1:1";
  info.network = script.flaw == Flaw::wrong_network ? network + "-not" : network;
  info.version = "0";
  info.moniker = script.flaw == Flaw::invalid_info ? "\x01" : "visitor";
  info.channels = {kEchoChannel};
  p2p::HandshakePlan plan;
  plan.ours = info;
  plan.deadline = conn::TimePoint::max();
  return plan;
}

}  // namespace

std::span<const Script> scripts() {
  return kScripts;
}

Visitor::Visitor(const Script& script, conn::NodeKey key, const std::string& network)
    : script_(script), key_(std::move(key)), ephemeral_(random_secret()) {
  handshake_.emplace(key_, conn::Secret<32>(ephemeral_.view()), plan_of(script, network));
  on_message(handshake_->take_output());
}

std::size_t Visitor::wanted() const noexcept {
  if (given_up_) return conn::kFrameSealed;
  return session_ ? conn::kFrameSealed - frame_.size() : handshake_->wanted();
}

void Visitor::receive(ByteView bytes) {
  if (given_up_) return;
  if (session_) {
    frame_.insert(frame_.end(), bytes.begin(), bytes.end());
    if (frame_.size() == conn::kFrameSealed) on_frame();
    return;
  }
  if (reached_ == Reached::connected) {
    remote_key_.insert(remote_key_.end(), bytes.begin(), bytes.end());
  }
  if (!handshake_->receive(bytes)) {
    given_up_ = true;
    return;
  }
  if (handshake_->stage() > conn::Stage::key_exchange) {
    reached_ = std::max(reached_, Reached::keyed);
  }
  if (handshake_->stage() > conn::Stage::authentication) {
    reached_ = std::max(reached_, Reached::authenticated);
  }
  if (Bytes message = handshake_->take_output(); !message.empty()) on_message(std::move(message));
  if (handshake_->done()) {
    reached_ = Reached::introduced;
    session_ = handshake_->take_session();
    const auto header = conn::encode_msg_header(kEchoChannel, conn::Eof::yes, kEchoText.size());
    Bytes packet(header.view().begin(), header.view().end());
    packet.insert(packet.end(), kEchoText.begin(), kEchoText.end());
    on_message(sealed(packet));
  }
}

void Visitor::on_message(Bytes message) {
  ++made_;
  if (made_ == 1 && !script_.instead.empty()) {
    const ByteView junk = conn::as_bytes(script_.instead);
    output_.assign(junk.begin(), junk.end());
    then_ = script_.then;
    given_up_ = true;
  } else if (made_ <= script_.messages) {
    if (made_ == 2 && script_.flaw == Flaw::bad_signature) message = forged_auth();
    output_.insert(output_.end(), message.begin(), message.end());
  } else if (made_ == script_.messages + 1) {
    const auto rest = message.begin() + static_cast<std::ptrdiff_t>(script_.bytes);
    output_.insert(output_.end(), message.begin(), rest);
    if (script_.then == Then::trickle) trickle_.assign(rest, message.end());
    then_ = script_.then;
  }
}

// What SecretHandshake would send, but with a false signature.
Bytes Visitor::forged_auth() const {
  const auto theirs = ByteView(remote_key_).subspan<3, 32>();
  conn::ByteArray<32> ours;
  crypto_scalarmult_curve25519_base(ours.data(), ephemeral_.view().data());
  return auth_frame(ephemeral_, ours, theirs, [this](ByteView) {
    return auth_message(key_, conn::as_bytes("something else"));
  });
}

void Visitor::on_frame() {
  const auto stream = session_->opener.open(frame_);
  const auto read = !stream
                        ? conn::Result<void>(tl::unexpected(stream.error()))
                        : packets_.receive(*stream, [this](ByteView body) -> conn::Result<void> {
                            const auto packet = conn::decode_packet(body);
                            if (!packet) return tl::unexpected(packet.error());
                            if (packet->kind == conn::PacketKind::msg) {
                              reached_ = Reached::answered;
                              then_ = script_.then;
                            } else if (packet->kind == conn::PacketKind::ping) {
                              const Bytes pong = sealed(conn::kPongPacket);
                              output_.insert(output_.end(), pong.begin(), pong.end());
                            }
                            return {};
                          });
  frame_.clear();
  if (!read) given_up_ = true;
}

Bytes Visitor::sealed(ByteView stream) {
  Bytes frame(conn::kFrameSealed);
  conn::FrameWriter writer(frame);
  writer.append(stream);
  (void)session_->sealer.seal(writer.finish());
  return frame;
}

}  // namespace peerage::test
