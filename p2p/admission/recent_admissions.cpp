#include "p2p/admission/recent_admissions.h"

#include <chrono>
#include <cmath>

namespace peerage::p2p {
namespace {

double memories(conn::TimePoint now) {
  using Span = std::chrono::duration<double>;
  return Span(now.time_since_epoch()) / Span(kAdmissionMemory);
}

}  // namespace

void RecentAdmissions::note(const conn::IpAddress& ip, conn::TimePoint now) {
  const conn::IpAddress network = network_of(ip);
  const auto [entry, is_new] = marks_.try_emplace(network);
  double count = 1;
  if (!is_new) {
    count += count_of(entry->second, now);
    order_.erase({entry->second, network});
  }
  entry->second = mark_of(count, now);
  order_.emplace(entry->second, network);
  while (order_.size() > kMaxNetworks || count_of(order_.begin()->first, now) < kForgotten) {
    marks_.erase(order_.begin()->second);
    order_.erase(order_.begin());
  }
}

double RecentAdmissions::count(const conn::IpAddress& network, conn::TimePoint now) const {
  const auto found = marks_.find(network);
  return found == marks_.end() ? 0 : count_of(found->second, now);
}

RecentAdmissions::Mark RecentAdmissions::mark_of(double count, conn::TimePoint now) {
  return std::log(count) + memories(now);
}

double RecentAdmissions::count_of(Mark mark, conn::TimePoint now) {
  return std::exp(mark - memories(now));
}

}  // namespace peerage::p2p
