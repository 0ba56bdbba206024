#include "conn/address/ip_address.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <initializer_list>
#include <system_error>

namespace peerage::conn {
namespace {

constexpr ByteArray<12> kV4Prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// Whether the first `bits` bits of `bytes` are those of `prefix`.
bool has_prefix(ByteView bytes, std::initializer_list<std::uint8_t> prefix, unsigned bits) {
  const std::uint8_t* wanted = prefix.begin();
  for (std::size_t i = 0; bits > 0; ++i) {
    const unsigned here = std::min(bits, 8u);
    const auto mask = static_cast<std::uint8_t>(0xff << (8 - here));
    if ((bytes[i] & mask) != (wanted[i] & mask)) return false;
    bits -= here;
  }
  return true;
}

// A decimal octet or a group of up to four hex digits, at the front of `text`, which it shortens.
std::optional<unsigned> take_number(std::string_view& text, int base, std::size_t max_digits) {
  unsigned value = 0;
  const std::size_t limit = std::min(text.size(), max_digits);
  const auto [end, error] = std::from_chars(text.data(), text.data() + limit, value, base);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::optional<ByteArray<4>> parse_v4(std::string_view text) {
  ByteArray<4> octets;
  for (std::size_t i = 0; i < 4; ++i) {
    if (i > 0) {
      if (text.empty() || text.front() != '.') return std::nullopt;
      text.remove_prefix(1);
    }
    const bool leading_zero = text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
    const auto value = take_number(text, 10, 3);
    if (!value || *value > 255 || leading_zero) return std::nullopt;
    octets[i] = static_cast<std::uint8_t>(*value);
  }
  if (!text.empty()) return std::nullopt;
  return octets;
}

// RFC 4291 section 2.2: groups, at most one "::", and possibly an IPv4 address at the end.
std::optional<ByteArray<16>> parse_v6(std::string_view text) {
  ByteArray<16> bytes{};
  std::size_t filled = 0;
  std::optional<std::size_t> gap;
  if (text.substr(0, 2) == "::") {
    gap = 0;
    text.remove_prefix(2);
    if (text.empty()) return bytes;
  }
  while (true) {
    if (filled == 16) return std::nullopt;
    const std::string_view group = text;
    const auto value = take_number(text, 16, 4);
    if (!value) return std::nullopt;
    if (!text.empty() && text.front() == '.') {
      const auto v4 = parse_v4(group);
      if (!v4 || filled > 12) return std::nullopt;
      std::copy(v4->begin(), v4->end(), bytes.begin() + static_cast<std::ptrdiff_t>(filled));
      filled += 4;
      break;
    }
    bytes[filled++] = static_cast<std::uint8_t>(*value >> 8);
    bytes[filled++] = static_cast<std::uint8_t>(*value);
    if (text.empty()) break;
    if (text.front() != ':' || text.size() == 1) return std::nullopt;
    text.remove_prefix(1);
    if (text.front() == ':') {
      if (gap) return std::nullopt;
      gap = filled;
      text.remove_prefix(1);
      if (text.empty()) break;
    }
  }
  if (filled == 16) return gap ? std::nullopt : std::optional(bytes);
  if (!gap) return std::nullopt;
  std::rotate(bytes.begin() + static_cast<std::ptrdiff_t>(*gap),
              bytes.begin() + static_cast<std::ptrdiff_t>(filled), bytes.end());
  return bytes;
}

std::string dotted_quad(ByteView octets) {
  std::string text;
  for (const std::uint8_t octet : octets) {
    if (!text.empty()) text += '.';
    text += std::to_string(octet);
  }
  return text;
}

}  // namespace

IpAddress IpAddress::v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  IpAddress address;
  std::copy(kV4Prefix.begin(), kV4Prefix.end(), address.bytes_.begin());
  const ByteArray<4> octets = {a, b, c, d};
  std::copy(octets.begin(), octets.end(), address.bytes_.begin() + 12);
  return address;
}

IpAddress IpAddress::v6(const ByteArray<16>& bytes) {
  IpAddress address;
  address.bytes_ = bytes;
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.find(':') == std::string_view::npos) {
    const auto octets = parse_v4(text);
    if (!octets) return std::nullopt;
    return v4((*octets)[0], (*octets)[1], (*octets)[2], (*octets)[3]);
  }
  const auto bytes = parse_v6(text);
  if (!bytes) return std::nullopt;
  return v6(*bytes);
}

