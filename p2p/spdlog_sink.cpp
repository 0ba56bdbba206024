#include "p2p/spdlog_sink.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <spdlog/spdlog.h>

namespace peerage::p2p {
namespace {

spdlog::level::level_enum level_of(conn::LogLevel level) noexcept {
  switch (level) {
    case conn::LogLevel::debug:
      return spdlog::level::debug;
    case conn::LogLevel::info:
      return spdlog::level::info;
    case conn::LogLevel::warn:
      return spdlog::level::warn;
    case conn::LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

void append_escaped(std::string& line, char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\') {
    line += '\\';
    line += c;
  } else if (c == '\n') {
    line += "\\n";
  } else if (c == '\r') {
    line += "\\r";
  } else if (c == '\t') {
    line += "\\t";
  } else if (is_control(c)) {
    line += "\\x";
    line += kHex[byte >> 4];
    line += kHex[byte & 15];
  } else {
    line += c;
  }
}

void append_value(std::string& line, std::string_view value) {
  const bool plain = !value.empty() && std::none_of(value.begin(), value.end(), [](char c) {
    return c == ' ' || c == '"' || c == '=' || is_control(c);
  });
  if (plain) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) append_escaped(line, c);
  line += '"';
}

class SpdlogSink final : public conn::LogSink {
 public:
  explicit SpdlogSink(std::shared_ptr<spdlog::logger> logger) : logger_(std::move(logger)) {}

  void write(const conn::LogRecord& record) noexcept override {
    try {
      std::string line(record.message);
      for (const conn::LogField& field : record.fields) {
        line += ' ';
        line += field.key;
        line += '=';
        append_value(line, field.value);
      }
      // As text, not as a format.
      logger_->log(level_of(record.level), spdlog::string_view_t(line));
    } catch (...) {  // NOLINT(bugprone-empty-catch): a line that cannot be written is lost
    }
  }

  bool wants(conn::LogLevel level) const noexcept override {
    return logger_->should_log(level_of(level));
  }

 private:
  const std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace

std::shared_ptr<conn::LogSink> make_spdlog_sink(const std::string& logger_name) {
  std::shared_ptr<spdlog::logger> logger = spdlog::get(logger_name);
  if (!logger) logger = spdlog::default_logger();
  if (!logger) return nullptr;  // the host has none at all
  return std::make_shared<SpdlogSink>(std::move(logger));
}

}  // namespace peerage::p2p
