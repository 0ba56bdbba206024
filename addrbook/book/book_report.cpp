#include "addrbook/book/book_report.h"

#include <numeric>

namespace peerage::addrbook {

std::string_view name(DropCause cause) noexcept {
  static constexpr std::array<std::string_view, kDropCauseCount> kNames = {
      "wrong_type", "bad_address",     "bad_number", "bad_word",
      "bad_text",   "unknown_network", "over_limit", "unreadable"};
  return kNames[static_cast<std::size_t>(cause)];
}

std::string_view name(Report::Found found) noexcept {
  static constexpr std::array<std::string_view, 5> kNames = {"book", "nothing", "corrupt",
                                                             "foreign", "newer"};
  return kNames[static_cast<std::size_t>(found)];
}

std::size_t Drops::total() const noexcept {
  return std::accumulate(counts.begin(), counts.end(), std::size_t{0});
}

std::string Drops::text() const {
  std::string text;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    if (!text.empty()) text += ' ';
    text.append(name(static_cast<DropCause>(i))) += '=' + std::to_string(counts[i]);
  }
  return text;
}

}  // namespace peerage::addrbook
