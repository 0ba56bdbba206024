#include "tests/integration/seed_client.h"

#include <utility>

#include <sodium.h>

#include "pex/exchange/messages.h"

namespace peerage::test {

using conn::Bytes;
using conn::ByteView;

namespace {

conn::Secret<32> random_secret() {
  conn::Secret<32> secret;
  randombytes_buf(secret.writable().data(), 32);
  return secret;
}

p2p::HandshakePlan plan_of(const std::string& network, const std::string& listen_addr) {
  p2p::NodeInfo info;
  info.listen_addr = listen_addr;
  info.network = network;
  info.version = "0";
  info.moniker = "client";
  info.channels = {conn::kPexChannel};
  p2p::HandshakePlan plan;
  plan.ours = info;
  plan.deadline = conn::TimePoint::max();
  return plan;
}

}  // namespace

SeedClient::SeedClient(const conn::NodeKey& key, const std::string& network,
                       const std::string& listen_addr)
    : handshake_(key, random_secret(), plan_of(network, listen_addr)) {
  output_ = handshake_.take_output();
}

std::size_t SeedClient::wanted() const noexcept {
  return session_ ? conn::kFrameSealed - frame_.size() : handshake_.wanted();
}

void SeedClient::receive(ByteView bytes) {
  if (stage_ == Stage::broken) return;
  if (session_) {
    frame_.insert(frame_.end(), bytes.begin(), bytes.end());
    if (frame_.size() == conn::kFrameSealed) on_frame();
    return;
  }
  if (const auto taken = handshake_.receive(bytes); !taken) return fail(taken.error().text());
  const Bytes message = handshake_.take_output();
  output_.insert(output_.end(), message.begin(), message.end());
  if (handshake_.done()) ask();
}

void SeedClient::ask() {
  session_ = handshake_.take_session();
  stage_ = Stage::asked;
  const Bytes request = pex::encode_request();
  const auto header = conn::encode_msg_header(conn::kPexChannel, conn::Eof::yes, request.size());
  Bytes packet(header.view().begin(), header.view().end());
  packet.insert(packet.end(), request.begin(), request.end());
  send(packet);
  // What came with their NodeInfo in its frame.
  const Bytes early = std::exchange(session_->early_data, {});
  const auto read = packets_.receive(early, [this](ByteView body) { return on_packet(body); });
  if (!read) fail(read.error().text());
}

void SeedClient::on_frame() {
  const auto stream = session_->opener.open(frame_);
  if (!stream) return fail(stream.error().text());
  const auto read = packets_.receive(*stream, [this](ByteView body) { return on_packet(body); });
  frame_.clear();
  if (!read) fail(read.error().text());
}

conn::Result<void> SeedClient::on_packet(ByteView body) {
  const auto packet = conn::decode_packet(body);
  if (!packet) return tl::unexpected(packet.error());
  if (packet->kind == conn::PacketKind::ping) send(conn::kPongPacket);
  if (packet->kind != conn::PacketKind::msg) return {};
  message_.insert(message_.end(), packet->data.begin(), packet->data.end());
  if (!packet->eof) return {};
  const auto message = pex::decode(std::exchange(message_, {}));
  if (!message) return tl::unexpected(message.error());
  // A seed asks its clients, too; none has to answer.
  if (const auto* list = std::get_if<pex::Addresses>(&*message)) {
    if (list->refused > 0) fail("addresses that are none");
    addresses_ = list->usable.size();
    stage_ = Stage::answered;
  }
  return {};
}

void SeedClient::send(ByteView stream) {
  Bytes frame(conn::kFrameSealed);
  conn::FrameWriter writer(frame);
  writer.append(stream);
  (void)session_->sealer.seal(writer.finish());
  output_.insert(output_.end(), frame.begin(), frame.end());
}

void SeedClient::fail(std::string why) {
  stage_ = Stage::broken;
  why_ = std::move(why);
}

std::string SeedClient::on_end() const {
  if (stage_ == Stage::broken) return why_;
  return stage_ == Stage::asked ? "closed before the answer" : handshake_.on_end().text();
}

}  // namespace peerage::test
