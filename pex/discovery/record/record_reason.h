// Why a node record, or a URL in its place, cannot be used (conn/base/reason.h).
//
// Threads: plain values.
#pragma once

#include <cstdint>

#include "conn/base/reason.h"

namespace peerage::pex {

enum class RecordReason : std::uint8_t {
  record_malformed,
  record_too_large,
  enode_malformed,
};
const conn::ReasonText& reason_text(RecordReason reason) noexcept;

}  // namespace peerage::pex
