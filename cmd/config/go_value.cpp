#include "cmd/config/go_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <system_error>

#include "conn/base/split_list.h"

namespace peerage::cmd {
namespace {

using Whole = tl::expected<std::int64_t, Unread>;
using Span = tl::expected<conn::Duration, Unread>;

constexpr std::string_view kDigits = "0123456789";
constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();

tl::unexpected<Unread> no_number() {
  return tl::unexpected(Unread::no_number);
}
tl::unexpected<Unread> out_of_range() {
  return tl::unexpected(Unread::out_of_range);
}

// Takes the sign off.
bool take_minus(std::string_view& text) {
  const bool minus = text.starts_with('-');
  if (minus || text.starts_with('+')) text.remove_prefix(1);
  return minus;
}

Whole with_sign(std::uint64_t number, bool minus) {
  if (number > kMost + (minus ? 1 : 0)) return out_of_range();
  return static_cast<std::int64_t>(minus ? 0 - number : number);
}

// Takes the prefix off, but for a zero that is all there is.
int take_base(std::string_view& text) {
  if (text.size() < 2 || text.front() != '0') return 10;
  const char kind = static_cast<char>(text[1] | 0x20);
  const int base = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 0;
  if (base != 0) {
    text.remove_prefix(2);
    return base;
  }
  return text.find_first_not_of("01234567_") == std::string_view::npos ? 8 : 10;
}

// Without underscores between digits; nothing when one stands elsewhere.
std::optional<std::string> without_underscores(std::string_view text, bool after_prefix) {
  std::string plain;
  bool may = after_prefix;  // whether an underscore may be next
  for (const char c : text) {
    if (c == '_' && !may) return std::nullopt;
    may = c != '_';
    if (may) plain += c;
  }
  if (!may) return std::nullopt;
  return plain;
}

// A decimal fraction or a power of ten.
Whole read_fraction(const std::string& text, bool minus) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (rest != end) return no_number();
  if (error == std::errc::result_out_of_range) return out_of_range();
  if (error != std::errc{}) return no_number();
  return whole_of(minus ? -number : number);
}

struct Unit {
  std::string_view name;
  std::uint64_t length;  // ns
};
constexpr std::array<Unit, 8> kUnits = {{{"ns", 1},
                                         {"us", 1'000},
                                         {"\u00b5s", 1'000},
                                         {"\u03bcs", 1'000},
                                         {"ms", 1'000'000},
                                         {"s", 1'000'000'000},
                                         {"m", 60'000'000'000},
                                         {"h", 3'600'000'000'000}}};

// "1.5h" from the front of `text`, in nanoseconds; exact but for the fraction, as in Go.
tl::expected<std::uint64_t, Unread> take_part(std::string_view& text) {
  const auto take_digits = [&text] {
    const std::size_t count = std::min(text.find_first_not_of(kDigits), text.size());
    const std::string_view digits = text.substr(0, count);
    text.remove_prefix(count);
    return digits;
  };
  const std::string_view whole = take_digits();
  std::string_view fraction;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = take_digits();
  }
  if (whole.empty() && fraction.empty()) return no_number();
  const std::string_view name = text.substr(0, text.find_first_of("0123456789."));
  const auto* unit = std::find_if(kUnits.begin(), kUnits.end(),
                                  [name](const Unit& each) { return each.name == name; });
  if (unit == kUnits.end()) return no_number();
  text.remove_prefix(name.size());

  std::uint64_t number = 0;
  if (!whole.empty() &&
      std::from_chars(whole.data(), whole.data() + whole.size(), number).ec != std::errc{}) {
    return out_of_range();
  }
  if (number > kMost / unit->length) return out_of_range();
  number *= unit->length;
  double scale = static_cast<double>(unit->length);
  double part = 0;
  for (const char digit : fraction) {
    scale /= 10;
    part += scale * (digit - '0');
  }
  // Rounded: a tenth has no exact value here.
  number += static_cast<std::uint64_t>(std::llround(part));
  if (number > kMost) return out_of_range();
  return number;
}

Span read_units(std::string_view text) {
  const bool minus = take_minus(text);
  if (text.empty()) return no_number();
  std::uint64_t total = 0;
  while (!text.empty()) {
    const auto part = take_part(text);
    if (!part) return tl::unexpected(part.error());
    if (*part > kMost - total) return out_of_range();
    total += *part;
  }
  const auto signed_total = static_cast<std::int64_t>(total);
  return conn::Duration(minus ? -signed_total : signed_total);
}

}  // namespace

Whole whole_of(double number) {
  if (!(std::trunc(number) == number)) return no_number();
  // The doubles next to the ends of the range are whole numbers.
  if (!(number >= -0x1p63 && number < 0x1p63)) return out_of_range();
  return static_cast<std::int64_t>(number);
}

Whole read_whole(std::string_view text) {
  text = conn::trimmed(text);
  if (text.empty()) return 0;
  const bool minus = take_minus(text);
  std::string_view rest = text;
  const int base = take_base(rest);
  const bool has_prefix = rest.size() < text.size();
  const auto plain = without_underscores(rest, has_prefix);
  if (!plain || plain->empty()) return no_number();
  const std::string& digits = *plain;
  if (base == 10 && digits.find_first_not_of(kDigits) != std::string::npos) {
    const bool begins = kDigits.find(digits.front()) != std::string_view::npos ||
                        digits.front() == '.';  // else "inf" were one
    return begins ? read_fraction(digits, minus) : no_number();
  }
  std::uint64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [read, error] = std::from_chars(digits.data(), end, number, base);
  if (read != end) return no_number();
  if (error == std::errc::result_out_of_range) return out_of_range();
  if (error != std::errc{}) return no_number();
  return with_sign(number, minus);
}

std::optional<bool> read_bool(std::string_view text) {
  static constexpr std::array<std::string_view, 6> kTrue = {"true", "TRUE", "True", "1", "t", "T"};
  static constexpr std::array<std::string_view, 7> kFalse = {"false", "FALSE", "False", "0",
                                                             "f",     "F",     ""};
  text = conn::trimmed(text);
  if (std::find(kTrue.begin(), kTrue.end(), text) != kTrue.end()) return true;
  if (std::find(kFalse.begin(), kFalse.end(), text) != kFalse.end()) return false;
  return std::nullopt;
}

Span read_duration(std::string_view text) {
  text = conn::trimmed(text);
  const auto number = read_whole(text);
  if (number) return conn::Duration(*number);
  const auto span = read_units(text);
  if (!span && number.error() == Unread::out_of_range) return out_of_range();
  return span;
}

std::optional<conn::Duration> parse_duration(std::string_view text) {
  if (text == "0" || text == "+0" || text == "-0") return conn::Duration(0);
  const auto span = read_units(text);
  if (!span || *span < conn::Duration(0)) return std::nullopt;
  return *span;
}

}  // namespace peerage::cmd
