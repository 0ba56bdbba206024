#include "addrbook/told_rate.h"

#include <algorithm>
#include <utility>

namespace peerage::addrbook {

bool ToldRate::take(std::uint64_t group, Time now) {
  Bucket& bucket = filled(group, now);
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

void ToldRate::expect_answer(std::uint64_t group, Time now) {
  Bucket& bucket = filled(group, now);
  bucket.tokens = std::min(bucket.tokens + after_request_, burst_ + after_request_);
}

ToldRate::Bucket& ToldRate::filled(std::uint64_t group, Time now) {
  auto found = recent_.find(group);
  if (found == recent_.end()) {
    if (recent_.size() >= kGeneration) older_ = std::exchange(recent_, {});
    Bucket bucket{burst_, now};
    if (const auto old = older_.find(group); old != older_.end()) {
      bucket = old->second;
      older_.erase(old);
    }
    found = recent_.emplace(group, bucket).first;
  }
  Bucket& bucket = found->second;
  if (now > bucket.filled) {
    // What an own request gave stays beyond the burst, and does not grow.
    const double grown =
        bucket.tokens + per_second_ * static_cast<double>((now - bucket.filled).count());
    bucket.tokens = std::max(bucket.tokens, std::min(grown, burst_));
    bucket.filled = now;
  }
  return bucket;
}

}  // namespace peerage::addrbook
