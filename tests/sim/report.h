// What an experiment found: figures, curves over time, and checks, to be read by people, programs
// and spreadsheets.
//
// Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace peerage::sim {

struct Figure {
  std::string name;
  double value = 0;
  std::string unit;
  // How reports of several runs combine it.
  enum class Over : std::uint8_t { largest, sum } runs = Over::largest;
};

// What must hold; an experiment has failed unless all its checks hold.
struct Check {
  std::string name;
  double value = 0;
  enum class Bound : std::uint8_t { at_most, at_least } bound = Bound::at_most;
  double limit = 0;
  std::string unit;
  bool holds() const { return bound == Bound::at_most ? value <= limit : value >= limit; }
};

struct Curve {
  std::string name;
  std::vector<std::pair<double, double>> points;  // hours, and the value
  void add(double hour, double value) { points.emplace_back(hour, value); }
};

struct Report {
  std::string title;
  std::vector<Figure> figures;
  std::vector<Check> checks;
  std::vector<Curve> curves;

  void figure(std::string name, double value, std::string unit = {}) {
    figures.push_back({std::move(name), value, std::move(unit)});
  }
  // Of several runs, the sum.
  void total(std::string name, double value, std::string unit = {}) {
    figures.push_back({std::move(name), value, std::move(unit), Figure::Over::sum});
  }
  void at_most(std::string name, double value, double limit, std::string unit = {}) {
    checks.push_back({std::move(name), value, Check::Bound::at_most, limit, std::move(unit)});
  }
  void at_least(std::string name, double value, double limit, std::string unit = {}) {
    checks.push_back({std::move(name), value, Check::Bound::at_least, limit, std::move(unit)});
  }
  bool holds() const;

  // Adds another run of the same: of each check the worse value. Its curves are not taken.
  void add(const Report& other);

  // The inverse of `json`, without the curves; nothing for another text.
  static std::optional<Report> from_json(const std::string& text);
  std::string text() const;  // a table
  std::string json() const;  // one object
  std::string csv() const;   // the curves: a row for each moment, a column for each curve
};

// Up to three digits after the point, without trailing zeros.
std::string number_text(double value);

}  // namespace peerage::sim
