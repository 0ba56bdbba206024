#include "pex/metrics/text_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace peerage::pex {
namespace {

std::string_view name_of(MetricType type) {
  switch (type) {
    case MetricType::counter:
      return "counter";
    case MetricType::gauge:
      return "gauge";
    case MetricType::histogram:
      return "histogram";
  }
  return "untyped";
}

template <typename... Arguments>
std::string to_text(Arguments... number) {
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number...).ptr;
  return {buffer.data(), end};
}

enum class Where : std::uint8_t { help, label };

void append_escaped(std::string& to, std::string_view text, Where where) {
  for (const char each : text) {
    if (each == '\n') {
      to += "\\n";
    } else if (each == '\\') {
      to += "\\\\";
    } else if (each == '"' && where == Where::label) {
      to += "\\\"";
    } else {
      to += each;
    }
  }
}

}  // namespace

bool is_metric_name(std::string_view name) noexcept {
  const auto is_letter = [](char each) {
    return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') || each == '_';
  };
  const auto is_part = [&](char each) { return is_letter(each) || (each >= '0' && each <= '9'); };
  return !name.empty() && is_letter(name.front()) && std::all_of(name.begin(), name.end(), is_part);
}

std::string metric_number(double value) {
  static constexpr double kExact = 9'007'199'254'740'992.0;  // 2^53
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  if (std::abs(value) <= kExact && std::trunc(value) == value) {
    return to_text(static_cast<std::int64_t>(value));
  }
  // As Go writes bounds: "0.0001".
  const bool is_plain = std::abs(value) >= 1e-4 && std::abs(value) < kExact;
  return is_plain ? to_text(value, std::chars_format::fixed) : to_text(value);
}

void TextWriter::family(std::string name, MetricType type, std::string_view help) {
  name_ = std::move(name);
  head_ = "# HELP " + name_ + ' ';
  append_escaped(head_, help, Where::help);
  head_ += "\n# TYPE " + name_ + ' ';
  head_ += name_of(type);
  head_ += '\n';
}

void TextWriter::value(Labels labels, std::uint64_t value) {
  std::sort(labels.begin(), labels.end());
  series({}, labels, {}, to_text(value));
}

void TextWriter::value(Labels labels, double value) {
  std::sort(labels.begin(), labels.end());
  series({}, labels, {}, metric_number(value));
}

void TextWriter::histogram(Labels labels, const conn::HistogramCounts& counts, double per_unit) {
  std::sort(labels.begin(), labels.end());
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < counts.bounds.size(); ++i) {
    cumulative += counts.counts[i];
    // Divided, not multiplied, so that a millisecond is 0.001 and no digit more.
    const double bound = static_cast<double>(counts.bounds[i]) / per_unit;
    series("_bucket", labels, metric_number(bound), to_text(cumulative));
  }
  const std::string all = to_text(counts.count());
  series("_bucket", labels, "+Inf", all);
  series("_sum", labels, {}, metric_number(static_cast<double>(counts.sum) / per_unit));
  series("_count", labels, {}, all);
}

void TextWriter::series(std::string_view suffix, const Labels& labels, std::string_view le,
                        std::string_view value) {
  text_ += head_;
  head_.clear();
  text_ += name_;
  text_ += suffix;
  char before = '{';
  const auto append = [&](std::string_view name, std::string_view label) {
    text_ += std::exchange(before, ',');
    text_ += name;
    text_ += "=\"";
    append_escaped(text_, label, Where::label);
    text_ += '"';
  };
  for (const auto& [name, label] : labels) append(name, label);
  if (!le.empty()) append("le", le);
  if (before == ',') text_ += '}';
  text_ += ' ';
  text_ += value;
  text_ += '\n';
}

}  // namespace peerage::pex
