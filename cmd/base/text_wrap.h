// Text in lines that break between words, and the width that all of them keep to.
//
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace peerage::cmd {

inline constexpr std::size_t kTextWidth = 80;  // columns of the narrowest usual terminal

// The words of `text`, in lines of at most `width` columns. The first begins where `used` columns
// are written already, each other with `indent` spaces. A word that is longer than a line breaks at
// its end. Without an end of line.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width = kTextWidth,
                    std::size_t used = 0);

}  // namespace peerage::cmd
