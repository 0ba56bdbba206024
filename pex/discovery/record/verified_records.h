// Records that have been checked, by the hash of their bytes: the same record comes many times in
// answers, and its signature is looked at once.
//
// What is refused is not remembered: whoever sends it could fill the places with it.
// Threads: none of its own.
#pragma once

#include <cstddef>
#include <cstdint>

#include "conn/base/recent_map.h"
#include "pex/discovery/record/enr.h"

namespace peerage::pex {

class VerifiedRecords {
 public:
  // How many are remembered; beyond it the one that was longest unused goes.
  explicit VerifiedRecords(std::size_t limit) : records_(limit) {}

  // As Enr::decode.
  conn::Result<EnrPtr> decode(conn::ByteView bytes);

  std::size_t size() const noexcept { return records_.size(); }
  // How often a signature was looked at, and how often it needed not be.
  std::uint64_t checked() const noexcept { return checked_; }
  std::uint64_t remembered() const noexcept { return remembered_; }

 private:
  conn::RecentMap<conn::ByteArray<32>, EnrPtr> records_;
  std::uint64_t checked_ = 0;
  std::uint64_t remembered_ = 0;
};

}  // namespace peerage::pex
