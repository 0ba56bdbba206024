// Fields of comma-separated values (RFC 4180) that are safe to open in a spreadsheet.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace peerage::cmd {

// Printable, and quoted when it must be. What a spreadsheet would take for a formula is marked as
// text by a leading apostrophe.
std::string csv_field(std::string_view raw);

}  // namespace peerage::cmd
