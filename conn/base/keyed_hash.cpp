#include "conn/base/keyed_hash.h"

#include <sodium.h>

namespace peerage::conn {

std::size_t KeyedHash::operator()(ByteView bytes) const {
  std::size_t result = 0;
  static_assert(sizeof result == crypto_shorthash_BYTES);
  crypto_shorthash(reinterpret_cast<unsigned char*>(&result), bytes.data(), bytes.size(),
                   key_.data());
  return result;
}

}  // namespace peerage::conn
