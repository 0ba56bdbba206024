#include "p2p/connect/handshake.h"

#include <algorithm>
#include <utility>

#include "conn/base/varint.h"
#include "conn/comet/foreign_protocol.h"
#include "p2p/base/peer_reason.h"

namespace peerage::p2p {

using conn::ByteView;
using conn::fail;
using conn::Failure;
using conn::kFrameSealed;
using conn::Reason;
using conn::Result;
using conn::Stage;
using conn::TimePoint;

Handshake::Handshake(const conn::NodeKey& key, conn::Secret<32> ephemeral, HandshakePlan plan)
    : key_(key), plan_(std::move(plan)), secret_(key, std::move(ephemeral), plan_.expected) {
  output_ = secret_.take_output();
}

std::size_t Handshake::wanted() const noexcept {
  if (done_) return 0;
  return session_ ? kFrameSealed - frame_.size() : secret_.wanted();
}

Result<std::size_t> Handshake::receive(ByteView bytes) {
  received_ += bytes.size();
  std::size_t consumed = 0;
  if (!session_) {
    const auto taken = secret_.receive(bytes);
    const conn::Bytes reply = secret_.take_output();
    output_.insert(output_.end(), reply.begin(), reply.end());
    remote_id_ = secret_.proven_id();
    if (!taken) return taken;
    consumed = *taken;
    if (!secret_.done()) return consumed;
    if (const auto accepted = on_authenticated(); !accepted)
      return tl::unexpected(accepted.error());
  }
  while (!done_ && consumed < bytes.size()) {
    const std::size_t count = std::min(kFrameSealed - frame_.size(), bytes.size() - consumed);
    const ByteView part = bytes.subspan(consumed, count);
    frame_.insert(frame_.end(), part.begin(), part.end());
    consumed += count;
    if (frame_.size() < kFrameSealed) break;
    const auto stream = session_->opener.open(frame_);
    if (!stream) return fail(Stage::node_info, stream.error().reason, stream.error().detail);
    if (stream->empty()) return fail(Stage::node_info, Reason::frame_malformed, "an empty frame");
    if (const auto taken = receive_stream(*stream); !taken) return tl::unexpected(taken.error());
    frame_.clear();
  }
  return consumed;
}

Result<void> Handshake::on_authenticated() {
  session_ = secret_.take_session();
  remote_id_ = session_->remote_id;
  if (auto* ours = std::get_if<NodeInfo>(&plan_.ours)) {
    if (auto sent = send_info(std::move(*ours)); !sent) return sent;
  }
  return receive_stream(std::exchange(session_->early_data, {}));
}

std::size_t Handshake::held_bytes() const noexcept {
  return secret_.held_bytes() + frame_.capacity() + stream_.capacity();
}

Result<void> Handshake::receive_stream(ByteView stream) {
  // Exactly as much as has come: a NodeInfo is short, and a stranger's memory is dear.
  stream_.reserve(stream_.size() + stream.size());
  stream_.insert(stream_.end(), stream.begin(), stream.end());
  const conn::Varint length = conn::read_varint(stream_);
  if (length.status == conn::VarintStatus::overflow) {
    return fail(Stage::node_info, Reason::node_info_malformed, "bad length prefix");
  }
  if (length.status == conn::VarintStatus::incomplete) return {};
  if (length.value > kMaxNodeInfo) {
    return fail(Stage::node_info, Reason::node_info_too_long,
                "announces " + std::to_string(length.value) + " bytes of at most 10240");
  }
  const std::size_t end = length.size + static_cast<std::size_t>(length.value);
  if (stream_.size() < end) return {};
  if (auto accepted = on_remote_info(ByteView(stream_).subspan(length.size, length.value));
      !accepted) {
    return accepted;
  }
  session_->early_data.assign(stream_.begin() + static_cast<std::ptrdiff_t>(end), stream_.end());
  stream_ = {};
  done_ = true;
  return {};
}

// The order of the checks is the Go node's, so that both sides name the same reason.
Result<void> Handshake::on_remote_info(ByteView body) {
  auto decoded = decode_node_info(body);
  if (!decoded) return tl::unexpected(decoded.error());
  theirs_ = std::move(*decoded);
  if (auto valid = validate(*theirs_); !valid) return valid;
  if (*conn::NodeId::parse(theirs_->node_id) != *remote_id_) {
    return fail(Stage::node_info, Reason::node_info_id_mismatch,
                "proved " + remote_id_->to_string() + ", claims " + theirs_->node_id);
  }
  if (!ours_) {
    auto answer = std::get<Respond>(plan_.ours)(*theirs_);
    if (!answer) return tl::unexpected(answer.error());
    // Ours goes out also when we close over it: then the other side can name the reason too.
    if (auto sent = send_info(std::move(*answer)); !sent) return sent;
  }
  return compatible(*ours_, *theirs_);
}

Result<void> Handshake::send_info(NodeInfo info) {
  info.node_id = key_.id().to_string();
  const conn::Bytes message = conn::delimited(encode(info));
  conn::Bytes frames((message.size() + conn::kFrameData - 1) / conn::kFrameData * kFrameSealed);
  conn::FrameWriter writer(frames);
  writer.append(message);
  if (auto sealed = session_->sealer.seal(writer.finish()); !sealed) return sealed;
  output_.insert(output_.end(), frames.begin(), frames.end());
  ours_ = std::move(info);
  return {};
}

Stage Handshake::stage() const noexcept {
  if (done_) return Stage::established;
  return session_ ? Stage::node_info : secret_.stage();
}

Failure Handshake::on_end() const {
  switch (stage()) {
    case Stage::key_exchange:
      if (auto foreign = secret_.foreign_so_far()) return *std::move(foreign);
      return {Stage::key_exchange, Reason::closed_before_key,
              "after " + std::to_string(received_) + " bytes"};
    case Stage::authentication:
      return {Stage::authentication, Reason::closed_before_authentication, {}};
    default:
      return {Stage::node_info, Reason::closed_after_authentication, {}};
  }
}

Failure Handshake::on_reset() const {
  Failure failure = on_end();
  if (!conn::is_foreign_protocol(failure.reason)) failure.detail = "connection reset";
  return failure;
}

Result<void> Handshake::check(TimePoint now) const {
  if (done_ || now < deadline()) return {};
  switch (stage()) {
    case Stage::key_exchange:
      if (auto foreign = secret_.foreign_so_far()) return tl::unexpected(*std::move(foreign));
      return fail(Stage::key_exchange, Reason::silent,
                  "sent " + std::to_string(received_) + " bytes");
    case Stage::authentication:
      return fail(Stage::authentication, Reason::authentication_timed_out);
    default:
      break;
  }
  const bool both_wait = !ours_ && now < plan_.deadline;
  return fail(Stage::node_info,
              both_wait ? Reason(PeerReason::network_unknown) : Reason::node_info_timed_out);
}

TimePoint Handshake::deadline() const {
  const bool waits_for_network = session_ && !ours_ && plan_.patience;
  return waits_for_network ? std::min(*plan_.patience, plan_.deadline) : plan_.deadline;
}

}  // namespace peerage::p2p
