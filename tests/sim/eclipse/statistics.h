// The little statistics that figures of an experiment need.
//
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace peerage::sim::eclipse {

struct Interval {
  double low = 0;
  double high = 1;
};

// Wilson's score interval, 95 %, for `hits` of `trials`: right also where none or all hit.
Interval wilson(std::size_t hits, std::size_t trials);

std::optional<double> mean(const std::vector<double>& values);
std::optional<double> median(std::vector<double> values);

}  // namespace peerage::sim::eclipse
