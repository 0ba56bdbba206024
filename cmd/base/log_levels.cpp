#include "cmd/base/log_levels.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <system_error>

#include "conn/base/bytes.h"
#include "conn/base/split_list.h"

namespace peerage::cmd {
namespace {

using conn::LogLevel;

constexpr std::size_t kMaxModules = 64;

tl::unexpected<conn::Failure> bad(std::string_view what, std::string_view expected) {
  return conn::fail(conn::Stage::configuration, conn::Reason::invalid_argument,
                    "\"" + conn::printable(what, 64) + "\" " + std::string(expected));
}

bool is_module(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

using Threshold = std::optional<LogLevel>;

struct LevelName {
  std::string_view name;
  Threshold is;
};
constexpr std::array<LevelName, 14> kNames = {{{"debug", LogLevel::debug},
                                               {"info", LogLevel::info},
                                               {"warn", LogLevel::warn},
                                               {"error", LogLevel::error},
                                               {"none", std::nullopt},
                                               // zerolog's
                                               {"trace", LogLevel::debug},
                                               {"fatal", LogLevel::error},
                                               {"panic", LogLevel::error},
                                               {"disabled", std::nullopt},
                                               // logrus's, zap's, and of nodes of Ethereum's kind
                                               {"warning", LogLevel::warn},
                                               {"dpanic", LogLevel::error},
                                               {"crit", LogLevel::error},
                                               {"critical", LogLevel::error},
                                               {"off", std::nullopt}}};

// zerolog's number for a level.
std::optional<Threshold> numbered(std::string_view text) {
  std::int8_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end) return std::nullopt;
  if (number <= 0) return LogLevel::debug;
  if (number == 1) return LogLevel::info;
  if (number == 2) return LogLevel::warn;
  if (number <= 5) return LogLevel::error;
  return Threshold();
}

// Nothing for a word that is a level nowhere.
std::optional<Threshold> level_of(std::string_view text) {
  const std::string word = in_lower_case(text);
  const auto* known = std::find_if(kNames.begin(), kNames.end(),
                                   [&word](const LevelName& each) { return each.name == word; });
  return known == kNames.end() ? numbered(word) : known->is;
}

}  // namespace

conn::Result<LogLevels> LogLevels::parse(std::string_view text) {
  LogLevels levels;
  text = conn::trimmed(text);
  if (text.empty()) return levels;
  const bool single = text.find(':') == std::string_view::npos;
  for (std::string_view rest = text;;) {
    const std::size_t comma = single ? std::string_view::npos : rest.find(',');
    const std::string_view pair = conn::trimmed(rest.substr(0, comma));
    const std::size_t colon = pair.find(':');
    if (!single && colon == std::string_view::npos) {
      return bad(pair, "is not of the form MODULE:LEVEL, as in \"p2p:debug,*:error\"");
    }
    const std::string_view module = single ? "*" : conn::trimmed(pair.substr(0, colon));
    const std::string_view word = single ? pair : conn::trimmed(pair.substr(colon + 1));
    const auto threshold = level_of(word);
    if (!threshold) return bad(word, "is no log level: debug, info, warn, error or none");
    if (!is_module(module)) return bad(pair, "does not begin with the name of a module");
    if (module == "*") {
      levels.rest_ = *threshold;
    } else {
      levels.modules_[std::string(module)] = *threshold;
      if (levels.modules_.size() > kMaxModules) return bad(pair, "is one module too many");
    }
    if (comma == std::string_view::npos) return levels;
    rest.remove_prefix(comma + 1);
  }
}

bool LogLevels::wants(std::string_view module, conn::LogLevel level) const noexcept {
  const auto named = modules_.find(module);
  const Threshold& threshold = named == modules_.end() ? rest_ : named->second;
  return threshold && level >= *threshold;
}

conn::Result<LogFormat> parse_log_format(std::string_view text) {
  const std::string word = in_lower_case(conn::trimmed(text));
  for (const char* plain : {"plain", "text", "console", "logfmt", ""}) {
    if (word == plain) return LogFormat::plain;
  }
  if (word == "json") return LogFormat::json;
  return bad(text, "is no log format: plain or json");
}

}  // namespace peerage::cmd
