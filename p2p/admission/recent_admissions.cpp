#include "p2p/admission/recent_admissions.h"

namespace peerage::p2p {

void RecentAdmissions::note(const conn::IpAddress& ip, conn::TimePoint now) {
  forget_old(now);
  if (latest_.size() >= kMaxRemembered) forget_oldest();
  const conn::IpAddress network = network_of(ip);
  latest_.push_back({now, network});
  ++counts_[network];
}

void RecentAdmissions::forget_old(conn::TimePoint now) {
  while (!latest_.empty() && latest_.front().at + kAdmissionMemory <= now) forget_oldest();
}

std::size_t RecentAdmissions::count(const conn::IpAddress& network) const {
  const auto found = counts_.find(network);
  return found == counts_.end() ? 0 : found->second;
}

void RecentAdmissions::forget_oldest() {
  const auto count = counts_.find(latest_.front().network);
  if (--count->second == 0) counts_.erase(count);
  latest_.pop_front();
}

}  // namespace peerage::p2p
