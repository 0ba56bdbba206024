#include "tests/sim/eclipse/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace peerage::sim::eclipse {

Interval wilson(std::size_t hits, std::size_t trials) {
  if (trials == 0) return {};
  const double z = 1.959964;
  const auto n = static_cast<double>(trials);
  const double p = static_cast<double>(hits) / n;
  const double scale = 1 + z * z / n;
  const double middle = (p + z * z / (2 * n)) / scale;
  const double reach = z / scale * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {hits == 0 ? 0 : std::max(0.0, middle - reach),
          hits == trials ? 1 : std::min(1.0, middle + reach)};
}

std::optional<double> mean(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace peerage::sim::eclipse
