#include "pex/discovery/traffic_limits.h"

#include <algorithm>

#include "conn/address/cidr.h"
#include "pex/discovery/relay_rule.h"

namespace peerage::pex {

using conn::Endpoint;
using conn::IpAddress;
using conn::TimePoint;

namespace {

// Of a second's work: what may be saved up, and what of that strangers leave.
std::uint64_t burst(std::uint64_t rate) {
  return std::max<std::uint64_t>(rate / 10, 1);
}
std::uint64_t reserve(std::uint64_t rate) {
  return burst(rate) / 2;
}

}  // namespace

TrafficLimits::TrafficLimits(const DiscoveryLimits& limits, TimePoint now)
    : limits_(limits),
      sources_(limits.limited_sources),
      networks_(limits.limited_sources),
      told_(limits.told_hosts),
      hashed_{{limits.hashed_rate, burst(limits.hashed_rate), now}, reserve(limits.hashed_rate)},
      costly_{{limits.costly_rate, burst(limits.costly_rate), now}, reserve(limits.costly_rate)} {}

bool TrafficLimits::admit(const IpAddress& from, std::size_t bytes, Awaited awaited,
                          TimePoint now) {
  if (is_private(from)) return true;
  Source& sender = source(from, now);
  if (awaited == Awaited::no && !sender.inbound.take(1, now)) return false;
  sender.account.in += bytes;
  network(from, now).in += bytes;
  return true;
}

bool TrafficLimits::Shared::take(Standing standing, std::uint64_t count, TimePoint now) {
  const std::uint64_t must_stay = standing == Standing::stranger ? reserve : 0;
  return bucket.available(now) > must_stay && bucket.take(count, now);
}

bool TrafficLimits::admit_hashing(Standing standing, std::size_t bytes, TimePoint now) {
  return hashed_.take(standing, bytes, now);
}

bool TrafficLimits::admit_costly(Standing standing, TimePoint now) {
  return costly_.take(standing, 1, now);
}

bool TrafficLimits::allow_unproven(const IpAddress& to, std::size_t bytes, TimePoint now,
                                   std::uint64_t datagrams) {
  if (is_private(to)) return true;
  Source& receiver = source(to, now);
  Account& neighbours = network(to, now);
  if (!has_room(receiver.account, bytes) || !has_room(neighbours, bytes)) return false;
  if (!receiver.outbound.take(datagrams, now)) return false;
  receiver.account.out += bytes;
  neighbours.out += bytes;
  return true;
}

bool TrafficLimits::allow_own(const IpAddress& to, TimePoint now) {
  return is_private(to) || source(to, now).outbound.take(1, now);
}

bool TrafficLimits::allow_told(const Endpoint& to, TimePoint now) {
  if (is_private(to.ip)) return true;
  std::vector<Ping>& pings = told_.use(conn::host_of(to.ip), [] { return std::vector<Ping>(); });
  std::erase_if(pings,
                [&](const Ping& ping) { return now - ping.at >= limits_.told_endpoint_rest; });
  const bool rests =
      std::any_of(pings.begin(), pings.end(), [&to](const Ping& ping) { return ping.to == to; });
  if (rests || pings.size() >= limits_.told_ip_pings) return false;
  pings.push_back({to, now});
  return true;
}

void TrafficLimits::on_answered(const Endpoint& from) {
  if (std::vector<Ping>* const pings = told_.use(conn::host_of(from.ip))) {
    std::erase_if(*pings, [&from](const Ping& ping) { return ping.to == from; });
  }
  Source* const known = sources_.use(conn::host_of(from.ip));
  Account* const neighbours = networks_.use(conn::neighbourhood_of(from.ip));
  if (known == nullptr) return;
  Account& account = known->account;
  if (neighbours != nullptr && neighbours->window == account.window) {
    // The network may have been forgotten since, but not the host: the lesser is taken.
    neighbours->in -= std::min(neighbours->in, account.in);
    neighbours->out -= std::min(neighbours->out, account.out);
  }
  account.in = account.out = 0;
}

TrafficLimits::Source& TrafficLimits::source(const IpAddress& ip, TimePoint now) {
  Source& source = sources_.use(conn::host_of(ip), [&] {
    return Source{conn::TokenBucket(limits_.inbound_rate, limits_.inbound_burst, now),
                  conn::TokenBucket(limits_.unproven_rate, limits_.unproven_burst, now),
                  {}};
  });
  turn(source.account, now);
  return source;
}

TrafficLimits::Account& TrafficLimits::network(const IpAddress& ip, TimePoint now) {
  Account& account = networks_.use(conn::neighbourhood_of(ip), [] { return Account(); });
  turn(account, now);
  return account;
}

void TrafficLimits::turn(Account& account, TimePoint now) const {
  const auto window = now.time_since_epoch() / limits_.unproven_window;
  if (account.window != window) account = {window, 0, 0};
}

bool TrafficLimits::has_room(const Account& account, std::size_t bytes) const {
  return account.out + bytes <= std::max(account.in, limits_.unproven_answer);
}

}  // namespace peerage::pex
