// The verbs of `peerage ctl`: one table, from which the command line is made and by which the
// server checks what it is asked.
//
// A parameter has the name of its long option, without dashes; those that are positional on the
// command line have a name, too ("target"). Durations are text as on the command line ("7d").
//
// Threads: constants.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "cmd/ctl/control.h"

namespace peerage::cmd {

struct CtlParameter {
  std::string_view name;
  enum class Kind : std::uint8_t { text, number, flag, texts, duration } kind = Kind::text;
  enum class Place : std::uint8_t { option, positional } place = Place::option;
  enum class Needed : std::uint8_t { no, yes } needed = Needed::no;
  std::string_view help;
  std::span<const std::string_view> choices{};  // no other value is taken
};

struct CtlVerb {
  std::string_view name;  // "ban"; of a group "book list"
  std::string_view help;
  enum class Effect : std::uint8_t { looks, changes } effect = Effect::looks;
  std::span<const CtlParameter> parameters{};
};

std::span<const CtlVerb> ctl_verbs() noexcept;
const CtlVerb* find_verb(std::string_view name) noexcept;

// Whether the parameters are those of the verb, by name, kind and choice; what is wrong otherwise
// (code -2).
std::optional<CtlError> check_params(const CtlVerb& verb, const CtlParams& params);

}  // namespace peerage::cmd
