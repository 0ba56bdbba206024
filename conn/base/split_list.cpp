#include "conn/base/split_list.h"

#include <cstdint>

namespace peerage::conn {
namespace {

constexpr std::size_t kLongestSpace = 3;  // bytes of one in UTF-8

bool is_space(std::uint32_t point) {
  return (point >= 0x09 && point <= 0x0d) || point == 0x20 || point == 0x85 || point == 0xa0 ||
         (point >= 0x2000 && point <= 0x200d) || point == 0x2028 || point == 0x2029 ||
         point == 0x202f || point == 0x205f || point == 0x2060 || point == 0x3000 ||
         point == 0xfeff;
}

}  // namespace

std::size_t space_at(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
  };
  const auto follows = [&byte](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const auto six = [&byte](std::size_t i) { return std::uint32_t{byte(i)} & 0x3f; };
  if (byte(0) < 0x80) return is_space(byte(0)) ? 1 : 0;
  if ((byte(0) & 0xe0) == 0xc0 && follows(1)) {
    return is_space((std::uint32_t{byte(0)} & 0x1f) << 6 | six(1)) ? 2 : 0;
  }
  if ((byte(0) & 0xf0) == 0xe0 && follows(1) && follows(2)) {
    return is_space((std::uint32_t{byte(0)} & 0x0f) << 12 | six(1) << 6 | six(2)) ? 3 : 0;
  }
  return 0;
}

std::string_view trimmed(std::string_view text) noexcept {
  while (const std::size_t space = space_at(text)) text.remove_prefix(space);
  for (std::size_t length = 1; length <= kLongestSpace && length <= text.size();) {
    if (space_at(text.substr(text.size() - length)) == length) {
      text.remove_suffix(length);
      length = 1;
    } else {
      ++length;
    }
  }
  return text;
}

std::vector<std::string_view> split_list(std::string_view text) {
  std::vector<std::string_view> entries;
  while (!text.empty()) {
    std::size_t end = 0, separator = 0;
    for (; end < text.size(); ++end) {
      separator = text[end] == ',' ? 1 : space_at(text.substr(end));
      if (separator > 0) break;
    }
    if (end > 0) entries.push_back(text.substr(0, end));
    text.remove_prefix(end + separator);
  }
  return entries;
}

}  // namespace peerage::conn
