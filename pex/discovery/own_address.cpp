#include "pex/discovery/own_address.h"

namespace peerage::pex {

using conn::Endpoint;
using conn::IpAddress;
using conn::TimePoint;

OwnAddress::OwnAddress(SharedState& shared, TimePoint now)
    : shared_(shared),
      vote_({.limits = shared.settings.limits,
             .v4 = shared.settings.reach_v4 == Switched::on,
             .v6 = shared.settings.reach_v6 == Switched::on},
            now) {
  const DiscoverySettings& settings = shared.settings;
  if (settings.external_ip == ExternalIp::none || !settings.known_ip) return;
  write({*settings.known_ip, settings.bound.port}, now);
}

void OwnAddress::on_seen_at(const EnodeId& voter, const IpAddress& from, const Endpoint& seen,
                            TimePoint now) {
  if (shared_.settings.external_ip != ExternalIp::vote) return;
  const auto winner = vote_.vote(voter, from, seen, now);
  if (winner) take({winner->ip, winner->port.value_or(shared_.settings.bound.port)}, now);
}

void OwnAddress::count_votes(TimePoint now) {
  for (const IpVote::Winner& winner : vote_.count(now)) {
    take({winner.ip, winner.port.value_or(shared_.settings.bound.port)}, now);
  }
}

std::optional<TimePoint> OwnAddress::next_deadline() const {
  if (shared_.settings.external_ip != ExternalIp::vote) return std::nullopt;
  return vote_.next_deadline();
}

void OwnAddress::set(const IpAddress& ip, TimePoint now) {
  if (shared_.settings.external_ip != ExternalIp::given) return;
  take({ip, shared_.settings.bound.port}, now);
}

void OwnAddress::remove(IpFamily family, TimePoint now) {
  auto& known = known_[index_of(family)];
  if (shared_.settings.external_ip != ExternalIp::given || !known) return;
  known.reset();
  shared_.record.remove_ip(family, now);
  ++shared_.counters.external_address_changes;
}

bool OwnAddress::write(const Endpoint& at, TimePoint now) {
  const IpFamily family = at.ip.is_v4() ? IpFamily::v4 : IpFamily::v6;
  auto& known = known_[index_of(family)];
  if (known == at) return false;
  known = at;
  shared_.record.set_ip(at.ip, now);
  shared_.record.set_udp_port(family, at.port, now);
  return true;
}

void OwnAddress::take(const Endpoint& at, TimePoint now) {
  if (!write(at, now)) return;
  ++shared_.counters.external_address_changes;
  shared_.tell(update::ExternalAddress{at.ip, at.port});
}

}  // namespace peerage::pex
