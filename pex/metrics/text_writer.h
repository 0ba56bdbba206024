// Writes Prometheus' text format, version 0.0.4: families of series, each with its help and type.
//
//   writer.family("peerage_peers", MetricType::gauge, "Peers now.");
//   writer.value({{"chain_id", "my-chain"}, {"direction", "inbound"}}, 7);
//
// What it keeps for the caller: a family's help and type stand once, before its series, and not at
// all when it has none; labels are in byte order, but for `le`, which is last; their values and the
// help are escaped. What the caller keeps: all series of a family follow one another, and no two
// have the same labels.
//
// Numbers: whole ones without exponent or fraction up to 2^53, which is what a reader can hold;
// others as the shortest text that reads back as the same.
//
// Source: prometheus.io/docs/instrumenting/exposition_formats. Threads: none of its own.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conn/base/histogram.h"

namespace peerage::pex {

enum class MetricType : std::uint8_t { counter, gauge, histogram };

// Whether a series' name may be this, or begin with it: [A-Za-z_][A-Za-z0-9_]*.
bool is_metric_name(std::string_view name) noexcept;

// "3", "0.25", "+Inf", "NaN".
std::string metric_number(double value);

class TextWriter {
 public:
  using Label = std::pair<std::string_view, std::string_view>;
  using Labels = std::vector<Label>;

  // A full stop ends the help.
  void family(std::string name, MetricType type, std::string_view help);

  void value(Labels labels, std::uint64_t value);
  void value(Labels labels, double value);
  // Its unit is 1/`per_unit` of the one that the name says: 1e9 for times.
  void histogram(Labels labels, const conn::HistogramCounts& counts, double per_unit = 1e9);

  const std::string& text() const noexcept { return text_; }
  std::string take() { return std::move(text_); }

 private:
  void series(std::string_view suffix, const Labels& labels, std::string_view le,
              std::string_view value);

  std::string text_;
  std::string name_;
  std::string head_;  // help and type of the family; empty once they are written
};

}  // namespace peerage::pex
