// What was recorded from real nodes: the files of spec/vectors, for the tests that replay them.
#pragma once

#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "conn/bytes.h"

namespace peerage::test {

inline nlohmann::json recorded(const std::string& file) {
  std::ifstream stream(std::string(PEERAGE_VECTORS "/") + file);
  EXPECT_TRUE(stream.is_open()) << file;
  return nlohmann::json::parse(stream);
}

inline conn::Bytes bytes_of(const nlohmann::json& hex) {
  const auto bytes = conn::from_hex(hex.get_ref<const std::string&>());
  EXPECT_TRUE(bytes) << hex;
  return bytes.value_or(conn::Bytes{});
}

template <std::size_t N>
conn::ByteArray<N> array_of(const nlohmann::json& hex) {
  const conn::Bytes bytes = bytes_of(hex);
  conn::ByteArray<N> array{};
  EXPECT_EQ(bytes.size(), N);
  if (bytes.size() == N) std::copy(bytes.begin(), bytes.end(), array.begin());
  return array;
}

template <std::size_t N>
conn::Secret<N> secret_of(const nlohmann::json& hex) {
  return conn::Secret<N>(array_of<N>(hex));
}

}  // namespace peerage::test
