// Whether this build runs under a sanitizer (PEERAGE_SANITIZE). It makes all slower, up to ten
// times: tests that do one thing again and again do it less often then.
#pragma once

namespace peerage::test {

inline constexpr bool kSanitized = PEERAGE_SANITIZED != 0;

}  // namespace peerage::test
