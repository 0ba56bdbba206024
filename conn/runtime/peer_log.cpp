#include "conn/runtime/peer_log.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conn/address/cidr.h"
#include "conn/base/bytes.h"
#include "conn/runtime/log_limiter.h"

namespace peerage::conn {

struct PeerLog::Limiter {
  std::mutex mutex;  // guards what follows
  LogLimiter rules;
};

namespace {

// The fields as they may be written: printable, and within what a line may have.
class Line {
 public:
  Line(std::string_view message, std::uint64_t held_back)
      : left_(PeerLog::kMaxText - message.size()) {
    if (held_back > 0) held_back_ = LogField{kHeldBack, held_back};
    left_ -= kHeldBack.size() + std::to_string(held_back).size();
  }

  void add(std::string_view key, const LogValue& value) {
    if (value.kind() == LogValue::Kind::text) return add_text(key, value.text());
    const std::size_t size = key.size() + value.text().size();
    if (left_ < size) return;
    left_ -= size;
    fields_.push_back({key, value});
  }
  std::vector<LogField> fields() && {
    if (held_back_) fields_.push_back(std::move(*held_back_));
    return std::move(fields_);
  }

 private:
  static constexpr std::string_view kHeldBack = "held_back";

  void add_text(std::string_view key, std::string_view value) {
    static constexpr std::size_t kMark = 3;  // "..." behind what is cut
    if (left_ <= key.size() + kMark) return;
    const std::size_t room = std::min(PeerLog::kMaxValue, left_ - key.size() - kMark);
    // Again, because a byte that is not printable becomes four.
    std::string text = printable(printable(value, room), room);
    left_ -= std::min(left_, key.size() + text.size());
    fields_.push_back({key, std::move(text)});
  }

  std::size_t left_;
  std::optional<LogField> held_back_;
  std::vector<LogField> fields_;
};

// Hosts are the subjects: a /64 of IPv6 has as many addresses as anybody likes.
LogSubject subject_of(const NodeId& id) {
  return id;
}
LogSubject subject_of(const IpAddress& ip) {
  return host_of(ip);
}

}  // namespace

PeerLog::PeerLog(std::shared_ptr<LogSink> sink)
    : PeerLog(std::move(sink), std::make_shared<Limiter>()) {}
PeerLog::PeerLog(std::shared_ptr<LogSink> sink, std::shared_ptr<Limiter> limiter)
    : log_(std::move(sink)), limiter_(std::move(limiter)) {}

PeerLog PeerLog::with_sink(std::shared_ptr<LogSink> sink) const {
  return {std::move(sink), limiter_};
}

template <typename Subject>
void PeerLog::write_about(std::string_view key, const Subject& subject, TimePoint now,
                          LogLevel level, PeerEvent event,
                          std::initializer_list<LogField> fields) const {
  if (!log_.wants(level)) return;
  std::optional<std::uint64_t> held_back;
  {
    const std::lock_guard lock(limiter_->mutex);
    held_back = limiter_->rules.take(level, event.text(), subject_of(subject), now);
  }
  if (!held_back) return;
  Line line(event.text(), *held_back);
  line.add(key, subject.to_string());
  for (const LogField& field : fields) line.add(field.key, field.value);
  log_.write(level, event.text(), std::move(line).fields());
}

void PeerLog::write(const NodeId& peer, TimePoint now, LogLevel level, PeerEvent event,
                    std::initializer_list<LogField> fields) const noexcept {
  write_about("peer", peer, now, level, event, fields);
}

void PeerLog::write(const IpAddress& from, TimePoint now, LogLevel level, PeerEvent event,
                    std::initializer_list<LogField> fields) const noexcept {
  write_about("from", from, now, level, event, fields);
}

std::uint64_t PeerLog::held_back() const {
  const std::lock_guard lock(limiter_->mutex);
  return limiter_->rules.held_back();
}

}  // namespace peerage::conn
