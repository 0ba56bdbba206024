// The addresses of this machine's network interfaces.
//
// Threads: any.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "conn/address/ip_address.h"

namespace peerage::conn {

struct InterfaceAddress {
  std::string interface;  // "eth0"
  IpAddress ip;
};

// What system_interface_addresses is, or what stands for it in a test.
using InterfaceAddresses = std::function<std::vector<InterfaceAddress>()>;

// Those that are up, in the system's order; none when it does not say.
std::vector<InterfaceAddress> system_interface_addresses();

// The first address of the family that the internet routes, of this interface (of any, when the
// name is empty).
enum class AddressFamily : std::uint8_t { v4, v6 };
const InterfaceAddress* first_routable(const std::vector<InterfaceAddress>& addresses,
                                       const std::string& interface, AddressFamily family);

}  // namespace peerage::conn
