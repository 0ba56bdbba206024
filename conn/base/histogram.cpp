#include "conn/base/histogram.h"

#include <numeric>

namespace peerage::conn {

std::uint64_t HistogramCounts::count() const noexcept {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

HistogramCounts& HistogramCounts::operator+=(const HistogramCounts& other) {
  if (counts.empty()) return *this = other;
  for (std::size_t i = 0; i < std::min(counts.size(), other.counts.size()); ++i) {
    counts[i] += other.counts[i];
  }
  sum += other.sum;
  return *this;
}

HistogramCounts Histogram::read() const {
  HistogramCounts read{bounds_, {}, sum_.load(std::memory_order_relaxed)};
  read.counts.reserve(bounds_.size() + 1);
  for (std::size_t i = 0; i <= bounds_.size(); ++i) {
    read.counts.push_back(cells_[i].load(std::memory_order_relaxed));
  }
  return read;
}

}  // namespace peerage::conn
