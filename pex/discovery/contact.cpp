#include "pex/discovery/contact.h"

#include <array>
#include <utility>

namespace peerage::pex {

std::string_view name(Protocol protocol) noexcept {
  static constexpr std::array<std::string_view, kProtocolCount> kNames = {"discv4", "discv5"};
  return kNames[static_cast<std::size_t>(protocol)];
}

std::string_view name(HeardBy how) noexcept {
  static constexpr std::array<std::string_view, kHeardByCount> kNames = {
      "boot", "command", "inbound", "told", "dns", "disk"};
  return kNames[static_cast<std::size_t>(how)];
}

std::optional<Contact> Contact::of(EnrPtr record) {
  if (!record) return std::nullopt;
  const auto udp4 = record->udp4();
  const auto udp = udp4 ? udp4 : record->udp6();
  if (!udp) return std::nullopt;
  const auto tcp = udp4 ? record->tcp4() : record->tcp6();
  return Contact{record->id(), record->key(), *udp, tcp ? tcp->port : std::uint16_t{0},
                 std::move(record)};
}

Contact Contact::at(const conn::Secp256k1PublicKey& key, const conn::Endpoint& udp,
                    std::uint16_t tcp) {
  return {EnodeId::of(key), key, udp, tcp, nullptr};
}

}  // namespace peerage::pex
