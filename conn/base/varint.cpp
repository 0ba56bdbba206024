#include "conn/base/varint.h"

namespace peerage::conn {

Bytes delimited(ByteView message) {
  Bytes bytes(kMaxVarint);
  bytes.resize(write_varint(bytes.data(), message.size()));
  bytes.insert(bytes.end(), message.begin(), message.end());
  return bytes;
}

}  // namespace peerage::conn
