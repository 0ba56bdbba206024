// Which records are logged: "info", or by module, "p2p:debug,*:error"; and in which form.
//
// The levels are debug, info, warn, error and none. Applications that share the file have others:
// trace is debug; fatal and panic are error; disabled is none; and so are their numbers, from -1
// (trace) to 7 (disabled). Neither case nor white space counts, and no text at all is "info". "*"
// is every module that is not named; without it that is "info", as in a comet node. Of a module
// that is named twice the last counts.
//
// Source: comet libs/cli/flags/log_level.go; Cosmos SDK log/level.go and zerolog's ParseLevel.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "conn/base/failure.h"
#include "conn/base/log.h"

namespace peerage::cmd {

class LogLevels {
 public:
  LogLevels() = default;  // "info"
  static conn::Result<LogLevels> parse(std::string_view text);

  bool wants(std::string_view module, conn::LogLevel level) const noexcept;

 private:
  using Threshold = std::optional<conn::LogLevel>;  // none: nothing is logged
  Threshold rest_ = conn::LogLevel::info;
  std::map<std::string, Threshold, std::less<>> modules_;
};

// Of applications, too: "text", "console" and "logfmt", as nothing, are plain.
enum class LogFormat : std::uint8_t { plain, json };
conn::Result<LogFormat> parse_log_format(std::string_view text);

}  // namespace peerage::cmd
