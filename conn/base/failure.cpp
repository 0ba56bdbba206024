#include "conn/base/failure.h"

#include <array>

namespace peerage::conn {

std::string_view name(Stage stage) noexcept {
  static constexpr std::array<std::string_view, kStageCount> kNames = {
      "configuration",  "resolve",   "connect",   "key_exchange",
      "authentication", "node_info", "admission", "established"};
  return kNames[static_cast<std::size_t>(stage)];
}

std::string Failure::text() const {
  std::string text;
  text += name(stage);
  text += ": ";
  text += explain(reason);
  if (!detail.empty()) text += " (" + detail + ")";
  return text;
}

}  // namespace peerage::conn
