// Server-sent events as bytes: the text of an event, and the chunks that carry it.
//
// Source: HTML Living Standard, 9.2 (text/event-stream); RFC 9112, 7.1 (chunks).
// Threads: pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace peerage::cmd {

// How long a client waits before it connects again.
inline constexpr std::chrono::milliseconds kEventRetry{5'000};

// "retry: 5000" and an empty line: the beginning of each stream.
std::string event_stream_beginning();
// "event", "id" and, for each line of the data, a "data" line. A name ends at a line's end.
std::string event_text(std::string_view event, std::string_view data, std::uint64_t id);
// A comment, which says that the stream lives.
std::string_view event_comment() noexcept;

// One chunk of a body with Transfer-Encoding: chunked; the text is not empty.
std::string as_chunk(std::string_view text);

}  // namespace peerage::cmd
