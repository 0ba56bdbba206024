// discv4's packets: any bytes are a message or refused; what was read is written again to a packet
// that is read the same; and no signature harms anything.
//
// The first byte says what the rest is: a datagram; a type and its data, for which the harness
// makes a good hash and signature; or a signature, a type and data under a good hash.
#include <array>

#include "conn/crypto/keccak.h"
#include "pex/discovery/record/rlp.h"
#include "pex/discovery/v4/wire.h"
#include "tests/fuzz/fuzz_input.h"

using namespace peerage;
using fuzz::require;
namespace v4 = pex::v4;

namespace {

const conn::Secp256k1Key& key() {
  static const conn::Secp256k1Key kKey = [] {
    conn::Secret<32> secret;
    secret.writable()[31] = 7;
    return conn::Secp256k1Key::from_secret(secret).value();
  }();
  return kKey;
}

void hash(conn::Bytes& packet) {
  const auto digest = conn::keccak256(conn::ByteView(packet).subspan(v4::kHashBytes));
  std::copy(digest.begin(), digest.end(), packet.begin());
}

// Items, each by a byte: the end of a list, a list, a number, or a string of one of the lengths
// that messages have.
conn::Bytes items_of(fuzz::Input& input) {
  constexpr std::array<std::size_t, 8> kLengths = {0, 1, 2, 4, 16, 32, 64, 5};
  pex::RlpWriter out;
  out.open();
  std::size_t depth = 1;
  while (!input.empty() && depth > 0) {
    const std::uint8_t item = input.byte();
    if (item % 8 == 0) {
      out.close();
      --depth;
    } else if (item % 8 < 3) {
      out.open();
      ++depth;
    } else if (item % 8 < 5) {
      out.number(item / 8u);
    } else {
      conn::Bytes bytes(kLengths[item / 8u % kLengths.size()], item);
      out.string(bytes);
    }
  }
  for (; depth > 0; --depth) out.close();
  return out.take();
}

conn::Bytes packet_of(fuzz::Input& input) {
  const std::uint8_t what = input.byte() % 4;
  if (what == 3) {
    conn::Bytes packet(v4::kMinPacket);
    packet[v4::kHeadBytes] = input.byte() % 8;
    const conn::Bytes items = items_of(input);
    packet.insert(packet.end(), items.begin(), items.end());
    if (packet.size() <= v4::kMaxPacket) v4::sign(key(), packet, {});
    return packet;
  }
  if (what == 0) {
    const auto all = input.all();
    return {all.begin(), all.end()};
  }
  conn::Bytes packet(v4::kHashBytes);
  const auto signature = input.take(what == 1 ? 0 : v4::kSignatureBytes);
  packet.insert(packet.end(), signature.begin(), signature.end());
  packet.resize(v4::kHeadBytes);
  const auto rest = input.all();
  packet.insert(packet.end(), rest.begin(), rest.end());
  if (packet.size() < v4::kMinPacket || packet.size() > v4::kMaxPacket) return packet;
  if (what == 1) {
    v4::sign(key(), packet, {});
  } else {
    hash(packet);
  }
  return packet;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const conn::Bytes packet = packet_of(input);
  if (!v4::read_hash(packet)) return 0;
  (void)v4::recover_sender(packet);
  require(conn::secp256k1_illegal_uses() == 0);
  const auto message = v4::decode(packet);
  if (!message) return 0;
#ifdef PEERAGE_PLANTED_BUG
  // As if a message of the last type had a time.
  require(v4::expires(*message).has_value());
#endif
  // Addresses of other lengths are written as 0.0.0.0, and read as that from then on.
  conn::Bytes again = v4::encode(*message);
  v4::sign(key(), again, {});
  if (again.size() > v4::kMaxPacket) return 0;
  const auto read = v4::decode(again);
  require(read.has_value() && read->index() == message->index());
  require(v4::encode(*read) == v4::encode(*message));
  require(v4::recover_sender(again) == key().public_key());
  return 0;
}
