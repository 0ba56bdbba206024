#include "tests/sim/report.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include <nlohmann/json.hpp>

namespace peerage::sim {
namespace {

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

std::string with_unit(double value, const std::string& unit) {
  return number_text(value) + (unit.empty() ? "" : " " + unit);
}

}  // namespace

std::string number_text(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.3f", value);
  std::string number = text;
  while (number.back() == '0') number.pop_back();
  if (number.back() == '.') number.pop_back();
  return number;
}

bool Report::holds() const {
  return std::all_of(checks.begin(), checks.end(), [](const Check& each) { return each.holds(); });
}

void Report::add(const Report& other) {
  for (const Figure& theirs : other.figures) {
    const auto ours = std::find_if(figures.begin(), figures.end(),
                                   [&](const Figure& each) { return each.name == theirs.name; });
    if (ours == figures.end()) {
      figures.push_back(theirs);
    } else if (ours->runs == Figure::Over::sum) {
      ours->value += theirs.value;
    } else {
      ours->value = std::max(ours->value, theirs.value);
    }
  }
  for (const Check& theirs : other.checks) {
    const auto ours = std::find_if(checks.begin(), checks.end(),
                                   [&](const Check& each) { return each.name == theirs.name; });
    if (ours == checks.end()) {
      checks.push_back(theirs);
    } else {
      const bool worse = ours->bound == Check::Bound::at_most ? theirs.value > ours->value
                                                              : theirs.value < ours->value;
      if (worse) *ours = theirs;
    }
  }
  curves.clear();
}

std::optional<Report> Report::from_json(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  try {
    Report report;
    report.title = json.at("title");
    for (const auto& each : json.at("figures")) {
      report.figures.push_back(
          {each.at("name"), each.at("value"), each.at("unit"),
           each.contains("over_runs") ? Figure::Over::sum : Figure::Over::largest});
    }
    for (const auto& each : json.at("checks")) {
      const bool at_most = each.contains("at_most");
      report.checks.push_back({each.at("name"), each.at("value"),
                               at_most ? Check::Bound::at_most : Check::Bound::at_least,
                               each.at(at_most ? "at_most" : "at_least"), each.at("unit")});
    }
    return report;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

std::string Report::text() const {
  std::size_t width = 0;
  for (const Figure& each : figures) width = std::max(width, each.name.size());
  for (const Check& each : checks) width = std::max(width, each.name.size());
  std::string text = title + "\n";
  for (const Figure& each : figures) {
    text += "  " + padded(each.name, width) + "  " + with_unit(each.value, each.unit) + "\n";
  }
  for (const Check& each : checks) {
    const char* const bound = each.bound == Check::Bound::at_most ? "at most " : "at least ";
    text += "  " + padded(each.name, width) + "  " + padded(with_unit(each.value, each.unit), 14) +
            (each.holds() ? "as it must be: " : "FAILED, for it must be ") + bound +
            number_text(each.limit) + "\n";
  }
  return text;
}

std::string Report::json() const {
  nlohmann::ordered_json json = {{"title", title}, {"holds", holds()}};
  auto& figures_json = json["figures"] = nlohmann::ordered_json::array();
  for (const Figure& each : figures) {
    figures_json.push_back({{"name", each.name}, {"value", each.value}, {"unit", each.unit}});
    if (each.runs == Figure::Over::sum) figures_json.back()["over_runs"] = "sum";
  }
  auto& checks_json = json["checks"] = nlohmann::ordered_json::array();
  for (const Check& each : checks) {
    checks_json.push_back(
        {{"name", each.name},
         {"value", each.value},
         {each.bound == Check::Bound::at_most ? "at_most" : "at_least", each.limit},
         {"unit", each.unit},
         {"holds", each.holds()}});
  }
  auto& curves_json = json["curves"] = nlohmann::ordered_json::array();
  for (const Curve& each : curves) {
    curves_json.push_back({{"name", each.name}, {"points", each.points}});
  }
  return json.dump(2) + "\n";
}

std::string Report::csv() const {
  std::map<double, std::vector<std::string>> rows;
  std::string text = "hours";
  for (std::size_t i = 0; i < curves.size(); ++i) {
    text += ",\"" + curves[i].name + "\"";
    for (const auto& [hour, value] : curves[i].points) {
      auto& row = rows[hour];
      row.resize(curves.size());
      row[i] = number_text(value);
    }
  }
  text += "\n";
  for (const auto& [hour, values] : rows) {
    char when[32];
    std::snprintf(when, sizeof when, "%.5f", hour);
    text += when;
    for (const std::string& each : values) text += "," + each;
    text += "\n";
  }
  return text;
}

}  // namespace peerage::sim
