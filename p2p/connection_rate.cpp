#include "p2p/connection_rate.h"

namespace peerage::p2p {

bool ConnectionRate::take(const conn::IpAddress& ip, conn::TimePoint now) {
  const conn::IpAddress host = host_of(ip);
  // A bucket counts in whole tokens per second: one connection costs `interval` of them, at one a
  // second.
  const auto cost =
      static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(config_.interval).count());
  if (cost == 0) return true;
  const std::uint64_t capacity = cost * config_.burst;
  const auto known = by_ip_.find(host);
  if (known != by_ip_.end()) {
    hosts_.splice(hosts_.end(), hosts_, known->second);
    known->second->seen = now;
    return known->second->bucket.take(cost, now);
  }
  const conn::Duration refilled = std::chrono::seconds(capacity);
  while (!hosts_.empty() && (hosts_.size() >= kMaxHosts || hosts_.front().seen + refilled <= now)) {
    by_ip_.erase(hosts_.front().ip);
    hosts_.pop_front();
  }
  hosts_.push_back({host, conn::TokenBucket(1, capacity, now), now});
  by_ip_[host] = std::prev(hosts_.end());
  return hosts_.back().bucket.take(cost, now);
}

}  // namespace peerage::p2p
