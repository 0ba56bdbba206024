#include "tests/sim/scenario/show.h"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include <unistd.h>

#include "tests/sim/plot.h"

namespace peerage::sim {

void Progress::show(double done, const std::string& now) {
  if (isatty(STDERR_FILENO) == 0) return;
  std::fprintf(stderr, "\r\x1b[K%3.0f %%  %s", 100 * done, now.c_str());
  shown_ = true;
}

void Progress::clear() {
  if (std::exchange(shown_, false)) std::fputs("\r\x1b[K", stderr);
}

void draw_shares(const std::string& file, const Report& report, const std::string& unit) {
  std::vector<Curve> shares;
  double hours = 0;
  for (const Curve& each : report.curves) {
    if (each.name.find("a second") != std::string::npos) continue;
    shares.push_back(each);
    if (!each.points.empty()) hours = std::max(hours, each.points.back().first);
  }
  PlotLabels labels{.title = report.title, .y = unit};
  if (hours <= 2) {
    labels.x = "minutes";
    for (Curve& each : shares) {
      for (auto& [x, y] : each.points) x *= 60;
    }
  }
  write_plot(file, labels, shares);
}

}  // namespace peerage::sim
