#include "cmd/status/go_json.h"

#include <array>
#include <charconv>
#include <cstddef>

namespace peerage::cmd {
namespace {

constexpr char kLowerDigits[] = "0123456789abcdef";
constexpr char kUpperDigits[] = "0123456789ABCDEF";

// Printable ASCII that stands for itself, also inside HTML.
constexpr bool is_plain(unsigned char c) {
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

constexpr auto kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t i = 0; i < plain.size(); ++i) plain[i] = is_plain(static_cast<unsigned char>(i));
  return plain;
}();

bool in_range(std::string_view text, std::size_t at, unsigned char least, unsigned char most) {
  if (at >= text.size()) return false;
  const auto byte = static_cast<unsigned char>(text[at]);
  return byte >= least && byte <= most;
}

// Bytes of the character beyond ASCII at the beginning of `text`; 0: it is not valid. The second
// byte decides: no overlong form, no surrogate, nothing beyond U+10FFFF (Unicode, table 3-7).
std::size_t length_of_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const auto follows = [text](std::size_t at) { return in_range(text, at, 0x80, 0xbf); };
  if (lead >= 0xc2 && lead <= 0xdf) return follows(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const unsigned char least = lead == 0xe0 ? 0xa0 : 0x80;
    const unsigned char most = lead == 0xed ? 0x9f : 0xbf;
    return in_range(text, 1, least, most) && follows(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const unsigned char least = lead == 0xf0 ? 0x90 : 0x80;
    const unsigned char most = lead == 0xf4 ? 0x8f : 0xbf;
    return in_range(text, 1, least, most) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

void escape_ascii(std::string& into, unsigned char c) {
  switch (c) {
    case '"':
    case '\\':
      into += '\\';
      into += static_cast<char>(c);
      return;
    case '\b':
      into += "\\b";
      return;
    case '\f':
      into += "\\f";
      return;
    case '\n':
      into += "\\n";
      return;
    case '\r':
      into += "\\r";
      return;
    case '\t':
      into += "\\t";
      return;
    default:
      into += "\\u00";
      into += kLowerDigits[c >> 4];
      into += kLowerDigits[c & 15];
  }
}

// Takes the first character of `text`, which is not plain, and returns its bytes.
std::size_t escape(std::string& into, std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) {
    escape_ascii(into, lead);
    return 1;
  }
  const std::size_t length = length_of_character(text);
  const std::string_view character = text.substr(0, length);
  if (length == 0) {
    into += "\\ufffd";
    return 1;
  }
  // Ends of lines for JavaScript, which JSON was once read with.
  if (character == "\u2028" || character == "\u2029") {
    into += character == "\u2028" ? "\\u2028" : "\\u2029";
  } else {
    into += character;
  }
  return length;
}

template <typename Number>
std::string_view digits_of(Number value, std::array<char, 24>& space) {
  const auto end = std::to_chars(space.data(), space.data() + space.size(), value).ptr;
  return {space.data(), static_cast<std::size_t>(end - space.data())};
}

}  // namespace

void GoJson::separate() {
  if (follows_) text_ += ',';
  follows_ = true;
}

void GoJson::begin(char bracket) {
  separate();
  text_ += bracket;
  follows_ = false;
}

void GoJson::end(char bracket) {
  text_ += bracket;
  follows_ = true;
}

GoJson& GoJson::key(std::string_view name) {
  quoted(name);
  text_ += ':';
  follows_ = false;
  return *this;
}

void GoJson::quoted(std::string_view plain) {
  separate();
  text_ += '"';
  text_ += plain;
  text_ += '"';
}

void GoJson::string(std::string_view text) {
  separate();
  text_ += '"';
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && kPlain[static_cast<unsigned char>(text[plain])]) ++plain;
    text_ += text.substr(0, plain);
    text.remove_prefix(plain);
    if (!text.empty()) text.remove_prefix(escape(text_, text));
  }
  text_ += '"';
}

void GoJson::int64(std::int64_t value) {
  std::array<char, 24> space;
  quoted(digits_of(value, space));
}

void GoJson::uint64(std::uint64_t value) {
  std::array<char, 24> space;
  quoted(digits_of(value, space));
}

void GoJson::number(std::int64_t value) {
  std::array<char, 24> space;
  raw(digits_of(value, space));
}

void GoJson::boolean(bool value) {
  raw(value ? "true" : "false");
}

void GoJson::time(conn::Timestamp time) {
  quoted(conn::rfc3339_text(time));
}

void GoJson::hex(conn::ByteView bytes) {
  separate();
  text_ += '"';
  for (const std::uint8_t byte : bytes) {
    text_ += kUpperDigits[byte >> 4];
    text_ += kUpperDigits[byte & 15];
  }
  text_ += '"';
}

void GoJson::base64(conn::ByteView bytes) {
  quoted(conn::to_base64(bytes));
}

void GoJson::raw(std::string_view json) {
  separate();
  text_ += json;
}

}  // namespace peerage::cmd
