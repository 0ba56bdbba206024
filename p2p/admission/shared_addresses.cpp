#include "p2p/admission/shared_addresses.h"

#include <utility>

#include "p2p/base/peer_reason.h"

namespace peerage::p2p {
namespace {

// A bucket counts in whole tokens per second: what comes in an hour is that many namings.
constexpr std::uint64_t kSecondsOfAnHour = 3'600;

bool is_remedied_by_exempting(conn::Reason why) {
  return why == PeerReason::connection_rate_exceeded || why == PeerReason::probe_rate_exceeded ||
         why == PeerReason::too_many_from_address;
}

}  // namespace

SharedAddresses::SharedAddresses(std::vector<conn::Cidr> exempt, conn::TimePoint now,
                                 const SharedAddressLimits& limits)
    : exempt_(std::move(exempt)),
      limits_(limits),
      refusals_(limits.hosts, limits.within),
      named_at_(4 * limits.named_per_hour + 1),
      namings_(limits.named_per_hour, limits.named_per_hour * kSecondsOfAnHour, now) {}

std::optional<conn::Cidr> SharedAddresses::on_refused(const conn::IpAddress& ip, conn::Reason why,
                                                      conn::TimePoint now) {
  if (!is_remedied_by_exempting(why) || any_contains(exempt_, ip)) return std::nullopt;
  const conn::IpAddress host = host_of(ip);
  refusals_.add(host, 1, now);
  if (refusals_.count(host, now) < limits_.refusals) return std::nullopt;
  const conn::TimePoint* const named = named_at_.find(host);
  if (named != nullptr && now - *named < limits_.named_again) return std::nullopt;
  if (!namings_.take(kSecondsOfAnHour, now)) return std::nullopt;
  named_at_.use(host, [] { return conn::TimePoint(); }) = now;
  return conn::host_network(ip);
}

}  // namespace peerage::p2p