std::string IpAddress::to_string() const {
  if (is_v4()) return dotted_quad(ByteView(bytes_).subspan(12));
  std::array<unsigned, 8> groups;
  for (std::size_t i = 0; i < 8; ++i) groups[i] = bytes_[2 * i] << 8 | bytes_[2 * i + 1];
  // The longest run of at least two zero groups, the first of equals, becomes "::".
  std::size_t gap = 8, gap_size = 1;
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > gap_size) {
      gap = i;
      gap_size = end - i;
    }
  }
  std::string text;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == gap) {
      text += "::";
      i += gap_size - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    char digits[4];
    const auto written = std::to_chars(digits, digits + 4, groups[i], 16);
    text.append(digits, written.ptr);
  }
  return text;
}

bool IpAddress::is_v4() const noexcept {
  // By words: a book asks it of thousands of addresses at a time.
  std::uint64_t zeros = 0;
  std::uint32_t mark = 0, wanted = 0;
  std::memcpy(&zeros, bytes_.data(), sizeof(zeros));
  std::memcpy(&mark, bytes_.data() + sizeof(zeros), sizeof(mark));
  std::memcpy(&wanted, kV4Prefix.data() + sizeof(zeros), sizeof(wanted));
  return zeros == 0 && mark == wanted;
}

ByteArray<4> IpAddress::v4_bytes() const noexcept {
  return {bytes_[12], bytes_[13], bytes_[14], bytes_[15]};
}

bool IpAddress::rfc1918() const noexcept {
  const auto v4 = v4_bytes();
  return is_v4() && (has_prefix(v4, {10}, 8) || has_prefix(v4, {172, 16}, 12) ||
                     has_prefix(v4, {192, 168}, 16));
}
bool IpAddress::rfc3927() const noexcept {
  return is_v4() && has_prefix(v4_bytes(), {169, 254}, 16);
}
bool IpAddress::rfc3849() const noexcept {
  return has_prefix(bytes_, {0x20, 0x01, 0x0d, 0xb8}, 32);
}
bool IpAddress::rfc3964() const noexcept {
  return has_prefix(bytes_, {0x20, 0x02}, 16);
}
bool IpAddress::rfc4193() const noexcept {
  return has_prefix(bytes_, {0xfc}, 7);
}
bool IpAddress::rfc4380() const noexcept {
  return has_prefix(bytes_, {0x20, 0x01, 0, 0}, 32);
}
bool IpAddress::rfc4843() const noexcept {
  return has_prefix(bytes_, {0x20, 0x01, 0, 0x10}, 28);
}
bool IpAddress::rfc4862() const noexcept {
  return has_prefix(bytes_, {0xfe, 0x80, 0, 0, 0, 0, 0, 0}, 64);
}
bool IpAddress::rfc6052() const noexcept {
  return has_prefix(bytes_, {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0}, 96);
}
bool IpAddress::rfc6145() const noexcept {
  return has_prefix(bytes_, {0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0}, 96);
}
bool IpAddress::rfc5737() const noexcept {
  const auto v4 = v4_bytes();
  return is_v4() && (has_prefix(v4, {192, 0, 2}, 24) || has_prefix(v4, {198, 51, 100}, 24) ||
                     has_prefix(v4, {203, 0, 113}, 24));
}
bool IpAddress::rfc9637() const noexcept {
  return has_prefix(bytes_, {0x3f, 0xff, 0}, 20);
}
bool IpAddress::multicast() const noexcept {
  return is_v4() ? has_prefix(v4_bytes(), {224}, 4) : bytes_[0] == 0xff;
}
bool IpAddress::reserved() const noexcept {
  return is_v4() && has_prefix(v4_bytes(), {240}, 4);
}
bool IpAddress::onion_cat() const noexcept {
  return has_prefix(bytes_, {0xfd, 0x87, 0xd8, 0x7e, 0xeb, 0x43}, 48);
}

bool IpAddress::loopback() const noexcept {
  if (is_v4()) return bytes_[12] == 127;
  return bytes_ == ByteArray<16>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
}
bool IpAddress::local() const noexcept {
  return loopback() || (is_v4() && bytes_[12] == 0);
}
bool IpAddress::unspecified() const noexcept {
  return *this == IpAddress{} || *this == v4(0, 0, 0, 0);
}

