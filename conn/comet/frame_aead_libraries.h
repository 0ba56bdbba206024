// The libraries behind conn/comet/frame_aead.h, each in a file of its own.
#pragma once

#include "conn/comet/frame_aead.h"

namespace peerage::conn {

// Null where the program was built without it, or the processor has not what makes it quick.
const FrameAead* ipsec_mb_aead();

// Never null.
const FrameAead* openssl_aead();

}  // namespace peerage::conn
