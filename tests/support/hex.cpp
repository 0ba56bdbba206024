#include "tests/support/hex.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace peerage::test {

conn::Bytes hex(std::string_view text) {
  auto bytes = conn::from_hex(text);
  if (!bytes) throw std::runtime_error("not hex: " + std::string(text));
  return std::move(*bytes);
}

void read_hex(std::string_view text, conn::MutableBytes array) {
  const conn::Bytes bytes = hex(text);
  if (bytes.size() != array.size()) throw std::runtime_error("wrong length: " + std::string(text));
  std::copy(bytes.begin(), bytes.end(), array.begin());
}

}  // namespace peerage::test
