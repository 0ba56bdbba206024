// Packets: what the encrypted stream consists of after NodeInfo. Each is a length-delimited
//
//   Packet { oneof: 1 Ping {} | 2 Pong {} | 3 Msg { 1 channel_id int32, 2 eof bool, 3 data bytes }
//   }
//
// Encoding and decoding are written by hand because this is the hot path; the generated protobuf
// code checks them in the tests (tests/fuzz/packet_fuzz.cpp).
//
// Decoding follows the Go node's decoder to the letter: unknown fields are skipped, the last of
// repeated fields counts, a second packet_msg replaces the first. How long a body may be is the
// network's max_packet_msg_payload_size P: what a packet with P bytes of data takes on a channel
// below 0x80, with eof; 1034 bytes for the default of 1024. A length announced beyond that ends the
// connection before a byte of it is read. Encoding never makes a longer body either, whatever the
// channel ID: the last packet of a message on a channel from 0x80 carries P - 1 bytes at most.
//
// Source: comet p2p/conn/connection.go, proto/tendermint/p2p/conn.proto; spec/vectors/packets.json.
// Threads: none of its own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "conn/base/bytes.h"
#include "conn/base/channel.h"
#include "conn/base/failure.h"
#include "conn/base/varint.h"
#include "conn/comet/limits.h"

namespace peerage::conn {

enum class PacketKind : std::uint8_t { ping, pong, msg };

// A decoded packet; `data` borrows from the body.
struct Packet {
  PacketKind kind = PacketKind::ping;
  std::int32_t channel = 0;  // as on the wire: may be no channel of ours, or no channel at all
  bool eof = false;
  ByteView data;
};

// Decodes a body (without its length prefix). Errors: packet_malformed.
Result<Packet> decode_packet(ByteView body);

// Delimited encodings.
inline constexpr ByteArray<3> kPingPacket = {0x02, 0x0a, 0x00};
inline constexpr ByteArray<3> kPongPacket = {0x02, 0x12, 0x00};

// What precedes the data of a Msg packet on the wire, its length prefix included.
struct MsgHeader {
  ByteArray<20> bytes{};  // enough for data of 256 MiB
  std::size_t size = 0;
  ByteView view() const noexcept { return ByteView(bytes).first(size); }
};
enum class Eof : std::uint8_t { no, yes };
MsgHeader encode_msg_header(ChannelId channel, Eof eof, std::size_t data_size) noexcept;

// The longest body where max_packet_msg_payload_size is `payload`.
constexpr std::size_t max_packet_body(std::size_t payload) noexcept {
  const std::size_t inner = 2 + 2 + 1 + varint_size(payload) + payload;  // channel, eof, data
  return 1 + varint_size(inner) + inner;
}
static_assert(max_packet_body(kMaxPacketData) == kMaxPacket);
// With its length prefix, in its shortest form.
constexpr std::size_t max_packet_on_wire(std::size_t payload) noexcept {
  return varint_size(max_packet_body(payload)) + max_packet_body(payload);
}
static_assert(max_packet_on_wire(kMaxPacketData) == kMaxPacketOnWire);

// The most data that one packet of a message may carry there; `payload` is at least 2.
constexpr std::size_t max_packet_data(ChannelId channel, Eof eof,
                                      std::size_t payload = kMaxPacketData) noexcept {
  const bool long_id = static_cast<std::uint8_t>(channel) >= 0x80;
  return long_id && eof == Eof::yes ? payload - 1 : payload;
}

// What a reader takes: bodies of at most `body` bytes. A longer one would have been taken with a
// larger max_packet_msg_payload_size, unless it is over `useful`: it could not be a message then.
struct PacketLimits {
  std::size_t body = kMaxPacket;
  std::size_t useful = kMaxPacket;
};

// Cuts a byte stream into packet bodies: whole bodies are passed on where they lie, and only what
// straddles two calls is copied, into at most kMaxVarint + `limits.body` bytes, and never more than
// twice what has come. They are kept for the next packet that straddles, until `rest` is called.
class PacketReader {
 public:
  explicit PacketReader(const PacketLimits& limits = {}) : limits_(limits) {}

  // Calls `on_body(ByteView) -> Result<void>` for each whole body in order and stops at its first
  // error. Errors of its own: packet_too_long (the length announced; and the setting that would let
  // it in), packet_malformed (a length that is no varint).
  template <typename OnBody>
  Result<void> receive(ByteView stream, OnBody&& on_body);

  // In the middle of a packet.
  bool partial() const noexcept { return !carry_.empty(); }

  // No more for now: at a packet boundary no memory is held, and in a packet little more than has
  // come of it.
  void rest() {
    if (!partial()) {
      carry_ = Bytes();
    } else if (carry_.capacity() > kRoomToKeep && carry_.capacity() / 4 > carry_.size()) {
      carry_.shrink_to_fit();
    }
  }
  // The end: nothing is held any more. May be called by a handler that is done with its body.
  void drop() noexcept { carry_ = Bytes(); }

  // What it holds.
  std::size_t held_bytes() const noexcept { return carry_.capacity(); }

 private:
  // The length of the packet at the front of `bytes`, prefix included; 0 when more is needed.
  struct Extent {
    std::size_t prefix = 0;
    std::size_t total = 0;
  };
  Result<Extent> measure(ByteView bytes) const;
  tl::unexpected<Failure> too_long(std::uint64_t announced) const;

  static constexpr std::size_t kRoomToKeep = 64u << 10;

  PacketLimits limits_;
  Bytes carry_;
};

template <typename OnBody>
Result<void> PacketReader::receive(ByteView stream, OnBody&& on_body) {
  while (!stream.empty()) {
    if (carry_.empty()) {
      const auto extent = measure(stream);
      if (!extent) return tl::unexpected(extent.error());
      if (extent->total == 0 || extent->total > stream.size()) {
        carry_.assign(stream.begin(), stream.end());
        return {};
      }
      const Result<void> taken =
          on_body(stream.subspan(extent->prefix, extent->total - extent->prefix));
      if (!taken) return taken;
      stream = stream.subspan(extent->total);
      continue;
    }
    // Complete the straddling packet: first its prefix, byte by byte, then its body.
    auto extent = measure(carry_);
    while (extent && extent->total == 0 && !stream.empty()) {
      carry_.push_back(stream.front());
      stream = stream.subspan(1);
      extent = measure(carry_);
    }
    if (!extent) return tl::unexpected(extent.error());
    if (extent->total == 0) return {};
    const std::size_t count = std::min(extent->total - carry_.size(), stream.size());
    if (const std::size_t needed = carry_.size() + count; needed > carry_.capacity()) {
      carry_.reserve(std::min(extent->total, 2 * needed));
    }
    carry_.insert(carry_.end(), stream.begin(),
                  stream.begin() + static_cast<std::ptrdiff_t>(count));
    stream = stream.subspan(count);
    if (carry_.size() < extent->total) return {};
    const Result<void> taken = on_body(ByteView(carry_).subspan(extent->prefix));
    carry_.clear();
    if (!taken) return taken;
  }
  return {};
}

}  // namespace peerage::conn
