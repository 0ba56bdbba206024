#include "conn/runtime/interface_addresses.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

namespace peerage::conn {
namespace {

std::optional<IpAddress> ip_of(const sockaddr* address) {
  if (address == nullptr) return std::nullopt;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    ByteArray<4> bytes;
    std::memcpy(bytes.data(), &v4.sin_addr, bytes.size());
    return IpAddress::v4(bytes[0], bytes[1], bytes[2], bytes[3]);
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6{};
  std::memcpy(&v6, address, sizeof v6);
  ByteArray<16> bytes;
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  return IpAddress::v6(bytes);
}

}  // namespace

std::vector<InterfaceAddress> system_interface_addresses() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> list(first, &::freeifaddrs);
  std::vector<InterfaceAddress> found;
  for (const ifaddrs* each = first; each != nullptr; each = each->ifa_next) {
    const auto ip = ip_of(each->ifa_addr);
    if (ip && (each->ifa_flags & IFF_UP) != 0) found.push_back({each->ifa_name, *ip});
  }
  return found;
}

const InterfaceAddress* first_routable(const std::vector<InterfaceAddress>& addresses,
                                       const std::string& interface, AddressFamily family) {
  const auto found =
      std::find_if(addresses.begin(), addresses.end(), [&](const InterfaceAddress& each) {
        return each.ip.routable() && each.ip.is_v4() == (family == AddressFamily::v4) &&
               (interface.empty() || each.interface == interface);
      });
  return found == addresses.end() ? nullptr : &*found;
}

}  // namespace peerage::conn
