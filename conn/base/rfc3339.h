// Times as RFC 3339 has them, in the form that Go writes into JSON: with up to nine digits of
// fraction, trailing zeros cut, and "0001-01-01T00:00:00Z" for a time that was never set.
//
// Here a time is nanoseconds since 1970, and never is zero. What lies before 1970 is never; what
// lies beyond 2262 is the last time that can be said so.
//
// Source: Go time.Time.MarshalJSON and UnmarshalJSON (1.20 and later, which are strict).
// Threads: plain values.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace peerage::conn {

using Timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;
inline constexpr Timestamp kNoTimestamp{};

// Any offset from UTC: a Go node writes that of its machine. Nothing when it is no such time.
std::optional<Timestamp> parse_rfc3339(std::string_view text);
// In UTC.
std::string rfc3339_text(Timestamp time);

// Brought into the range of Timestamp.
Timestamp to_timestamp(std::chrono::sys_seconds time);

}  // namespace peerage::conn
