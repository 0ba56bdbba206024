#include "conn/address/ban_rule.h"

#include <array>

namespace peerage::conn {
namespace {

constexpr std::array<std::string_view, kBanOriginCount> kNames = {"misbehaviour", "operator"};

}  // namespace

std::string to_string(const BanTarget& target) {
  return std::visit([](const auto& value) { return value.to_string(); }, target);
}

bool covers(const BanTarget& target, const NodeId& id, const IpAddress& ip) {
  const auto* named = std::get_if<NodeId>(&target);
  return named != nullptr ? *named == id : std::get<Cidr>(target).contains(ip);
}

std::string_view name(BanOrigin origin) noexcept {
  return kNames[static_cast<std::size_t>(origin)];
}

}  // namespace peerage::conn