bool IpAddress::valid() const noexcept {
  return !unspecified() && !rfc3849() && *this != v4(255, 255, 255, 255);
}
IpAddress IpAddress::carried() const noexcept {
  const auto at = [this](std::size_t i, std::uint8_t inverted = 0) {
    const auto octet = [&](std::size_t n) {
      return static_cast<std::uint8_t>(bytes_[i + n] ^ inverted);
    };
    return v4(octet(0), octet(1), octet(2), octet(3));
  };
  // Nearly all others are told by their first octet.
  if (bytes_[0] == 0) {
    static constexpr ByteArray<12> kCompatible{};
    // Nothing in 0/8 is a host; :: and ::1 are what they are.
    const bool compatible =
        bytes_[12] != 0 && std::equal(kCompatible.begin(), kCompatible.end(), bytes_.begin());
    return compatible || rfc6052() || rfc6145() ? at(12) : *this;
  }
  if (bytes_[0] != 0x20) return *this;
  if (rfc3964()) return at(2);
  // RFC 4380 section 4: the client's address is inverted, so that no NAT changes it.
  return rfc4380() ? at(12, 0xff) : *this;
}

namespace {

// A group as a number: what kind it is in the top byte, its bits below.
enum class GroupKind : std::uint8_t { slash_16 = 1, ipv6, tor, local, unroutable };
constexpr std::uint64_t group_of(GroupKind kind, std::uint64_t bits) {
  return static_cast<std::uint64_t>(kind) << 56 | bits;
}

}  // namespace

std::uint64_t IpAddress::group(Strict strict) const noexcept {
  if (strict == Strict::yes && local()) return group_of(GroupKind::local, 0);
  if (strict == Strict::yes && !routable()) return group_of(GroupKind::unroutable, 0);
  const auto slash_16 = [](unsigned a, unsigned b) {
    return group_of(GroupKind::slash_16, (a & 0xffu) << 8 | (b & 0xffu));
  };
  if (is_v4()) return slash_16(bytes_[12], bytes_[13]);
  if (const IpAddress within = carried(); within.is_v4()) {
    return slash_16(within.bytes_[12], within.bytes_[13]);
  }
  if (onion_cat()) return group_of(GroupKind::tor, bytes_[6] & 0x0fu);
  const bool hurricane_electric = has_prefix(bytes_, {0x20, 0x01, 0x04, 0x70}, 32);
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 4; ++i) bits = bits << 8 | bytes_[i];
  return group_of(GroupKind::ipv6, bits << 8 | (hurricane_electric ? bytes_[4] & 0xf0u : 0u));
}

std::string IpAddress::group_key(Strict strict) const {
  const std::uint64_t group = this->group(strict);
  const auto byte = [group](unsigned index) {
    return static_cast<std::uint8_t>(group >> (8 * index));
  };
  switch (static_cast<GroupKind>(group >> 56)) {
    case GroupKind::local:
      return "local";
    case GroupKind::unroutable:
      return "unroutable";
    case GroupKind::slash_16:
      return v4(byte(1), byte(0), 0, 0).to_string();
    case GroupKind::tor:
      return "tor:" + std::to_string(static_cast<unsigned>(byte(0)));
    case GroupKind::ipv6:
      break;
  }
  return v6({byte(4), byte(3), byte(2), byte(1), byte(0)}).to_string();
}

IpAddress IpAddress::masked(unsigned bits) const noexcept {
  IpAddress result = *this;
  const unsigned kept = is_v4() ? 96 + std::min(bits, 32u) : std::min(bits, 128u);
  const unsigned whole = kept / 8;  // bytes
  if (whole == result.bytes_.size()) return result;
  result.bytes_[whole] &= static_cast<std::uint8_t>(0xff << (8 - kept % 8));
  std::fill(result.bytes_.begin() + whole + 1, result.bytes_.end(), std::uint8_t{0});
  return result;
}

std::string Endpoint::to_string() const {
  const std::string host = ip.to_string();
  return (ip.is_v4() ? host : "[" + host + "]") + ":" + std::to_string(port);
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto ip = IpAddress::parse(host);
  // IPv6 needs its brackets, IPv4 has none.
  if (!ip || bracketed != (host.find(':') != std::string_view::npos)) return std::nullopt;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return Endpoint{*ip, port};
}

}  // namespace peerage::conn
