#include "conn/runtime/log_limiter.h"

#include <algorithm>

namespace peerage::conn {

LogLimiter::Share& LogLimiter::share_of(std::vector<Share>& shares, const Rule& rule,
                                        std::string_view event, TimePoint now) {
  const auto known = std::find_if(shares.begin(), shares.end(),
                                  [event](const Share& each) { return each.event == event; });
  if (known != shares.end()) return *known;
  if (shares.size() == rule.shares) return shares.back();
  return shares.emplace_back(Share{event, {rule.tokens_per_second, rule.burst, now}});
}

bool LogLimiter::rests(const Share& share, const LogSubject& subject, TimePoint now) {
  const auto last = last_lines_.find({share.event, subject});
  return last != last_lines_.end() && now - last->second < kPauseOfASubject;
}

std::optional<std::uint64_t> LogLimiter::take(LogLevel level, std::string_view event,
                                              const LogSubject& subject, TimePoint now) {
  const bool quiet = level == LogLevel::debug;
  const Rule& rule = quiet ? kQuiet : kLoud;
  Share& share = share_of(quiet ? quiet_ : loud_, rule, event, now);
  if (rests(share, subject, now) || !share.tokens.take(rule.price, now)) {
    ++share.held_back;
    ++held_back_;
    return std::nullopt;
  }
  if (last_lines_.size() >= kMaxSubjects) last_lines_.clear();
  last_lines_.insert_or_assign({share.event, subject}, now);
  return std::exchange(share.held_back, 0);
}

}  // namespace peerage::conn
