// A sink that keeps what is logged as lines of the form "level message key=value...".
//
// Threads: any.
#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "conn/base/log.h"

namespace peerage::test {

struct LogLines final : conn::LogSink {
  void write(const conn::LogRecord& record) noexcept override {
    std::string line = std::string(name(record.level)) + " " + std::string(record.message);
    for (const conn::LogField& field : record.fields) {
      line += " " + std::string(field.key) + "=" + field.value.text();
    }
    const std::lock_guard lock(mutex);
    lines.push_back(std::move(line));
  }
  bool wants(conn::LogLevel level) const noexcept override { return level >= least; }

  conn::LogLevel least = conn::LogLevel::debug;
  std::mutex mutex;
  std::vector<std::string> lines;
};

}  // namespace peerage::test
