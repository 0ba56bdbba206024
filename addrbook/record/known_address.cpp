#include "addrbook/record/known_address.h"

#include <array>
#include <tuple>

namespace peerage::addrbook {

namespace {

constexpr std::array<std::string_view, kOriginCount> kOriginNames = {
    "pex", "inbound", "configuration", "import", "discovery"};

}  // namespace

std::string_view name(Origin origin) noexcept {
  const auto index = static_cast<std::size_t>(origin);
  return index < kOriginNames.size() ? kOriginNames[index] : "unknown";
}

std::string_view name(Kind kind) noexcept {
  return kind == Kind::tried ? "old" : "new";
}

bool KnownAddress::operator==(const KnownAddress& other) const {
  const auto fields = [](const KnownAddress& a) {
    return std::tie(a.address, a.source, a.origin, a.kind, a.wrong_ids, a.failed_stage, a.failure,
                    a.failures, a.attempts, a.round_trip_us, a.first_seen, a.last_seen,
                    a.last_attempt, a.last_failed, a.last_connected, a.verified_since,
                    a.last_verified, a.connected_since, a.said_itself, a.bad_until, a.reliability);
  };
  const auto said = [](const KnownAddress& a) { return a.facts ? *a.facts : NodeFacts{}; };
  return fields(*this) == fields(other) && said(*this) == said(other) &&
         (facts == nullptr) == (other.facts == nullptr);
}

}  // namespace peerage::addrbook
