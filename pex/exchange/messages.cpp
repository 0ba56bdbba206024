#include "pex/exchange/messages.h"

#include <algorithm>
#include <string>

#include "conn/base/proto_fields.h"
#include "p2p/base/peer_reason.h"
#include "pex.pb.h"

namespace peerage::pex {

using conn::fail;
using conn::ProtoFields;
using conn::Result;
using conn::Stage;

namespace {

tl::unexpected<conn::Failure> malformed(std::string detail) {
  return fail(Stage::established, p2p::PeerReason::message_malformed, "PEX: " + std::move(detail));
}

constexpr std::uint32_t kAddressesField = 2;  // of the message
constexpr std::uint32_t kEntryField = 1;      // of the list

// How many entries all lists in `bytes` have together.
Result<std::size_t> count_entries(conn::ByteView bytes) {
  std::size_t entries = 0;
  ProtoFields message(bytes);
  while (!message.at_end()) {
    const auto tag = message.tag();
    if (!tag) return tl::unexpected(tag.error());
    if (tag->field != kAddressesField || tag->wire_type != ProtoFields::kBytes) {
      if (const auto skipped = message.skip(*tag); !skipped) {
        return tl::unexpected(skipped.error());
      }
      continue;
    }
    const auto list = message.bytes();
    if (!list) return tl::unexpected(list.error());
    ProtoFields fields(*list);
    while (!fields.at_end()) {
      const auto inner = fields.tag();
      if (!inner) return tl::unexpected(inner.error());
      if (inner->field == kEntryField) ++entries;
      if (const auto skipped = fields.skip(*inner); !skipped) {
        return tl::unexpected(skipped.error());
      }
    }
  }
  return entries;
}

}  // namespace

std::size_t type_of(conn::ByteView bytes) noexcept {
  if (bytes.empty()) return 2;
  // Field 1 or 2, a message within the message.
  if (bytes.front() == 0x0a) return 0;
  return bytes.front() == 0x12 ? 1 : 2;
}

Result<Message> decode(conn::ByteView bytes) {
  if (bytes.size() > kMaxMessage) return malformed("over 64000 bytes");
  const auto entries = count_entries(bytes);
  if (!entries) return malformed(entries.error().detail);
  if (*entries > kMaxAddresses) {
    return malformed(std::to_string(*entries) + " addresses of at most 250");
  }
  proto::PexMessage message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return malformed("not the message's encoding");
  }
  switch (message.sum_case()) {
    case proto::PexMessage::kPexRequest:
      return Request{};
    case proto::PexMessage::kPexAddrs:
      break;
    case proto::PexMessage::SUM_NOT_SET:
      return malformed("neither request nor addresses");
  }
  Addresses addresses;
  for (const proto::PexNetAddress& entry : message.pex_addrs().addrs()) {
    const auto id = conn::NodeId::parse(entry.id());
    const auto ip = conn::IpAddress::parse(entry.ip());
    if (id && ip && entry.port() <= 0xffff) {
      addresses.usable.push_back({*id, {*ip, static_cast<std::uint16_t>(entry.port())}});
    } else {
      ++addresses.refused;
    }
  }
  return addresses;
}

conn::Bytes encode_request() {
  return {0x0a, 0x00};
}

conn::Bytes encode_addresses(std::span<const conn::NetAddress> addresses) {
  proto::PexMessage message;
  proto::PexAddrs& list = *message.mutable_pex_addrs();
  for (const conn::NetAddress& address :
       addresses.first(std::min(addresses.size(), kMaxAddresses))) {
    proto::PexNetAddress& entry = *list.add_addrs();
    entry.set_id(address.id.to_string());
    entry.set_ip(address.endpoint.ip.to_string());
    entry.set_port(address.endpoint.port);
  }
  conn::Bytes bytes(message.ByteSizeLong());
  message.SerializeToArray(bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

}  // namespace peerage::pex
