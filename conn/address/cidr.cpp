#include "conn/address/cidr.h"

#include <algorithm>
#include <charconv>

namespace peerage::conn {
namespace {

unsigned width_of(const IpAddress& ip) {
  return ip.is_v4() ? 32 : 128;
}

}  // namespace

Cidr::Cidr(const IpAddress& ip, unsigned bits)
    : base_(ip.masked(std::min(bits, width_of(ip)))), bits_(std::min(bits, width_of(ip))) {}

Result<Cidr> Cidr::parse(std::string_view text) {
  const auto bad = [text](const char* why) {
    return fail(Stage::configuration, Reason::invalid_argument,
                "\"" + printable(text, 64) + "\": " + why);
  };
  const std::size_t slash = text.find('/');
  const auto ip = IpAddress::parse(text.substr(0, slash));
  if (!ip) return bad("not an IP address or network");
  if (slash == std::string_view::npos) return Cidr(*ip);
  const std::string_view digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error != std::errc{} || end != digits.data() + digits.size() || bits > width_of(*ip)) {
    return bad("the number of bits is wrong");
  }
  const Cidr cidr(*ip, bits);
  if (cidr.base_ != *ip) return bad("the address has bits beyond the network's");
  return cidr;
}

std::string Cidr::to_string() const {
  if (bits_ == width_of(base_)) return base_.to_string();
  return base_.to_string() + "/" + std::to_string(bits_);
}

bool Cidr::contains(const IpAddress& ip) const noexcept {
  if (base_.is_v4()) {
    const IpAddress within = ip.carried();
    return within.is_v4() && within.masked(bits_) == base_;
  }
  return !ip.is_v4() && ip.masked(bits_) == base_;
}

bool Cidr::overlaps(const Cidr& other) const noexcept {
  return contains(other.base_) || other.contains(base_);
}

const std::vector<Cidr>& private_networks() {
  static const std::vector<Cidr> kNetworks = [] {
    std::vector<Cidr> list;
    for (const char* text : {"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
                             "169.254.0.0/16", "::1", "fc00::/7", "fe80::/10"}) {
      list.push_back(*Cidr::parse(text));
    }
    return list;
  }();
  return kNetworks;
}

bool any_contains(const std::vector<Cidr>& networks, const IpAddress& ip) noexcept {
  return std::any_of(networks.begin(), networks.end(),
                     [&ip](const Cidr& network) { return network.contains(ip); });
}

Cidr host_network(const IpAddress& ip) noexcept {
  const IpAddress within = ip.carried();
  return Cidr(within, within.is_v4() ? 32 : 64);
}

IpAddress host_of(const IpAddress& ip) noexcept {
  return host_network(ip).base();
}

Cidr neighbourhood_network(const IpAddress& ip) noexcept {
  const IpAddress within = ip.carried();
  return Cidr(within, within.is_v4() ? 24 : 48);
}

IpAddress neighbourhood_of(const IpAddress& ip) noexcept {
  return neighbourhood_network(ip).base();
}

}  // namespace peerage::conn
