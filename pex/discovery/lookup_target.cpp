#include "pex/discovery/lookup_target.h"

#include "conn/crypto/keccak.h"

namespace peerage::pex {

LookupTarget LookupTarget::of(const conn::ByteArray<64>& key) {
  return {EnodeId{conn::keccak256(key)}, key};
}

}  // namespace peerage::pex
