// Numbers, booleans and durations as a comet node's configuration has them, in quotes or not: text
// that holds one is one, and no text at all is the zero of its kind.
//
// Whole numbers may be hexadecimal (0x), octal (0o, or a leading 0) or binary (0b), have
// underscores between digits, and be written as a fraction or power of ten that is a whole number
// (5.12e6).
//
// Source: mapstructure's weak decoding, as viper asks for it; Go's strconv.ParseInt (base 0),
// strconv.ParseBool and time.ParseDuration. Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <tl/expected.hpp>

#include "conn/runtime/runtime.h"

namespace peerage::cmd {

enum class Unread : std::uint8_t { no_number, out_of_range };

// "": 0.
tl::expected<std::int64_t, Unread> read_whole(std::string_view text);

// The same of a number that has been read already.
tl::expected<std::int64_t, Unread> whole_of(double number);

// 1, t, T, TRUE, true, True and their opposites; "": false.
std::optional<bool> read_bool(std::string_view text);

// A duration, or a whole number of nanoseconds; "": 0.
tl::expected<conn::Duration, Unread> read_duration(std::string_view text);

// A duration of the command line, which has units and is not negative: "300ms", "1.5h", "2h45m",
// "1µs", "0".
std::optional<conn::Duration> parse_duration(std::string_view text);

}  // namespace peerage::cmd
