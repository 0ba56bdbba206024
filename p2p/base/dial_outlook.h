// How it stands with a node that is to be a peer: for an operator who has just asked for it.
//
// Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>

#include "conn/base/time.h"

namespace peerage::p2p {

struct DialOutlook {
  enum class State : std::uint8_t {
    connected,
    dialling,  // or about to be
    resting,
  };
  State state = State::resting;
  // Of `resting`: when it is dialled next. None: not before somebody asks for it.
  std::optional<conn::TimePoint> next{};
};

}  // namespace peerage::p2p
