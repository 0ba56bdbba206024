// The recorded cases of spec/vectors, for tests, and the little that reading them takes.
//
// A case that cannot be read throws: a test that silently had no cases would prove nothing.
#pragma once

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "conn/bytes.h"

namespace peerage::test {

// spec/vectors/<name>.json.
inline nlohmann::json load_vectors(const std::string& name) {
  const std::string path = std::string(PEERAGE_VECTORS) + "/" + name + ".json";
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot open " + path);
  return nlohmann::json::parse(file);
}

// Hex of a vector (either case) as bytes.
inline conn::Bytes hex(std::string_view text) {
  auto bytes = conn::from_hex(text);
  if (!bytes) throw std::runtime_error("not hex: " + std::string(text));
  return std::move(*bytes);
}

// The same, of a known length.
template <std::size_t N>
conn::ByteArray<N> hex_array(std::string_view text) {
  const conn::Bytes bytes = hex(text);
  if (bytes.size() != N) throw std::runtime_error("wrong length: " + std::string(text));
  conn::ByteArray<N> array;
  std::copy(bytes.begin(), bytes.end(), array.begin());
  return array;
}

// The same for a JSON string.
inline conn::Bytes bytes_of(const nlohmann::json& text) {
  return hex(text.get_ref<const std::string&>());
}
template <std::size_t N>
conn::ByteArray<N> array_of(const nlohmann::json& text) {
  return hex_array<N>(text.get_ref<const std::string&>());
}
template <std::size_t N>
conn::Secret<N> secret_of(const nlohmann::json& text) {
  return conn::Secret<N>(array_of<N>(text));
}

}  // namespace peerage::test
