// The two messages of peer exchange, on channel 0x00: a request, and a list of addresses in answer.
//
// A list is checked before it is decoded: its entries are counted in the raw bytes, and more than
// 250 are refused before any memory is taken for them. An entry that cannot be an address (an
// invalid ID, a host name, a port over 65535) is dropped alone; the Go node would refuse the whole
// list and ban its sender.
//
// Source: comet p2p/pex; spec/vectors/pex.json.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <variant>
#include <vector>

#include "conn/address/net_address.h"
#include "conn/base/bytes.h"
#include "conn/base/channel.h"
#include "conn/base/failure.h"

namespace peerage::pex {

// comet v0.34 to v1.0: 250 addresses, 256 bytes for each.
inline constexpr std::size_t kMaxAddresses = 250;
inline constexpr std::size_t kMaxMessage = 64'000;

inline constexpr conn::ChannelDescriptor kChannel = {.id = conn::kPexChannel,
                                                     .priority = 1,
                                                     .send_queue_messages = 10,
                                                     .send_queue_bytes = 10 * kMaxMessage,
                                                     .max_message_bytes = kMaxMessage};

struct Request {};
struct Addresses {
  std::vector<conn::NetAddress> usable;
  std::size_t refused = 0;  // entries that are no addresses
};
using Message = std::variant<Request, Addresses>;

// Errors (stage established): message_malformed, with what is wrong.
conn::Result<Message> decode(conn::ByteView bytes);

// Which of the two a message seems to be, by its first byte alone: its place in Message; 2:
// neither.
std::size_t type_of(conn::ByteView bytes) noexcept;

conn::Bytes encode_request();
// The first kMaxAddresses of them, which always fit kMaxMessage.
conn::Bytes encode_addresses(std::span<const conn::NetAddress> addresses);

}  // namespace peerage::pex
