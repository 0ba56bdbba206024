// Reads Prometheus' text format as strictly as its rules are, for tests of what we write. Names go
// by `promtool check metrics`, which has one complaint about a comet node's: chID.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace peerage::test {

using MetricLabels = std::map<std::string, std::string>;

struct MetricSeries {
  std::string name;
  MetricLabels labels;
  std::string text;  // of the value
  double value = 0;
};

class MetricLines {
 public:
  explicit MetricLines(const std::string& text) {
    if (text.empty() || text.back() != '\n') fault("the last line has no end");
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) read(line);
    for (const auto& [name, type] : types_) {
      if (type == "histogram") check_histogram(name);
    }
  }

  // Every breach of the format; to be empty.
  const std::vector<std::string>& faults() const { return faults_; }
  const std::vector<MetricSeries>& series() const { return series_; }
  std::optional<std::string> type_of(const std::string& family) const {
    const auto found = types_.find(family);
    return found == types_.end() ? std::nullopt : std::optional(found->second);
  }
  // Of the one series that has these labels, and perhaps others.
  std::optional<double> value(const std::string& name, const MetricLabels& labels = {}) const {
    std::optional<double> found;
    for (const MetricSeries& each : series_) {
      if (each.name != name || !has(each, labels)) continue;
      if (found) return std::nullopt;
      found = each.value;
    }
    return found;
  }
  double sum(const std::string& name, const MetricLabels& labels = {}) const {
    double sum = 0;
    for (const MetricSeries& each : series_) {
      if (each.name == name && has(each, labels)) sum += each.value;
    }
    return sum;
  }
  std::size_t count(const std::string& name, const MetricLabels& labels = {}) const {
    return static_cast<std::size_t>(std::count_if(
        series_.begin(), series_.end(),
        [&](const MetricSeries& each) { return each.name == name && has(each, labels); }));
  }
  std::size_t count_with(const std::string& label, const std::string& value) const {
    return static_cast<std::size_t>(
        std::count_if(series_.begin(), series_.end(), [&](const MetricSeries& each) {
          return has(each, {{label, value}});
        }));
  }

 private:
  static bool has(const MetricSeries& series, const MetricLabels& labels) {
    return std::all_of(labels.begin(), labels.end(), [&](const auto& label) {
      const auto found = series.labels.find(label.first);
      return found != series.labels.end() && found->second == label.second;
    });
  }
  static bool is_name(const std::string& name) {
    const auto is_part = [](char c) {
      return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    return !name.empty() && (name[0] < '0' || name[0] > '9') &&
           std::all_of(name.begin(), name.end(), is_part);
  }
  void fault(const std::string& what) { faults_.push_back(what); }

  void read(const std::string& line) {
    if (line.rfind("# ", 0) == 0) return read_head(line);
    MetricSeries series;
    std::size_t at = line.find_first_of("{ ");
    series.name = line.substr(0, at);
    if (!is_name(series.name)) fault("name: " + line);
    std::string before;
    if (at != std::string::npos && line[at] == '{') {
      ++at;
      while (at < line.size() && line[at] != '}') {
        const std::size_t equals = line.find("=\"", at);
        if (equals == std::string::npos) return fault("label: " + line);
        const std::string label = line.substr(at, equals - at);
        if (!is_name(label)) fault("label's name: " + line);
        if (label != "chID" &&
            std::any_of(label.begin(), label.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) {
          fault("camelCase: " + line);
        }
        if (label != "le" && label <= before) fault("order of labels: " + line);
        before = label == "le" ? "\x7f" : label;
        std::string value;
        for (at = equals + 2; at < line.size() && line[at] != '"'; ++at) {
          if (line[at] == '\\' && ++at < line.size()) {
            if (line[at] != '\\' && line[at] != '"' && line[at] != 'n') fault("escape: " + line);
            value += line[at] == 'n' ? '\n' : line[at];
          } else {
            value += line[at];
          }
        }
        series.labels[label] = value;
        if (++at < line.size() && line[at] == ',') ++at;
      }
      ++at;
    }
    if (at >= line.size() || line[at] != ' ') return fault("no value: " + line);
    series.text = line.substr(at + 1);
    std::size_t used = 0;
    try {
      series.value = std::stod(series.text, &used);
    } catch (const std::exception&) {
      used = 0;
    }
    if (used == 0 || used != series.text.size()) return fault("value: " + line);
    if (!seen_.insert(line.substr(0, at)).second) fault("twice: " + line);
    const auto [family, suffix] = family_of(series.name);
    if (family != family_) fault("outside its family: " + line);
    if (types_[family_] == "histogram" && suffix.empty()) fault("of a histogram: " + line);
    if (types_[family_] == "counter" && series.value < 0) fault("counter: " + line);
    series_.push_back(std::move(series));
  }

  // "name" and "", or the name of a histogram and what follows it.
  std::pair<std::string, std::string> family_of(const std::string& name) const {
    for (const std::string suffix : {"_bucket", "_sum", "_count"}) {
      if (name == family_ + suffix && types_.at(family_) == "histogram") return {family_, suffix};
    }
    return {name, ""};
  }

  void read_head(const std::string& line) {
    std::istringstream words(line);
    std::string hash, kind, name, rest;
    words >> hash >> kind >> name;
    std::getline(words >> std::ws, rest);
    if (kind == "HELP") {
      if (!helped_.insert(name).second) fault("help twice: " + line);
      if (rest.empty()) fault("no help: " + line);
      family_ = name;
    } else if (kind == "TYPE") {
      if (name != family_) fault("type without help: " + line);
      if (rest != "counter" && rest != "gauge" && rest != "histogram") fault("type: " + line);
      if (!types_.emplace(name, rest).second) fault("type twice: " + line);
      check_name(name, rest);
    } else {
      fault("comment: " + line);
    }
  }

  // As promtool's linter has it.
  void check_name(const std::string& name, const std::string& type) {
    const auto ends_in = [&name](const std::string& end) {
      return name.size() >= end.size() &&
             name.compare(name.size() - end.size(), end.size(), end) == 0;
    };
    if ((type == "counter") != ends_in("_total")) fault("_total is of counters: " + name);
    for (const char* reserved : {"_bucket", "_sum", "_count"}) {
      if (ends_in(reserved)) fault("of histograms: " + name);
    }
    for (const std::string unit : {"milliseconds", "minutes", "hours", "kilobytes", "percent"}) {
      if (name.find(unit) != std::string::npos) fault("unit: " + name);
    }
    if (std::any_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) {
      fault("camelCase: " + name);
    }
  }

  // Buckets rise, by bound and by count, and the last one is the count.
  void check_histogram(const std::string& name) {
    std::map<MetricLabels, std::vector<const MetricSeries*>> buckets;
    for (const MetricSeries& each : series_) {
      if (each.name != name + "_bucket") continue;
      MetricLabels labels = each.labels;
      labels.erase("le");
      buckets[labels].push_back(&each);
    }
    for (const auto& [labels, of_one] : buckets) {
      double bound = -std::numeric_limits<double>::infinity();
      double count = 0;
      for (const MetricSeries* each : of_one) {
        const double le = std::stod(each->labels.at("le"));
        if (le <= bound || each->value < count) fault("buckets of " + name);
        bound = le;
        count = each->value;
      }
      if (!std::isinf(bound)) fault("no +Inf: " + name);
      if (value_of_exactly(name + "_count", labels) != count) fault("count of " + name);
      if (!value_of_exactly(name + "_sum", labels)) fault("no sum: " + name);
    }
  }
  std::optional<double> value_of_exactly(const std::string& name,
                                         const MetricLabels& labels) const {
    for (const MetricSeries& each : series_) {
      if (each.name == name && each.labels == labels) return each.value;
    }
    return std::nullopt;
  }

  std::vector<MetricSeries> series_;
  std::map<std::string, std::string> types_;
  std::set<std::string> helped_;
  std::set<std::string> seen_;
  std::string family_;
  std::vector<std::string> faults_;
};

}  // namespace peerage::test
