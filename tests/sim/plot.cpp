#include "tests/sim/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <stdexcept>

namespace peerage::sim {
namespace {

constexpr double kWidth = 760, kHeight = 380;
constexpr double kLeft = 62, kRight = 16, kTop = 40, kBottom = 48;
constexpr std::size_t kLegendColumns = 3;
// Okabe and Ito's, which people with colour blindness can distinguish.
constexpr std::array<const char*, 8> kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                 "#e69f00", "#56b4e9", "#999999", "#f0e442"};

std::string format(const char* pattern, double a, double b) {
  char text[128];
  std::snprintf(text, sizeof text, pattern, a, b);
  return text;
}

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&') {
      safe += "&amp;";
    } else if (c == '<') {
      safe += "&lt;";
    } else {
      safe += c;
    }
  }
  return safe;
}

// 1, 2 or 5 times a power of ten, so that there are about five steps.
double step_of(double span) {
  const double rough = std::max(span, 1e-9) / 5;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (rough <= factor * power) return factor * power;
  }
  return 10 * power;
}

class Picture {
 public:
  Picture(const PlotLabels& labels, const std::vector<Curve>& curves)
      : labels_(labels), curves_(curves) {
    bool first = true;
    for (const Curve& curve : curves) {
      for (const auto& [x, y] : curve.points) {
        const double at = scaled(x);
        left_ = first ? at : std::min(left_, at);
        right_ = first ? at : std::max(right_, at);
        top_ = std::max(top_, y);
        first = false;
      }
    }
    if (right_ <= left_) right_ = left_ + 1;
    if (top_ <= 0) top_ = 1;
    top_ *= 1.02;
  }

  std::string draw() {
    const std::size_t rows = (curves_.size() + kLegendColumns - 1) / kLegendColumns;
    const double height = kHeight + 20.0 * static_cast<double>(rows);
    svg_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 " + number_text(height) +
           "\" font-family=\"sans-serif\" font-size=\"12\">\n"
           "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
    text(kWidth / 2, 22, labels_.title, "middle", "font-size=\"15\"");
    axes();
    for (std::size_t i = 0; i < curves_.size(); ++i) {
      line(i);
      legend(i);
    }
    return svg_ + "</svg>\n";
  }

 private:
  double scaled(double x) const {
    return labels_.x_scale == PlotLabels::Scale::linear ? x : std::log10(std::max(x, 1e-3));
  }
  double at_x(double scaled_x) const {
    return kLeft + (scaled_x - left_) / (right_ - left_) * (kWidth - kLeft - kRight);
  }
  double at_y(double y) const { return kHeight - kBottom - y / top_ * (kHeight - kTop - kBottom); }

  void text(double x, double y, const std::string& words, const char* anchor,
            const char* more = "") {
    svg_ += "<text " + format("x=\"%.1f\" y=\"%.1f\"", x, y) + " text-anchor=\"" + anchor +
            "\" fill=\"#222222\" " + more + ">" + escaped(words) + "</text>\n";
  }
  void rule(double x1, double y1, double x2, double y2) {
    svg_ += "<line " + format("x1=\"%.1f\" y1=\"%.1f\" ", x1, y1) +
            format("x2=\"%.1f\" y2=\"%.1f\"", x2, y2) + " stroke=\"#dddddd\"/>\n";
  }

  void axes() {
    for (double y = 0; y <= top_; y += step_of(top_)) {
      rule(kLeft, at_y(y), kWidth - kRight, at_y(y));
      text(kLeft - 6, at_y(y) + 4, number_text(y), "end");
    }
    const bool linear = labels_.x_scale == PlotLabels::Scale::linear;
    const double step = linear ? step_of(right_ - left_) : 1;
    for (double x = std::ceil(left_ / step) * step; x <= right_ + step / 1000; x += step) {
      rule(at_x(x), kTop, at_x(x), kHeight - kBottom);
      text(at_x(x), kHeight - kBottom + 16, number_text(linear ? x : std::pow(10.0, x)), "middle");
    }
    text((kLeft + kWidth) / 2, kHeight - 12, labels_.x, "middle");
    const std::string turned = "transform=\"rotate(-90 14 190)\"";
    text(14, 190, labels_.y, "middle", turned.c_str());
  }

  void line(std::size_t index) {
    svg_ += "<polyline fill=\"none\" stroke-width=\"1.8\" stroke=\"";
    svg_ += kColours[index % kColours.size()];
    svg_ += "\" points=\"";
    for (const auto& [x, y] : curves_[index].points) {
      svg_ += format("%.1f,%.1f ", at_x(scaled(x)), at_y(y));
    }
    svg_ += "\"/>\n";
  }

  void legend(std::size_t index) {
    const double x = kLeft + 230.0 * static_cast<double>(index % kLegendColumns);
    const std::size_t row = index / kLegendColumns;
    const double y = kHeight + 6 + 20.0 * static_cast<double>(row);
    svg_ += "<rect " + format("x=\"%.1f\" y=\"%.1f\"", x, y - 4) +
            " width=\"18\" height=\"4\" fill=\"" + kColours[index % kColours.size()] + "\"/>\n";
    text(x + 24, y + 2, curves_[index].name, "start");
  }

  const PlotLabels& labels_;
  const std::vector<Curve>& curves_;
  double left_ = 0, right_ = 0, top_ = 0;
  std::string svg_;
};

}  // namespace

std::string plot_svg(const PlotLabels& labels, const std::vector<Curve>& curves) {
  return Picture(labels, curves).draw();
}

void write_plot(const std::string& file, const PlotLabels& labels,
                const std::vector<Curve>& curves) {
  std::ofstream out(file);
  out << plot_svg(labels, curves);
  out.flush();
  if (!out) throw std::runtime_error("cannot write " + file);
}

}  // namespace peerage::sim
