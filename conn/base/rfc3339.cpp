#include "conn/base/rfc3339.h"

#include <cstdint>
#include <cstdio>

namespace peerage::conn {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr std::string_view kNeverText = "0001-01-01T00:00:00Z";

// Takes text off the front, piece by piece; after a piece that is not there, nothing more is.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int number(std::size_t digits) {
    if (rest_.size() < digits) return missing();
    int value = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return missing();
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return value;
  }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void need(char c) {
    if (!take(c)) missing();
  }
  // Digits of a fraction, as nanoseconds; what is finer is cut off.
  nanoseconds fraction() {
    std::int64_t value = 0;
    std::size_t digits = 0;
    for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; ++digits) {
      if (digits < 9) value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    if (digits == 0) missing();
    for (; digits < 9; ++digits) value *= 10;
    return nanoseconds(value);
  }
  bool whole() const { return !failed_ && rest_.empty(); }

 private:
  int missing() {
    failed_ = true;
    rest_ = {};
    return 0;
  }
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
  Scanner scan(text);
  const int year = scan.number(4);
  scan.need('-');
  const int month = scan.number(2);
  scan.need('-');
  const int day = scan.number(2);
  scan.need('T');
  const int hour = scan.number(2);
  scan.need(':');
  const int minute = scan.number(2);
  scan.need(':');
  const int second = scan.number(2);
  const nanoseconds fraction = scan.take('.') ? scan.fraction() : nanoseconds(0);
  seconds offset{0};
  if (!scan.take('Z')) {
    const bool east = scan.take('+');
    if (!east) scan.need('-');
    const int hours = scan.number(2);
    scan.need(':');
    const int minutes = scan.number(2);
    if (hours > 24 || minutes > 59) return std::nullopt;
    offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
    if (!east) offset = -offset;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!scan.whole() || !date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const sys_seconds time = sys_seconds(sys_days(date)) + std::chrono::hours(hour) +
                           std::chrono::minutes(minute) + seconds(second) - offset;
  if (time < sys_seconds()) return kNoTimestamp;
  const Timestamp whole = to_timestamp(time);
  return whole > Timestamp::max() - fraction ? whole : whole + fraction;
}

std::string rfc3339_text(Timestamp time) {
  if (time <= kNoTimestamp) return std::string(kNeverText);
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%09lld", int(date.year()),
                unsigned(date.month()), unsigned(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()),
                static_cast<long long>(clock.subseconds().count()));
  std::string whole = text;
  whole.erase(whole.find_last_not_of('0') + 1);
  if (whole.back() == '.') whole.pop_back();
  return whole + 'Z';
}

Timestamp to_timestamp(sys_seconds time) {
  const auto last = std::chrono::floor<seconds>(Timestamp::max());
  if (time <= sys_seconds()) return kNoTimestamp;
  return Timestamp(time < last ? time : last);
}

}  // namespace peerage::conn
