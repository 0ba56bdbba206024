// The verbs of `peerage ctl`: one table, from which the command line is made and by which the
// server checks what it is asked.
//
// A parameter has the name of its long option, without dashes; those that are positional on the
// command line have a name, too ("target"). Every verb that changes something answers `changed`.
//
// Threads: constants and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "cmd/ctl/control.h"
#include "conn/base/time.h"

namespace peerage::cmd {

struct CtlParameter {
  std::string_view name;
  // What it is in JSON, and on the command line:
  //   text      a string, not empty
  //   number    a number, not negative
  //   truth     true or false, which the command line names: --persistent false
  //   flag      true or false; on the command line it is there or not, and false is as not given
  //   texts     an array of strings; with commas on the command line
  //   duration  a string, of ctl_duration
  //   file      a string: an absolute path, which the command line makes of a relative one
  enum class Kind : std::uint8_t { text, number, truth, flag, texts, duration, file };
  Kind kind = Kind::text;
  enum class Place : std::uint8_t { option, positional } place = Place::option;
  enum class Needed : std::uint8_t { no, yes } needed = Needed::no;
  std::string_view help{};
  std::string_view example{};    // of a value: "7d"
  std::string_view otherwise{};  // what it is when it is not given, if it has a value then
  std::span<const std::string_view> choices{};  // no other value is taken
  std::string_view excludes{};                  // a parameter that is not given with it
};

struct CtlVerb {
  std::string_view name;  // "ban"; of a group "book list"
  std::string_view help;
  enum class Effect : std::uint8_t { looks, changes } effect = Effect::looks;
  std::span<const CtlParameter> parameters{};
};

std::span<const CtlVerb> ctl_verbs() noexcept;
const CtlVerb* find_verb(std::string_view name) noexcept;

// The parameter that says how long the answer may take.
inline constexpr std::string_view kWaitParameter = "wait";

// "500ms", "10s", "1h30m", "7d", "2w": more than nothing; no more than a hundred years.
std::optional<conn::Duration> ctl_duration(std::string_view text);

// Whether the parameters are those of the verb, by name, kind and choice; what is wrong otherwise
// (code -2).
std::optional<CtlError> check_params(const CtlVerb& verb, const CtlParams& params);

}  // namespace peerage::cmd
