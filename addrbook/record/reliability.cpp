#include "addrbook/record/reliability.h"

#include <algorithm>
#include <cmath>

namespace peerage::addrbook {
namespace {

// The first outcome says as much as an hour of them, whatever the window.
constexpr std::chrono::seconds kFirst = std::chrono::hours(1);

}  // namespace

void Reliability::record(Outcome outcome, std::chrono::sys_seconds now) {
  const bool first = last_ == std::chrono::sys_seconds{};
  const auto elapsed = first ? kFirst : std::max(now - last_, std::chrono::seconds(1));
  for (std::size_t i = 0; i < kWindows; ++i) {
    const auto kept = static_cast<float>(
        std::exp(-static_cast<double>(elapsed.count()) / static_cast<double>(kSpans[i].count())));
    Window& window = windows_[i];
    window.weight = window.weight * kept + (1 - kept);
    window.score = window.score * kept + (outcome == Outcome::succeeded ? 1 - kept : 0);
  }
  last_ = std::max(last_, now);
}

double Reliability::share(std::size_t index) const {
  const Window& window = windows_.at(index);
  return window.weight > 0 ? static_cast<double>(window.score) / static_cast<double>(window.weight)
                           : 0;
}

double Reliability::overall() const {
  double score = 0, weight = 0;
  for (const Window& window : windows_) {
    score += static_cast<double>(window.score);
    weight += static_cast<double>(window.weight);
  }
  return weight > 0 ? score / weight : 0;
}

Reliability Reliability::restored(const std::array<Window, kWindows>& windows,
                                  std::chrono::sys_seconds last) {
  Reliability result;
  for (std::size_t i = 0; i < kWindows; ++i) {
    const auto in_range = [](float value, float most) {
      return std::isfinite(value) ? std::clamp(value, 0.0F, most) : 0.0F;
    };
    result.windows_[i].weight = in_range(windows[i].weight, 1);
    result.windows_[i].score = in_range(windows[i].score, result.windows_[i].weight);
  }
  result.last_ = std::max(last, std::chrono::sys_seconds{});
  return result;
}

}  // namespace peerage::addrbook
