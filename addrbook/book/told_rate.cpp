#include "addrbook/book/told_rate.h"

#include <algorithm>
#include <utility>

namespace peerage::addrbook {

bool ToldRate::take(std::uint64_t group, Word word, Time now) {
  Bucket& bucket = filled(group, now);
  double& tokens = word == Word::answer && bucket.promised >= 1 ? bucket.promised : bucket.tokens;
  if (tokens < 1) return false;
  tokens -= 1;
  return true;
}

void ToldRate::expect_answer(std::uint64_t group, Time now) {
  Bucket& bucket = filled(group, now);
  bucket.promised = after_request_;
}

ToldRate::Bucket& ToldRate::filled(std::uint64_t group, Time now) {
  auto found = recent_.find(group);
  if (found == recent_.end()) {
    if (recent_.size() >= kGeneration) older_ = std::exchange(recent_, {});
    Bucket bucket{burst_, 0, now};
    if (const auto old = older_.find(group); old != older_.end()) {
      bucket = old->second;
      older_.erase(old);
    }
    found = recent_.emplace(group, bucket).first;
  }
  Bucket& bucket = found->second;
  if (now > bucket.filled) {
    const double grown =
        bucket.tokens + per_second_ * static_cast<double>((now - bucket.filled).count());
    bucket.tokens = std::min(grown, burst_);
    bucket.filled = now;
  }
  return bucket;
}

}  // namespace peerage::addrbook
