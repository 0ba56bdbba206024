// Keccak-256 as Ethereum has it: rate 136, padding 0x01 (not SHA-3's 0x06), 32 bytes.
//
// Source: the Keccak submission of 2011; the implementation is Crypto++'s.
// Threads: pure functions.
#pragma once

#include <initializer_list>

#include "conn/base/bytes.h"

namespace peerage::conn {

ByteArray<32> keccak256(ByteView bytes);
// Of the parts, one after another.
ByteArray<32> keccak256(std::initializer_list<ByteView> parts);

}  // namespace peerage::conn
