// The whole handshake in both roles and both orders of NodeInfo, against a remote that the fuzzer
// steers: raw bytes from the start, or a true key exchange followed by frames of any content, or by
// a true proof of identity and then frames of any content. However the bytes are split, nothing may
// crash, no more than is wanted may be consumed, and only a valid, compatible NodeInfo under the
// proven ID completes it.
#include <optional>

#include "p2p/connect/handshake.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/support/peers.h"

using namespace peerage;
using namespace std::chrono_literals;
using conn::Bytes;
using conn::ByteView;
using fuzz::Input;
using fuzz::require;

namespace {

const conn::NodeKey& our_key() {
  static const conn::NodeKey key = test::key_from(1);
  return key;
}
const conn::NodeKey& their_key() {
  static const conn::NodeKey key = test::key_from(2);
  return key;
}

p2p::NodeInfo info_for(const std::string& network) {
  p2p::NodeInfo info;
  info.listen_addr = "tcp://1.2.3.4:5";
  info.network = network;
  info.moniker = "m";
  info.channels = {conn::kPexChannel};
  return info;
}

// Delivers `bytes` in pieces; false once the handshake has failed.
bool deliver(p2p::Handshake& machine, ByteView bytes, std::size_t piece) {
  while (!bytes.empty() && !machine.done()) {
    const ByteView part = bytes.first(std::min(piece, bytes.size()));
    const std::size_t wanted = machine.wanted();
    const auto taken = machine.receive(part);
    if (!taken) {
      require(!taken.error().text().empty());
      require(taken.error().stage >= conn::Stage::key_exchange);
      return false;
    }
    require(*taken <= part.size());
    require(part.size() > wanted || *taken == part.size());
    bytes = bytes.subspan(*taken);
  }
  return true;
}

Bytes sealed_frame(conn::FrameSealer& sealer, ByteView content) {
  Bytes slot(conn::kFrameSealed);
  std::copy_n(content.begin(), std::min(content.size(), conn::kFrameData),
              slot.begin() + conn::kFrameHeader);
  slot[0] = static_cast<std::uint8_t>(content.size());
  slot[1] = static_cast<std::uint8_t>(content.size() >> 8);
  (void)sealer.seal(slot);
  return slot;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const std::uint8_t mode = input.byte();
  const std::size_t piece = 1 + input.byte() * 9u;
  p2p::HandshakePlan plan;
  plan.deadline = conn::TimePoint{5s};
  if (mode & 1) plan.expected = their_key().id();
  if (mode & 2) {
    plan.ours = [](const p2p::NodeInfo& theirs) -> conn::Result<p2p::NodeInfo> {
      return info_for(theirs.network);
    };
    plan.patience = conn::TimePoint{2s};
  } else {
    plan.ours = info_for("net");
  }
  p2p::Handshake machine(our_key(), test::ephemeral_from(0x11), std::move(plan));

  bool alive = true;
  if (mode % 16 < 4) {
    alive = deliver(machine, input.all(), piece);
  } else if (mode % 16 < 8) {
    // A true key exchange, then frames with a true seal and any content.
    conn::SecretHandshake remote(their_key(), test::ephemeral_from(0x22), std::nullopt);
    const Bytes ours = machine.take_output();
    alive = deliver(machine, remote.take_output(), piece);
    const auto dh = conn::x25519(test::ephemeral_from(0x22), ByteView(ours).subspan<3, 32>());
    // 0x11's public key is the greater of the two, so theirs is least.
    conn::FrameKeys keys = conn::derive_frame_keys(*dh, conn::KeyOrder::ours_is_least);
    conn::FrameSealer sealer(std::move(keys.send));
    while (alive && !input.empty()) {
      const std::size_t length = input.byte() * 5u;
      alive = deliver(machine, sealed_frame(sealer, input.take(length)), piece);
    }
    require(!machine.done());  // no signature, no peer
  } else {
    conn::SecretHandshake remote(their_key(), test::ephemeral_from(0x22), std::nullopt);
    (void)remote.receive(machine.take_output());
    alive = deliver(machine, remote.take_output(), piece);
    (void)remote.receive(machine.take_output());
    require(alive && remote.done());
    conn::SecretSession session = remote.take_session();
    while (alive && !input.empty() && !machine.done()) {
      const std::size_t length = input.byte() * 5u;
      alive = deliver(machine, sealed_frame(session.sealer, input.take(length)), piece);
    }
  }
  require(machine.on_end().stage >= conn::Stage::key_exchange);
  if (!machine.done()) {
    require(!alive || !machine.check(conn::TimePoint{5s}).has_value());
    return 0;
  }
#ifdef PEERAGE_PLANTED_BUG
  require(false);  // as if no remote of the fuzzer's could ever be accepted
#endif
  require(machine.remote_id() == their_key().id());
  require(machine.remote_info() && machine.our_info());
  require(p2p::validate(*machine.remote_info()).has_value());
  require(p2p::compatible(*machine.our_info(), *machine.remote_info()).has_value());
  require(*conn::NodeId::parse(machine.remote_info()->node_id) == their_key().id());
  return 0;
}
