// Whether the internet routes an address: one table, from IANA's registries of special-purpose
// addresses. What is in none of its rows is routed, if it is unicast at all.
//
// Sources:
//   https://www.iana.org/assignments/iana-ipv4-special-registry (2025-10-09)
//   https://www.iana.org/assignments/iana-ipv6-special-registry (2025-10-09)
//   https://www.iana.org/assignments/ipv6-address-space: 2000::/3 alone is global unicast
//   https://www.iana.org/assignments/multicast-addresses: 224.0.0.0/4
// "Globally Reachable" decides: true is routed; false, and the "N/A" of a deprecated range, is not.
// Ranges that carry an IPv4 address are not here: IpAddress::carried.
#include <algorithm>
#include <array>
#include <cstdint>

#include "conn/address/ip_address.h"

namespace peerage::conn {
namespace {

enum class Reach : std::uint8_t { nowhere, global };

// The first `bits` of the 32 of an IPv4 address, or of the first 64 of an IPv6 address.
template <typename Word>
struct Range {
  Word base;
  unsigned bits;
  Reach reach;

  constexpr Word mask() const {
    return bits == 0 ? Word{0} : static_cast<Word>(~Word{0} << (sizeof(Word) * 8 - bits));
  }
  constexpr bool contains(Word word) const { return (word & mask()) == base; }
};

constexpr std::uint32_t v4(unsigned a, unsigned b = 0, unsigned c = 0, unsigned d = 0) {
  return a << 24 | b << 16 | c << 8 | d;
}

// In both tables what lies within another range stands before it: the first that holds an address
// decides. Ranges that are routed stand here only where they lie within one that is not; the
// others (192.31.196.0/24, 192.52.193.0/24, 192.175.48.0/24, 2620:4f:8000::/48) need no row.
constexpr auto kV4 = std::to_array<Range<std::uint32_t>>({
    {v4(0), 8, Reach::nowhere},              // "this network", RFC 791
    {v4(10), 8, Reach::nowhere},             // private use, RFC 1918
    {v4(100, 64), 10, Reach::nowhere},       // shared by a provider's customers, RFC 6598
    {v4(127), 8, Reach::nowhere},            // loopback, RFC 1122
    {v4(169, 254), 16, Reach::nowhere},      // link-local, RFC 3927
    {v4(172, 16), 12, Reach::nowhere},       // private use, RFC 1918
    {v4(192, 0, 0, 9), 32, Reach::global},   // Port Control Protocol anycast, RFC 7723
    {v4(192, 0, 0, 10), 32, Reach::global},  // TURN anycast, RFC 8155
    {v4(192, 0, 0), 24, Reach::nowhere},     // IETF protocol assignments, RFC 6890
    {v4(192, 0, 2), 24, Reach::nowhere},     // documentation, RFC 5737
    {v4(192, 88, 99), 24, Reach::nowhere},   // 6to4 relay anycast, deprecated, RFC 7526
    {v4(192, 168), 16, Reach::nowhere},      // private use, RFC 1918
    {v4(198, 18), 15, Reach::nowhere},       // benchmarks, RFC 2544
    {v4(198, 51, 100), 24, Reach::nowhere},  // documentation, RFC 5737
    {v4(203, 0, 113), 24, Reach::nowhere},   // documentation, RFC 5737
    {v4(224), 4, Reach::nowhere},            // multicast, RFC 5771
    {v4(240), 4, Reach::nowhere},            // reserved, RFC 1112; broadcast, RFC 8190
});

constexpr std::uint64_t v6(unsigned a, unsigned b = 0, unsigned c = 0, unsigned d = 0) {
  return std::uint64_t{a} << 48 | std::uint64_t{b} << 32 | std::uint64_t{c} << 16 | d;
}

// Anycast addresses in 2001:1::/64, which the first 64 bits cannot tell: PCP (RFC 7723), TURN
// (RFC 8155), DNS-SD service registration (RFC 9665).
constexpr std::uint64_t kAnycastPrefix = v6(0x2001, 1);
constexpr std::uint64_t kFirstAnycast = 1, kLastAnycast = 3;

constexpr auto kV6 = std::to_array<Range<std::uint64_t>>({
    {v6(0x2001, 3), 32, Reach::global},         // AMT, RFC 7450
    {v6(0x2001, 4, 0x112), 48, Reach::global},  // AS112, RFC 7535
    {v6(0x2001, 0x20), 28, Reach::global},      // ORCHIDv2, RFC 7343
    {v6(0x2001, 0x30), 28, Reach::global},      // DRIP entity tags, RFC 9374
    // IETF protocol assignments, RFC 2928; within it benchmarks (2001:2::/48, RFC 5180) and the
    // first ORCHID (2001:10::/28, RFC 4843).
    {v6(0x2001), 23, Reach::nowhere},
    {v6(0x2001, 0xdb8), 32, Reach::nowhere},  // documentation, RFC 3849
    {v6(0x3fff), 20, Reach::nowhere},         // documentation, RFC 9637
    {v6(0x2000), 3, Reach::global},           // global unicast, RFC 4291
    // All others: loopback and unspecified (::1, ::), local NAT64 (64:ff9b:1::/48, RFC 8215),
    // discard-only (100::/64, RFC 6666), dummy (100:0:0:1::/64, RFC 9780), segment routing
    // (5f00::/16, RFC 9602), unique local (fc00::/7, RFC 4193), link-local (fe80::/10, RFC 4291),
    // site-local (fec0::/10, RFC 3879), multicast (ff00::/8), and what is not assigned.
    {v6(0), 0, Reach::nowhere},
});

// No bits beyond the prefix, and what lies within another range stands before it.
template <typename Table>
constexpr bool in_order(const Table& table) {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if ((table[i].base & ~table[i].mask()) != 0) return false;
    for (std::size_t j = 0; j < i; ++j) {
      if (table[j].contains(table[i].base) && table[j].bits <= table[i].bits) return false;
    }
  }
  return true;
}
static_assert(in_order(kV4) && in_order(kV6));

// Whether any row begins with this octet: most have none, and a book asks of thousands of
// addresses at a time.
constexpr std::array<bool, 256> kV4Special = [] {
  std::array<bool, 256> special{};
  for (const auto& range : kV4) {
    const unsigned first = range.base >> 24;
    const unsigned last = (range.base | ~range.mask()) >> 24;
    for (unsigned octet = first; octet <= last; ++octet) special[octet] = true;
  }
  return special;
}();

template <typename Word>
Word big_endian(ByteView bytes) {
  Word word = 0;
  for (std::size_t i = 0; i < sizeof(Word); ++i) word = static_cast<Word>(word << 8 | bytes[i]);
  return word;
}

template <typename Table, typename Word>
bool routed(const Table& table, Word word) {
  const auto range = std::find_if(table.begin(), table.end(),
                                  [word](const auto& each) { return each.contains(word); });
  return range == table.end() || range->reach == Reach::global;
}

bool routed_v4(ByteView octets) {
  return !kV4Special[octets[0]] || routed(kV4, big_endian<std::uint32_t>(octets));
}

}  // namespace

bool IpAddress::routable() const noexcept {
  const ByteView bytes(bytes_);
  if (is_v4()) return routed_v4(bytes.subspan(12));
  const IpAddress within = carried();
  if (within.is_v4()) {
    // What goes to a Teredo client begins with a packet to its server, RFC 4380 section 5.2.4.
    return routed_v4(ByteView(within.bytes_).subspan(12)) &&
           (!rfc4380() || routed_v4(bytes.subspan(4, 4)));
  }
  const auto network = big_endian<std::uint64_t>(bytes);
  if (network == kAnycastPrefix) {
    const auto host = big_endian<std::uint64_t>(bytes.subspan(8));
    if (host >= kFirstAnycast && host <= kLastAnycast) return true;
  }
  return routed(kV6, network);
}

}  // namespace peerage::conn
