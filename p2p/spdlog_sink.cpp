#include "p2p/spdlog_sink.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <spdlog/spdlog.h>

#include "conn/base/bytes.h"

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

void append_value(std::string& line, std::string_view value) {
  const bool plain = !value.empty() && std::none_of(value.begin(), value.end(), [](char c) {
    return c <= ' ' || c >= 0x7f || c == '"' || c == '=';
  });
  if (plain) {
    line += value;
    return;
  }
  std::string marked;
  for (const char c : value) {
    if (c == '"' || c == '\\') marked += '\\';
    marked += c;
  }
  line += '"' + conn::printable(marked, marked.size()) + '"';
}

class SpdlogSink final : public conn::LogSink {
 public:
  explicit SpdlogSink(std::shared_ptr<spdlog::logger> logger) : logger_(std::move(logger)) {}

  void write(const conn::LogRecord& record) noexcept override {
    try {
      std::string line = conn::printable(record.message, record.message.size());
      for (const conn::LogField& field : record.fields) {
        line += ' ';
        line += field.key;
        line += '=';
        append_value(line, field.value.text());
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
