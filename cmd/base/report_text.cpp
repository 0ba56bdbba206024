#include "cmd/base/report_text.h"

#include <algorithm>
#include <cmath>

#include "cmd/base/text_wrap.h"
#include "conn/base/bytes.h"
#include "conn/base/rfc3339.h"

namespace peerage::cmd {

using addrbook::kNever;
using addrbook::Seconds;
using addrbook::Time;

// Columns that there must be for words to break in.
static constexpr std::size_t kLeast = 20;

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - row[i].size(), ' ');
      const std::size_t begin = line.size();
      const bool wide = begin + row[i].size() > kTextWidth;
      if (i + 1 == row.size() && wide && begin + kLeast <= kTextWidth) {
        line += wrapped(row[i], begin, kTextWidth, begin);
      } else {
        line += numbers_.contains(i) ? space + row[i] : row[i] + space;
        line += "  ";
      }
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::string text_or_nothing(std::string_view text, std::size_t limit) {
  return text.empty() ? std::string(kNothing) : conn::printable(text, limit);
}

std::string percent(double share) {
  return std::to_string(std::lround(share * 100)) + "%";
}

std::string span_text(Seconds span) {
  const auto in = [span](Seconds unit, const char* sign) {
    return std::to_string(span / unit) + " " + sign;
  };
  if (span < std::chrono::minutes(1)) return in(Seconds(1), "s");
  if (span < std::chrono::hours(1)) return in(std::chrono::minutes(1), "min");
  if (span < std::chrono::days(2)) return in(std::chrono::hours(1), "h");
  return in(std::chrono::days(1), "d");
}

std::string ago(Time time, Time now) {
  if (time == kNever) return std::string(kNothing);
  if (time >= now) return "now";
  return span_text(now - time) + " ago";
}

std::string stamp(Time time) {
  return conn::rfc3339_text(conn::to_timestamp(time));
}

}  // namespace peerage::cmd
