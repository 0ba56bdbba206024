// Tables and times in reports for people: short, aligned, the same everywhere.
//
// Cells are printed as they are: what came from the network goes through conn::printable first.
// Threads: plain values.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "addrbook/record/known_address.h"

namespace peerage::cmd {

// Stands for what is not known.
inline constexpr std::string_view kNothing = "-";

// Rows of cells, each column as wide as its widest cell; those of numbers are aligned at their
// right. The last cell of a row breaks between its words where the line would be wider than
// kTextWidth.
class Table {
 public:
  explicit Table(std::set<std::size_t> numbers = {}) : numbers_(std::move(numbers)) {}
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string text() const;

 private:
  std::set<std::size_t> numbers_;
  std::vector<std::vector<std::string>> rows_;
};

// Printable, at most `limit` bytes of it; kNothing for an empty one.
std::string text_or_nothing(std::string_view text, std::size_t limit);
// A share of 0 to 1: "97%".
std::string percent(double share);
// "45 s", "3 h", "12 d".
std::string span_text(addrbook::Seconds span);
// "3 h ago", "now"; kNothing for never.
std::string ago(addrbook::Time time, addrbook::Time now);
// RFC 3339, in UTC.
std::string stamp(addrbook::Time time);

}  // namespace peerage::cmd
