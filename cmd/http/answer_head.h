// The head of an answer as bytes, and what of the request decides on it.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cmd/http/message.h"
#include "conn/base/time.h"

namespace peerage::cmd {

// Whether an Accept-Encoding takes gzip: by its name or by "*", and not with a weight of 0.
bool accepts_gzip(std::string_view accept_encoding) noexcept;

// "OK"; empty for a status that has no name here.
std::string_view reason_phrase(unsigned status) noexcept;

// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(conn::WallTime time);

// A name is a token, and a value is on one line, without control characters.
bool is_header(std::string_view name, std::string_view value) noexcept;

// How the body comes: of that many bytes, by chunks, until the connection ends, or not at all
// (statuses that have none).
struct BodyForm {
  enum class Kind : std::uint8_t { sized, chunked, until_end, none } kind = Kind::sized;
  std::size_t bytes = 0;
  enum class Encoding : std::uint8_t { plain, gzip } encoding = Encoding::plain;
};
enum class AfterAnswer : std::uint8_t { keep_alive, close };

// With the empty line. Nothing when one of the answer's headers is none (is_header), or is one that
// the server makes itself.
std::optional<std::string> answer_head(const HttpAnswer& answer, const BodyForm& body,
                                       AfterAnswer after, std::string_view date);

}  // namespace peerage::cmd
