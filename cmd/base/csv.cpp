#include "cmd/base/csv.h"

#include "conn/base/bytes.h"

namespace peerage::cmd {

std::string csv_field(std::string_view raw) {
  std::string text = conn::printable(raw);
  if (!text.empty() && std::string_view("=+-@").find(text.front()) != std::string_view::npos) {
    text.insert(0, 1, '\'');
  }
  if (text.find_first_of(",\"") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char each : text) {
    if (each == '"') quoted += '"';
    quoted += each;
  }
  return quoted + '"';
}

}  // namespace peerage::cmd
