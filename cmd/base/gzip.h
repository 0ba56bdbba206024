// Text compressed for HTTP's `Content-Encoding: gzip`: prepared once, sent many times.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace peerage::cmd {

// The same text always gives the same bytes: there is no time in them. Throws std::bad_alloc.
std::string gzip(std::string_view text);

}  // namespace peerage::cmd
