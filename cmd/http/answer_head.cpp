#include "cmd/http/answer_head.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstdio>

namespace peerage::cmd {
namespace {

bool equal_words(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

std::string_view trimmed(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The part before the next `separator`, which is removed with it.
std::string_view take_part(std::string_view& text, char separator) noexcept {
  const std::string_view part = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return trimmed(part);
}

// "q=0", "q=0.000".
bool is_zero_weight(std::string_view parameter) noexcept {
  if (parameter.size() < 3 || !equal_words(parameter.substr(0, 2), "q=")) return false;
  return parameter.find_first_not_of("0.", 2) == std::string_view::npos;
}

bool of_a_token(char c) noexcept {
  static constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         kOthers.find(c) != std::string_view::npos;
}

bool of_a_value(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return c == '\t' || (byte >= 0x20 && byte != 0x7f);
}

bool is_of_the_server(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 6> kOurs = {
      "content-length", "transfer-encoding", "connection",
      "date",           "content-encoding",  "x-content-type-options"};
  return std::any_of(kOurs.begin(), kOurs.end(),
                     [&](std::string_view each) { return equal_words(each, name); });
}

void append(std::string& head, std::string_view name, std::string_view value) {
  head += name;
  head += ": ";
  head += value;
  head += "\r\n";
}

void append_form(std::string& head, const BodyForm& body) {
  switch (body.kind) {
    case BodyForm::Kind::sized:
      append(head, "Content-Length", std::to_string(body.bytes));
      break;
    case BodyForm::Kind::chunked:
      append(head, "Transfer-Encoding", "chunked");
      break;
    case BodyForm::Kind::until_end:
    case BodyForm::Kind::none:
      break;
  }
  if (body.encoding == BodyForm::Encoding::gzip) append(head, "Content-Encoding", "gzip");
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) noexcept {
  bool any = false;
  while (!accept_encoding.empty()) {
    std::string_view entry = take_part(accept_encoding, ',');
    const std::string_view coding = take_part(entry, ';');
    const bool refused = is_zero_weight(trimmed(entry));
    if (equal_words(coding, "gzip") || equal_words(coding, "x-gzip")) return !refused;
    if (coding == "*") any = !refused;
  }
  return any;
}

std::string_view reason_phrase(unsigned status) noexcept {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

std::string http_date(conn::WallTime time) {
  static constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  std::array<char, 64> text{};
  const int size = std::snprintf(
      text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
      kDays.at(std::chrono::weekday(day).c_encoding()), static_cast<unsigned>(date.day()),
      kMonths.at(static_cast<unsigned>(date.month()) - 1), static_cast<int>(date.year()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

bool is_header(std::string_view name, std::string_view value) noexcept {
  return !name.empty() && std::all_of(name.begin(), name.end(), of_a_token) &&
         std::all_of(value.begin(), value.end(), of_a_value);
}

std::optional<std::string> answer_head(const HttpAnswer& answer, const BodyForm& body,
                                       AfterAnswer after, std::string_view date) {
  std::string head = "HTTP/1.1 " + std::to_string(answer.status) + ' ';
  head += reason_phrase(answer.status);
  head += "\r\n";
  append(head, "Date", date);
  if (body.kind != BodyForm::Kind::none && !answer.content_type.empty()) {
    if (!is_header("Content-Type", answer.content_type)) return std::nullopt;
    append(head, "Content-Type", answer.content_type);
  }
  append_form(head, body);
  append(head, "X-Content-Type-Options", "nosniff");
  if (answer.gzip) append(head, "Vary", "Accept-Encoding");
  if (after == AfterAnswer::close) append(head, "Connection", "close");
  for (const auto& [name, value] : answer.headers) {
    if (!is_header(name, value) || is_of_the_server(name)) return std::nullopt;
    append(head, name, value);
  }
  head += "\r\n";
  return head;
}

}  // namespace peerage::cmd
