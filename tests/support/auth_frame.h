// The AuthSig frame of a scripted peer, whatever is in it: for tests of peers that do not prove
// their ID.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "conn/address/node_key.h"
#include "conn/base/bytes.h"

namespace peerage::test {

// The message that a comet node proves its ID with, `text` being what it signs.
conn::Bytes auth_message(const conn::NodeKey& key, conn::ByteView text);

// Sealed for the remote with the ephemeral key `theirs`, by the owner of `ours`; `message` makes
// the content from the challenge, the text to sign. Of content that does not fit the end is left
// out, and its length stands all the same.
conn::Bytes auth_frame(const conn::Secret<32>& ephemeral, std::span<const std::uint8_t, 32> ours,
                       std::span<const std::uint8_t, 32> theirs,
                       const std::function<conn::Bytes(conn::ByteView challenge)>& message);

}  // namespace peerage::test
