// IP addresses and networks from text that a test has written, and so is right; and node IDs.
#pragma once

#include <cstdint>
#include <string_view>

#include "conn/address/cidr.h"
#include "conn/address/ip_address.h"
#include "conn/address/node_id.h"

namespace peerage::test {

conn::IpAddress ip(std::string_view text);
conn::Cidr network(std::string_view text);
// Another for each number, in their order; no key belongs to it.
conn::NodeId numbered_id(std::uint32_t number);

}  // namespace peerage::test
