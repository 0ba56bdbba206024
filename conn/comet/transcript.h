// Merlin 1.0 transcripts over STROBE-128, as far as a SecretConnection needs them: what both sides
// said is absorbed under labels, and a challenge that depends on all of it comes out.
//
// STROBE-128 is a sponge on Keccak-f[1600] with rate 166. Merlin uses three of its operations:
//   append(label, m)  = meta-AD(label), meta-AD(LE32(|m|), more), AD(m)
//   extract(label, n) = meta-AD(label), meta-AD(LE32(n), more),   PRF(n)
//   begin(label)      = STROBE "Merlin v1.0", append("dom-sep", label)
//
// Invariant: two transcripts give the same bytes only after the same sequence of operations with
// the same labels, data and lengths. The state holds secrets and is wiped at the end.
//
// Source: the Merlin 1.0 and STROBE 1.0.2 specifications; known answer in transcript_test.cpp.
// Threads: none of its own.
#pragma once

#include <cstdint>
#include <string_view>

#include "conn/base/bytes.h"

namespace peerage::conn {

class Transcript {
 public:
  explicit Transcript(std::string_view label);
  ~Transcript();
  Transcript(const Transcript&) = delete;
  Transcript& operator=(const Transcript&) = delete;

  void append(std::string_view label, ByteView message);
  void extract(std::string_view label, MutableBytes challenge);

 private:
  // STROBE's flags for the operations in use.
  enum Flag : std::uint8_t { kInbound = 1, kApplication = 2, kCipher = 4, kMeta = 16 };
  enum class More : std::uint8_t { no, yes };

  void begin_operation(std::uint8_t flags, More more);
  void meta_ad(ByteView data, More more);
  void absorb(ByteView data);
  void squeeze(MutableBytes out);
  void run_permutation();

  ByteArray<200> state_{};
  std::uint8_t position_ = 0;
  std::uint8_t operation_start_ = 0;
};

}  // namespace peerage::conn
