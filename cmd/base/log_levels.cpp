#include "cmd/base/log_levels.h"

#include <algorithm>
#include <array>

#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

using conn::LogLevel;

constexpr std::size_t kMaxModules = 64;
constexpr std::array kLevels = {LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error};

tl::unexpected<conn::Failure> bad(std::string_view what, std::string_view expected) {
  return conn::fail(conn::Stage::configuration, conn::Reason::invalid_argument,
                    "\"" + conn::printable(what, 64) + "\" " + std::string(expected));
}

bool is_module(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

conn::Result<LogLevels> LogLevels::parse(std::string_view text) {
  LogLevels levels;
  if (text.empty()) return bad(text, "is no log level: debug, info, warn, error or none");
  const bool single = text.find(':') == std::string_view::npos;
  for (std::string_view rest = text;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view pair = rest.substr(0, comma);
    const std::size_t colon = pair.find(':');
    if (!single && colon == std::string_view::npos) {
      return bad(pair, "is not of the form MODULE:LEVEL, as in \"p2p:debug,*:error\"");
    }
    const std::string_view module = single ? "*" : pair.substr(0, colon);
    const std::string_view level = single ? text : pair.substr(colon + 1);
    const auto* known = std::find_if(kLevels.begin(), kLevels.end(),
                                     [level](LogLevel each) { return conn::name(each) == level; });
    if (known == kLevels.end() && level != "none") {
      return bad(level, "is no log level: debug, info, warn, error or none");
    }
    if (!is_module(module)) return bad(pair, "does not begin with the name of a module");
    const Threshold threshold = known == kLevels.end() ? Threshold() : *known;
    if (module == "*") {
      levels.rest_ = threshold;
    } else {
      levels.modules_[std::string(module)] = threshold;
      if (levels.modules_.size() > kMaxModules) return bad(pair, "is one module too many");
    }
    if (single || comma == std::string_view::npos) return levels;
    rest.remove_prefix(comma + 1);
  }
}

bool LogLevels::wants(std::string_view module, conn::LogLevel level) const noexcept {
  const auto named = modules_.find(module);
  const Threshold& threshold = named == modules_.end() ? rest_ : named->second;
  return threshold && level >= *threshold;
}

conn::Result<LogFormat> parse_log_format(std::string_view text) {
  if (text == "plain") return LogFormat::plain;
  if (text == "json") return LogFormat::json;
  return bad(text, "is no log format: plain or json");
}

}  // namespace peerage::cmd
