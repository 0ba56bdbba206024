// Any text as an address: what is accepted has one canonical form, and its classes do not
// contradict one another.
//
// Mutated text seldom stays an address, so the bytes are also taken as they are for an ID, an IP
// and a port: every address there is must survive being printed and read.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>

#include "conn/address/cidr.h"
#include "conn/address/net_address.h"
#include "tests/fuzz/fuzz_input.h"

using peerage::conn::ByteArray;
using peerage::conn::ByteView;
using peerage::conn::Endpoint;
using peerage::conn::Failure;
using peerage::conn::HostAddress;
using peerage::conn::IpAddress;
using peerage::conn::NetAddress;
using peerage::conn::NodeId;
using peerage::conn::Reason;
using peerage::fuzz::require;

namespace {

bool is_printable(std::string_view text) {
  for (const char c : text) {
    if (c < 0x20 || c >= 0x7f) return false;
  }
  return true;
}

void check_failure(const Failure& failure) {
  require(is_printable(failure.text()));
  require(failure.text().size() < 2048);
}

void check_ip(const IpAddress& ip) {
  require(IpAddress::parse(ip.to_string()) == ip);
  require(!ip.routable() || ip.valid());
  require(!ip.valid() || !ip.unspecified());
  require(!ip.loopback() || ip.local());
  require(!ip.local() || !ip.routable());
  const bool v4_class = ip.rfc1918() || ip.rfc3927();
  const bool v6_class = ip.rfc3849() || ip.rfc3964() || ip.rfc4193() || ip.rfc4380() ||
                        ip.rfc4843() || ip.rfc4862() || ip.rfc6052() || ip.rfc6145() ||
                        ip.onion_cat();
  require(!(ip.is_v4() ? v6_class : v4_class));
  require(ip.is_v4() == (ip.to_string().find(':') == std::string::npos));

  const std::string strict = ip.group_key(IpAddress::Strict::yes);
  const std::string lax = ip.group_key(IpAddress::Strict::no);
  require(!strict.empty() && !lax.empty());
  require(lax != "local" && lax != "unroutable");
  require((strict == "local" || strict == "unroutable") == !ip.routable() || ip.local());
  require(!ip.routable() || strict == lax);

  // What carries an IPv4 address is what that one is, and is counted as it.
  const IpAddress within = ip.carried();
  require(within == ip || (!ip.is_v4() && within.is_v4()));
  require(within.carried() == within);
  require(!ip.routable() || within.routable());
  require(within.group_key(IpAddress::Strict::no) == lax);
  require(peerage::conn::host_of(within) == peerage::conn::host_of(ip));
  const unsigned width = ip.is_v4() ? 32 : 128;
  require(ip.masked(width) == ip);
  require(ip.masked(width / 2).masked(width / 2) == ip.masked(width / 2));
}

void check_address(const NetAddress& address) {
  const std::string canonical = address.to_string();
#ifdef PEERAGE_PLANTED_BUG
  require(address.endpoint.port < 60000);
#endif
  const auto again = NetAddress::parse(canonical);
  require(again && *again == address);
  require(again->to_string() == canonical);
  require(std::hash<NetAddress>{}(*again) == std::hash<NetAddress>{}(address));
  require(Endpoint::parse(address.endpoint.to_string()) == address.endpoint);
  require(canonical == address.id.to_string() + "@" + address.endpoint.to_string());
  require(!address.routable() || address.valid());
  check_ip(address.endpoint.ip);
}

// The first 20 bytes are the ID, the next 16 the IP, the next 2 the port.
NetAddress address_of(ByteView input) {
  NetAddress address;
  ByteArray<NodeId::kBytes> id;
  std::copy_n(input.begin(), id.size(), id.begin());
  ByteArray<16> ip;
  std::copy_n(input.begin() + 20, ip.size(), ip.begin());
  address.id = NodeId(id);
  address.endpoint.ip = IpAddress::v6(ip);
  address.endpoint.port = static_cast<std::uint16_t>(input[36] << 8 | input[37]);
  return address;
}

void check_parse(std::string_view text) {
  const auto address = NetAddress::parse(text);
  const auto host = HostAddress::parse(text);
  if (!address) check_failure(address.error());
  if (!host) check_failure(host.error());
  // The two differ in names, and in nothing else.
  const bool is_name = !address && address.error().reason == Reason::address_is_a_name;
  require(host.has_value() == (address || is_name));
  if (address) check_address(*address);
  if (host) {
    const auto again = HostAddress::parse(host->to_string());
    require(again && *again == *host);
    require(is_name == !IpAddress::parse(host->host));
    require(is_printable(host->host));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_parse(text);
  if (const auto ip = IpAddress::parse(text)) check_ip(*ip);
  if (size >= 38) check_address(address_of({data, size}));
  const auto list = peerage::conn::parse_host_addresses(text);
  if (list) {
    // Printed and joined, it is the same list.
    std::string joined;
    for (const HostAddress& entry : *list) joined += entry.to_string() + ",";
    const auto again = peerage::conn::parse_host_addresses(joined);
    require(again && *again == *list);
  } else {
    check_failure(list.error());
  }
  if (const auto parts = peerage::conn::split_host_port(text)) {
    require(!parts->host.empty());
  } else {
    check_failure(parts.error());
  }
  return 0;
}
