#include "p2p/admission/connection_rate.h"

#include "p2p/base/peer_reason.h"

namespace peerage::p2p {

using conn::IpAddress;
using conn::Result;
using conn::Stage;
using conn::TimePoint;

ConnectionRate::ConnectionRate(const ConnectionRateConfig& config)
    : cost_(static_cast<std::uint64_t>(
          std::chrono::ceil<std::chrono::milliseconds>(config.interval).count())),
      capacity_(cost_ * config.burst),
      pause_(config.failed_authentication_pause) {}

Result<void> ConnectionRate::take(const IpAddress& ip, TimePoint now) {
  const IpAddress host = host_of(ip);
  if (cost_ == 0 && !by_ip_.contains(host)) return {};
  Host& known = see(host, now);
  if (now < known.closed_until) {
    return conn::fail(Stage::admission, PeerReason::authentication_failed_lately, ip.to_string());
  }
  if (!known.bucket.take(cost_, now)) {
    return conn::fail(Stage::admission, PeerReason::connection_rate_exceeded, ip.to_string());
  }
  return {};
}

void ConnectionRate::give_back(const IpAddress& ip, TimePoint now) {
  // One that was forgotten meanwhile has its whole burst again.
  const auto known = by_ip_.find(host_of(ip));
  if (known != by_ip_.end()) known->second->bucket.give_back(cost_, now);
}

void ConnectionRate::on_failed_authentication(const IpAddress& ip, TimePoint now) {
  if (pause_ > conn::Duration(0)) see(host_of(ip), now).closed_until = now + pause_;
}

ConnectionRate::Host& ConnectionRate::see(const IpAddress& host, TimePoint now) {
  const auto known = by_ip_.find(host);
  if (known != by_ip_.end()) {
    hosts_.splice(hosts_.end(), hosts_, known->second);
    known->second->seen = now;
    return *known->second;
  }
  make_room(now);
  hosts_.push_back({host, conn::TokenBucket(1'000, capacity_, now), now, {}});
  by_ip_[host] = std::prev(hosts_.end());
  return hosts_.back();
}

void ConnectionRate::make_room(TimePoint now) {
  const conn::Duration refilled = std::chrono::milliseconds(capacity_);
  const auto is_idle = [&](const Host& host) {
    return host.seen + refilled <= now && host.closed_until <= now;
  };
  while (!hosts_.empty() && (hosts_.size() >= kMaxHosts || is_idle(hosts_.front()))) {
    by_ip_.erase(hosts_.front().ip);
    hosts_.pop_front();
  }
}

}  // namespace peerage::p2p
