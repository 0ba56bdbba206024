#include "conn/runtime/log_limiter.h"

#include <string>
#include <vector>

namespace peerage::conn {
namespace {

constexpr std::uint64_t kLinesPerSecond = 20;

}  // namespace

LogLimiter::LogLimiter(Log log, TimePoint now)
    : log_(std::move(log)), all_(kLinesPerSecond, kLinesPerSecond, now) {}

void LogLimiter::write(const NodeId& peer, TimePoint now, LogLevel level, std::string_view message,
                       std::initializer_list<LogField> fields) noexcept {
  if (!log_.wants(level)) return;
  std::vector<LogField> all_fields;
  {
    const std::lock_guard lock(mutex_);
    if (by_peer_.size() >= kMaxPeers) by_peer_.clear();
    auto& bucket = by_peer_.try_emplace(peer, 1, 1, now).first->second;
    if (!bucket.take(1, now) || !all_.take(1, now)) {
      ++held_back_;
      return;
    }
    all_fields.reserve(fields.size() + 2);
    all_fields.push_back({"peer", peer.to_string()});
    all_fields.insert(all_fields.end(), fields);
    if (held_back_ > 0) {
      all_fields.push_back({"held_back", std::to_string(std::exchange(held_back_, 0))});
    }
  }
  log_.write(level, message, all_fields);
}

}  // namespace peerage::conn
