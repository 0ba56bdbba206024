#include "conn/crypto/keccak.h"

#include <cryptopp/keccak.h>

namespace peerage::conn {

ByteArray<32> keccak256(ByteView bytes) {
  return keccak256({bytes});
}

ByteArray<32> keccak256(std::initializer_list<ByteView> parts) {
  CryptoPP::Keccak_256 hash;
  for (const ByteView part : parts) hash.Update(part.data(), part.size());
  ByteArray<32> digest;
  hash.Final(digest.data());
  return digest;
}

}  // namespace peerage::conn
