// What check-config has to say about a home and its settings, and how bad it is.
//
// Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace peerage::cmd {

enum class Severity : std::uint8_t {
  notice,   // nothing is wrong: a setting that has no effect
  warning,  // a node starts, but probably does not do what its operator meant
  error,    // a node does not start
};

struct Finding {
  Severity severity = Severity::notice;
  std::string where;     // a file; empty: in no file
  std::size_t line = 0;  // in that file; 0: none
  std::string text;      // printable; begins with the setting's name, if there is one
  // A setting that has no effect is news to nobody who takes over a file: such are told together.
  enum class Kind : std::uint8_t { other, no_effect } kind = Kind::other;
};

// The first error; null without one.
inline const Finding* first_error(const std::vector<Finding>& findings) {
  for (const Finding& each : findings) {
    if (each.severity == Severity::error) return &each;
  }
  return nullptr;
}

}  // namespace peerage::cmd
