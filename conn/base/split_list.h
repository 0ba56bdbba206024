// The lists that operators write: addresses, IDs, networks, chain IDs, log levels.
//
// Commas separate entries, and so does white space, beside commas and alone: networks publish their
// seeds one to a line, and a variable often has a line's end. Empty entries are skipped. White
// space is that of ASCII, and what comes along unseen when text is copied from a page or an editor:
// the Unicode spaces, those of no width, and the byte order mark. No entry of a list has any of it
// inside.
//
// Threads: pure functions.
#pragma once

#include <string_view>
#include <vector>

namespace peerage::conn {

// The entries, in order. They point into `text`.
std::vector<std::string_view> split_list(std::string_view text);

// Without the white space at its ends. Points into `text`.
std::string_view trimmed(std::string_view text) noexcept;

// Bytes of the white space character that `text` begins with; 0: it begins with none.
std::size_t space_at(std::string_view text) noexcept;

}  // namespace peerage::conn
