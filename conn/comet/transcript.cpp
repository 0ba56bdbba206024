#include "conn/comet/transcript.h"

#include <bit>
#include <cstring>

namespace peerage::conn {
namespace {

constexpr std::uint8_t kRate = 166;

using Lanes = std::array<std::uint64_t, 25>;

constexpr std::array<std::uint64_t, 24> kRoundConstants = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};
// Rho's rotations and pi's destinations, in the order in which pi visits the lanes from lane 1.
constexpr std::array<int, 24> kRotations = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                            27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};
constexpr std::array<std::size_t, 24> kLaneOrder = {10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                                                    15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};

// Keccak-f[1600], FIPS 202 section 3.3.
void keccak_f1600(Lanes& lanes) {
  for (const std::uint64_t round_constant : kRoundConstants) {
    std::array<std::uint64_t, 5> parity{};
    for (std::size_t x = 0; x < 5; ++x) {
      parity[x] = lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20];
    }
    for (std::size_t x = 0; x < 5; ++x) {
      const std::uint64_t mix = parity[(x + 4) % 5] ^ std::rotl(parity[(x + 1) % 5], 1);
      for (std::size_t y = 0; y < 25; y += 5) lanes[x + y] ^= mix;
    }
    std::uint64_t carried = lanes[1];
    for (std::size_t i = 0; i < 24; ++i) {
      const std::uint64_t next = lanes[kLaneOrder[i]];
      lanes[kLaneOrder[i]] = std::rotl(carried, kRotations[i]);
      carried = next;
    }
    for (std::size_t y = 0; y < 25; y += 5) {
      const std::array<std::uint64_t, 5> row = {lanes[y], lanes[y + 1], lanes[y + 2], lanes[y + 3],
                                                lanes[y + 4]};
      for (std::size_t x = 0; x < 5; ++x) {
        lanes[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
      }
    }
    lanes[0] ^= round_constant;
  }
}

ByteArray<4> little_endian_32(std::size_t value) {
  ByteArray<4> bytes;
  for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
  return bytes;
}

void permute(ByteArray<200>& state) {
  Lanes lanes{};
  for (std::size_t i = 0; i < 200; ++i) {
    lanes[i / 8] |= static_cast<std::uint64_t>(state[i]) << (8 * (i % 8));
  }
  keccak_f1600(lanes);
  for (std::size_t i = 0; i < 200; ++i) {
    state[i] = static_cast<std::uint8_t>(lanes[i / 8] >> (8 * (i % 8)));
  }
  wipe({reinterpret_cast<std::uint8_t*>(lanes.data()), sizeof lanes});
}

}  // namespace

Transcript::Transcript(std::string_view label) {
  const ByteArray<6> header = {1, kRate + 2, 1, 0, 1, 96};
  std::memcpy(state_.data(), header.data(), header.size());
  std::memcpy(state_.data() + header.size(), "STROBEv1.0.2", 12);
  permute(state_);
  meta_ad(as_bytes("Merlin v1.0"), More::no);
  append("dom-sep", as_bytes(label));
}

Transcript::~Transcript() {
  wipe(state_);
}

void Transcript::append(std::string_view label, ByteView message) {
  meta_ad(as_bytes(label), More::no);
  meta_ad(little_endian_32(message.size()), More::yes);
  begin_operation(kApplication, More::no);
  absorb(message);
}

void Transcript::extract(std::string_view label, MutableBytes challenge) {
  meta_ad(as_bytes(label), More::no);
  meta_ad(little_endian_32(challenge.size()), More::yes);
  begin_operation(kInbound | kApplication | kCipher, More::no);
  squeeze(challenge);
}

void Transcript::meta_ad(ByteView data, More more) {
  begin_operation(kMeta | kApplication, more);
  absorb(data);
}

void Transcript::begin_operation(std::uint8_t flags, More more) {
  if (more == More::yes) return;  // continues the operation under way
  const std::uint8_t previous_start = operation_start_;
  operation_start_ = static_cast<std::uint8_t>(position_ + 1);
  absorb(ByteArray<2>{previous_start, flags});
  // An operation that produces output starts on a fresh block.
  if ((flags & kCipher) != 0 && position_ != 0) run_permutation();
}

void Transcript::absorb(ByteView data) {
  for (const std::uint8_t byte : data) {
    state_[position_++] ^= byte;
    if (position_ == kRate) run_permutation();
  }
}

void Transcript::squeeze(MutableBytes out) {
  for (std::uint8_t& byte : out) {
    byte = state_[position_];
    state_[position_++] = 0;
    if (position_ == kRate) run_permutation();
  }
}

void Transcript::run_permutation() {
  state_[position_] ^= operation_start_;
  state_[position_ + 1] ^= 0x04;
  state_[kRate + 1] ^= 0x80;
  permute(state_);
  position_ = 0;
  operation_start_ = 0;
}

}  // namespace peerage::conn
