#include "p2p/log.h"

#include <utility>
#include <vector>

namespace peerage::p2p {
namespace {

constexpr std::uint64_t kLinesPerSecond = 20;

}  // namespace

std::string_view name(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
  }
  return "";
}

Log::Log(std::shared_ptr<LogSink> sink, conn::TimePoint now)
    : sink_(std::move(sink)), all_(kLinesPerSecond, kLinesPerSecond, now) {}

void Log::write(LogLevel level, std::string_view message,
                std::initializer_list<LogField> fields) noexcept {
  if (wants(level)) sink_->write({level, message, {fields.begin(), fields.size()}});
}

void Log::write_about(const conn::NodeId& peer, conn::TimePoint now, LogLevel level,
                      std::string_view message, std::initializer_list<LogField> fields) noexcept {
  if (!wants(level)) return;
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
  sink_->write({level, message, all_fields});
}

}  // namespace peerage::p2p
