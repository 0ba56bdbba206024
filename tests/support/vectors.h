// The recorded cases of spec/vectors, for tests, and the little that reading them takes. A test
// that looks into a case includes nlohmann/json.hpp: it is too heavy for those that do not.
//
// A case that cannot be read throws: a test that silently had no cases would prove nothing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "tests/support/hex.h"

namespace peerage::test {

// spec/vectors/<name>.json.
nlohmann::json load_vectors(const std::string& name);

// A file recorded whole, as a text: the part `key` of spec/vectors/<name>.json.
std::string recorded_text(const std::string& name, const std::string& key);

// What a JSON string says.
std::string_view string_of(const nlohmann::json& text);

// Its hex as bytes.
conn::Bytes bytes_of(const nlohmann::json& text);
template <std::size_t N>
conn::ByteArray<N> array_of(const nlohmann::json& text) {
  return hex_array<N>(string_of(text));
}
template <std::size_t N>
conn::Secret<N> secret_of(const nlohmann::json& text) {
  return conn::Secret<N>(array_of<N>(text));
}

}  // namespace peerage::test
