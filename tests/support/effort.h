// How often a test repeats what it does again and again: a usual run shows that it works and where
// it breaks at once; the whole (`./dev campaign tests`, PEERAGE_TEST_EFFORT=whole) is what we
// promise. Sanitizers make all up to ten times slower, so that under them it is less.
#pragma once

#include <cstdlib>
#include <string_view>

namespace peerage::test {

// Whether this build runs under a sanitizer (PEERAGE_SANITIZE).
inline constexpr bool kSanitized = PEERAGE_SANITIZED != 0;

template <typename Number>
struct Efforts {
  Number whole, usual, sanitized;
};

template <typename Number>
Number by_effort(Efforts<Number> efforts) {
  if (kSanitized) return efforts.sanitized;
  const char* const wanted = std::getenv("PEERAGE_TEST_EFFORT");
  return wanted != nullptr && std::string_view(wanted) == "whole" ? efforts.whole : efforts.usual;
}

}  // namespace peerage::test
