// Why a command of discovery came to nothing (conn/base/reason.h). Threads: plain values.
#pragma once

#include <cstdint>

#include "conn/base/reason.h"

namespace peerage::pex {

enum class DiscoveryReason : std::uint8_t {
  no_answer,
  discovery_busy,
  not_allowed_to_ask,
  nobody_to_ask,
  protocol_off,
};
const conn::ReasonText& reason_text(DiscoveryReason reason) noexcept;

}  // namespace peerage::pex
