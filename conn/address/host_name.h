// Names of hosts, as far as their form goes: nothing is looked up.
//
// Threads: a pure function.
#pragma once

#include <string_view>

namespace peerage::conn {

// Labels of letters, digits, hyphens and (as seen in practice) underscores. Labels of nothing but
// digits are a misspelt IPv4 address ("1.2.3.04"), which a resolver might yet read as another one.
// A number as the last label alone is fine: container networks have names such as "node.1".
bool is_host_name(std::string_view text) noexcept;

}  // namespace peerage::conn
