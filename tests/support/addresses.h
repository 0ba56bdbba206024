// IP addresses and networks from text that a test has written, and so is right.
#pragma once

#include <string_view>

#include "conn/address/cidr.h"
#include "conn/address/ip_address.h"

namespace peerage::test {

conn::IpAddress ip(std::string_view text);
conn::Cidr network(std::string_view text);

}  // namespace peerage::test
