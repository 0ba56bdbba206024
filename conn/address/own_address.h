// An address of this node itself, as `laddr` and `external_address` have it: host and port, and
// nothing that belongs to where peers are named or to a web address.
//
// Threads: a pure function.
#pragma once

#include <string_view>

#include "conn/address/net_address.h"
#include "conn/base/failure.h"

namespace peerage::conn {

// Of `[tcp://]HOST:PORT`; the host is an IP address (IPv6 in brackets) or a name, which is not
// looked up. The failure (address_malformed) says what is wrong, and which address is probably
// meant: "ID@203.0.113.9:26656", "https://HOST:26656/" and the like have one inside.
Result<HostPort> parse_own_address(std::string_view text);

}  // namespace peerage::conn
