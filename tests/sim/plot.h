// Curves over time as one self-contained SVG picture: axes, a legend, no script, readable on
// light and on dark pages.
//
// Threads: pure functions, but for the file.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/report.h"

namespace peerage::sim {

struct PlotLabels {
  std::string title = {};
  std::string x = "hours";
  std::string y = {};
  enum class Scale : std::uint8_t { linear, logarithmic } x_scale = Scale::linear;
};

// The y axis begins at 0. At most eight curves have a colour of their own.
std::string plot_svg(const PlotLabels& labels, const std::vector<Curve>& curves);
// Into a file; throws std::runtime_error when it cannot be written.
void write_plot(const std::string& file, const PlotLabels& labels,
                const std::vector<Curve>& curves);

}  // namespace peerage::sim
