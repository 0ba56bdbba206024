#include "cmd/http/event_stream.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace peerage::cmd {
namespace {

constexpr std::string_view kLineEnds = "\r\n";

void append_line(std::string& text, std::string_view name, std::string_view value) {
  text += name;
  text += ": ";
  text += value;
  text += '\n';
}

// The line at the front of `text`, which is removed with its end: \n, \r\n or \r.
std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find_first_of(kLineEnds));
  text.remove_prefix(line.size());
  const std::size_t end = text.starts_with("\r\n") ? 2 : 1;
  text.remove_prefix(std::min(end, text.size()));
  return line;
}

}  // namespace

std::string event_stream_beginning() {
  return "retry: " + std::to_string(kEventRetry.count()) + "\n\n";
}

std::string event_text(std::string_view event, std::string_view data, std::uint64_t id) {
  std::string text;
  text.reserve(data.size() + event.size() + 48);
  append_line(text, "event", take_line(event));
  append_line(text, "id", std::to_string(id));
  do append_line(text, "data", take_line(data));
  while (!data.empty());
  text += '\n';
  return text;
}

std::string_view event_comment() noexcept {
  return ":\n\n";
}

std::string as_chunk(std::string_view text) {
  std::array<char, 16> digits{};
  const auto [end, _] =
      std::to_chars(digits.data(), digits.data() + digits.size(), text.size(), 16);
  std::string chunk;
  chunk.reserve(text.size() + 20);
  chunk.append(digits.data(), end);
  chunk += "\r\n";
  chunk += text;
  chunk += "\r\n";
  return chunk;
}

}  // namespace peerage::cmd
