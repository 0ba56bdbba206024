#include "pex/discovery/record/verified_records.h"

#include "conn/crypto/keccak.h"

namespace peerage::pex {

conn::Result<EnrPtr> VerifiedRecords::decode(conn::ByteView bytes) {
  // What is too large is refused before it is hashed.
  if (bytes.size() > kMaxEnrBytes) return Enr::decode(bytes);
  if (const EnrPtr* const known = records_.use(conn::keccak256(bytes))) {
    ++remembered_;
    return *known;
  }
  ++checked_;
  auto record = Enr::decode(bytes);
  if (record) records_.use((*record)->hash(), [&] { return *record; });
  return record;
}

}  // namespace peerage::pex
