#include "conn/base/log.h"

namespace peerage::conn {

std::string_view name(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
  }
  return "";
}

void Log::write(LogLevel level, std::string_view message,
                std::span<const LogField> fields) const noexcept {
  if (wants(level)) sink_->write({level, message, fields});
}

}  // namespace peerage::conn
