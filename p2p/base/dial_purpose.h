// What a dial is for.
#pragma once

#include <cstdint>

namespace peerage::p2p {

enum class DialPurpose : std::uint8_t {
  persistent,
  sticky,     // a lost long-lived peer
  requested,  // the book's or the embedder's wish
  feeler,     // to see whether an address is alive; may go one beyond max_outbound
  manual,     // a person's wish: made now, even while the address rests
  rotation,   // to replace a peer, which is to be disconnected then; may go one beyond, too
};

}  // namespace peerage::p2p
