// Bytes, and the few operations on them that are needed everywhere.
//
// Ownership is in the type: `Bytes` owns, `ByteView` and `MutableBytes` borrow, `SharedBytes` is an
// immutable message that many send queues hold at once (a broadcast encodes once). `Secret` is key
// material: it cannot be copied by accident and is wiped when it goes.
//
// Threads: plain values; no shared state.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace peerage::conn {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;
using SharedBytes = std::shared_ptr<const Bytes>;

template <std::size_t N>
using ByteArray = std::array<std::uint8_t, N>;

// Overwrites memory in a way the optimiser may not remove.
void wipe(MutableBytes bytes) noexcept;

// N bytes of key material. Moving wipes the source; destruction wipes the rest. To copy on purpose,
// construct from `view()`.
template <std::size_t N>
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::span<const std::uint8_t, N> bytes) {
    for (std::size_t i = 0; i < N; ++i) bytes_[i] = bytes[i];
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      wipe(other.bytes_);
    }
    return *this;
  }
  ~Secret() { wipe(bytes_); }

  std::span<const std::uint8_t, N> view() const noexcept { return bytes_; }
  std::span<std::uint8_t, N> writable() noexcept { return bytes_; }

 private:
  ByteArray<N> bytes_{};
};

// Lower-case hexadecimal.
std::string to_hex(ByteView bytes);
// Either case; nothing but hex digits, an even number of them.
std::optional<Bytes> from_hex(std::string_view text);

// Standard alphabet, padded (RFC 4648 section 4), as node_key.json has it.
std::string to_base64(ByteView bytes);
// Strict: padding required, no white space, no trailing bits.
std::optional<Bytes> from_base64(std::string_view text);
// The alphabet for URLs, not padded (RFC 4648 section 5), as node records have it. As strict.
std::string to_base64_url(ByteView bytes);
std::optional<Bytes> from_base64_url(std::string_view text);

// Text that came from a peer, made safe for a terminal, a log line or a metric label: bytes outside
// printable ASCII become \xNN, and what is longer than `limit` bytes is cut and marked with "...".
std::string printable(std::string_view text, std::size_t limit = 256);

inline ByteView as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The order of the bytes, eight at a time: the maps of addresses and IDs ask for nothing else.
template <std::size_t N>
std::strong_ordering order_of(const ByteArray<N>& a, const ByteArray<N>& b) noexcept {
  static_assert(N % sizeof(std::uint64_t) == 0);
  for (std::size_t i = 0; i < N; i += sizeof(std::uint64_t)) {
    std::uint64_t first = 0, second = 0;
    std::memcpy(&first, a.data() + i, sizeof first);
    std::memcpy(&second, b.data() + i, sizeof second);
    if (first == second) continue;
    if constexpr (std::endian::native == std::endian::little) {
      first = __builtin_bswap64(first);
      second = __builtin_bswap64(second);
    }
    return first <=> second;
  }
  return std::strong_ordering::equal;
}

}  // namespace peerage::conn
