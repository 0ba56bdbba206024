#include "cmd/config/setting_value.h"

#include <algorithm>
#include <array>
#include <concepts>
#include <limits>
#include <utility>

#include "conn/base/bytes.h"
#include "conn/base/split_list.h"

namespace peerage::cmd {
namespace {

std::string quoted(std::string_view text) {
  return "\"" + conn::printable(text, 128) + "\"";
}

template <std::unsigned_integral T>
void set_number(T& into, std::string_view text, const Complain& complain) {
  static constexpr auto kMost = std::min<std::uint64_t>(std::numeric_limits<T>::max(),
                                                        std::numeric_limits<std::int64_t>::max());
  const auto number = read_whole(text);
  const bool fits = number ? *number >= 0 && static_cast<std::uint64_t>(*number) <= kMost
                           : number.error() == Unread::no_number;
  if (!fits) return complain("is out of range: 0 to " + std::to_string(kMost));
  if (!number) return complain("must be a whole number, not " + quoted(text));
  into = static_cast<T>(*number);
}

// Mistakes of a list that are reported one by one.
constexpr std::size_t kMaxMistakes = 20;

// Reads each entry by `parse`, which gives nothing for one that is wrong, and then complains.
template <typename T, typename Parse>
void set_list(std::vector<T>& into, std::string_view text, const Complain& complain,
              const Parse& parse) {
  std::vector<T> entries;
  std::size_t mistakes = 0;
  for (const std::string_view entry : conn::split_list(text)) {
    std::optional<T> value = parse(entry);
    if (value) {
      entries.push_back(std::move(*value));
    } else if (++mistakes == kMaxMistakes) {
      complain("has too many mistakes; the rest is not read");
      break;
    }
  }
  into = std::move(entries);
}

template <typename T>
std::string list_text(const std::vector<T>& list) {
  std::string text;
  for (const T& each : list) text += (text.empty() ? "" : ",") + each.to_string();
  return text;
}

}  // namespace

void set_value(std::string& into, std::string_view text, const Complain&) {
  into = text;
}

void set_value(bool& into, std::string_view text, const Complain& complain) {
  const auto flag = read_bool(text);
  if (!flag) return complain("must be true or false, not " + quoted(text));
  into = *flag;
}

void set_value(std::uint32_t& into, std::string_view text, const Complain& complain) {
  set_number(into, text, complain);
}
void set_value(std::uint64_t& into, std::string_view text, const Complain& complain) {
  set_number(into, text, complain);
}
void set_value(std::optional<std::uint32_t>& into, std::string_view text,
               const Complain& complain) {
  if (conn::trimmed(text).empty()) {
    into.reset();
    return;
  }
  bool fine = true;
  std::uint32_t number = 0;
  set_number(number, text, [&](const std::string& what) {
    fine = false;
    complain(what);
  });
  if (fine) into = number;
}

void set_value(conn::Duration& into, std::string_view text, const Complain& complain) {
  const auto duration = read_duration(text);
  if (!duration && duration.error() == Unread::out_of_range) {
    return complain("is out of range: durations end at 292 years");
  }
  if (!duration) {
    return complain("must be a duration such as \"10s\" or \"1h30m\", not " + quoted(text));
  }
  if (*duration < conn::Duration(0)) return complain("must not be negative");
  into = *duration;
}

void set_value(std::vector<conn::HostAddress>& into, std::string_view text,
               const Complain& complain) {
  set_list(into, text, complain, [&complain](std::string_view entry) {
    auto address = conn::HostAddress::parse(entry);
    if (address) return std::optional(std::move(*address));
    std::string what = address.error().detail;
    if (what.find("ID@HOST:PORT") == std::string::npos) what += " (the form is ID@HOST:PORT)";
    complain(what);
    return std::optional<conn::HostAddress>();
  });
}

void set_value(std::vector<conn::NodeId>& into, std::string_view text, const Complain& complain) {
  set_list(into, text, complain, [&complain](std::string_view entry) {
    const auto id = conn::NodeId::parse(entry);
    if (id) return std::optional(*id);
    const std::string_view before_at = entry.substr(0, entry.find('@'));
    if (before_at.size() < entry.size() && conn::NodeId::parse(before_at)) {
      complain(quoted(entry) + " is an address; here the ID alone is wanted: " + quoted(before_at));
    } else {
      complain(quoted(entry) + " is no node ID: that is 40 hex digits");
    }
    return std::optional<conn::NodeId>();
  });
}

void set_value(std::vector<conn::Cidr>& into, std::string_view text, const Complain& complain) {
  set_list(into, text, complain, [&complain](std::string_view entry) {
    const auto network = conn::Cidr::parse(entry);
    if (network) return std::optional(*network);
    complain(quoted(entry) + " is no network such as 203.0.113.0/24 or 2001:db8::/32");
    return std::optional<conn::Cidr>();
  });
}

void set_value(std::vector<std::string>& into, std::string_view text, const Complain&) {
  const auto entries = conn::split_list(text);
  into.assign(entries.begin(), entries.end());
}

std::string setting_text(const std::string& value) {
  return value;
}
std::string setting_text(bool value) {
  return value ? "true" : "false";
}
std::string setting_text(std::uint32_t value) {
  return std::to_string(value);
}
std::string setting_text(std::uint64_t value) {
  return std::to_string(value);
}
std::string setting_text(const std::optional<std::uint32_t>& value) {
  return value ? std::to_string(*value) : "";
}

// "1m30s": parse_duration gives the same again.
std::string setting_text(conn::Duration value) {
  static constexpr std::array<std::pair<std::string_view, conn::Duration>, 6> kUnits = {
      {{"h", std::chrono::hours(1)},
       {"m", std::chrono::minutes(1)},
       {"s", std::chrono::seconds(1)},
       {"ms", std::chrono::milliseconds(1)},
       {"us", std::chrono::microseconds(1)},
       {"ns", std::chrono::nanoseconds(1)}}};
  std::string text;
  for (const auto& [unit, length] : kUnits) {
    if (value >= length) text += std::to_string(value / length) + std::string(unit);
    value %= length;
  }
  return text.empty() ? "0s" : text;
}

std::string setting_text(const std::vector<conn::HostAddress>& value) {
  return list_text(value);
}
std::string setting_text(const std::vector<conn::NodeId>& value) {
  return list_text(value);
}
std::string setting_text(const std::vector<conn::Cidr>& value) {
  return list_text(value);
}
std::string setting_text(const std::vector<std::string>& value) {
  std::string text;
  for (const std::string& each : value) text.append(text.empty() ? "" : ",").append(each);
  return text;
}

}  // namespace peerage::cmd
