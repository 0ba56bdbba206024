#include "tests/support/vectors.h"

#include <fstream>
#include <stdexcept>

#include <nlohmann/json.hpp>

namespace peerage::test {

nlohmann::json load_vectors(const std::string& name) {
  const std::string path = std::string(PEERAGE_VECTORS) + "/" + name + ".json";
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot open " + path);
  return nlohmann::json::parse(file);
}

std::string recorded_text(const std::string& name, const std::string& key) {
  return load_vectors(name).at(key).get<std::string>();
}

std::string_view string_of(const nlohmann::json& text) {
  return text.get_ref<const std::string&>();
}

conn::Bytes bytes_of(const nlohmann::json& text) {
  return hex(string_of(text));
}

}  // namespace peerage::test
