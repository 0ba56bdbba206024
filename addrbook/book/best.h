// The best of more rows than memory should hold.
//
// Threads: none of its own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace peerage::addrbook {

// Keeps the best `limit`, at least 1, of any number of rows, in memory for twice as many.
template <typename Row, typename Better>
class Best {
 public:
  Best(std::size_t limit, Better better) : limit_(limit), better_(better) {}

  void add(Row row) {
    rows_.push_back(std::move(row));
    if (rows_.size() >= 2 * limit_) cut();
  }
  // What is kept; `dropped` grows by what is not.
  std::vector<Row> take(std::size_t& dropped) {
    cut();
    dropped += dropped_;
    return std::move(rows_);
  }

 private:
  void cut() {
    if (rows_.size() <= limit_) return;
    const auto end = rows_.begin() + static_cast<std::ptrdiff_t>(limit_);
    std::nth_element(rows_.begin(), end, rows_.end(), better_);
    dropped_ += rows_.size() - limit_;
    rows_.erase(end, rows_.end());
  }

  std::size_t limit_;
  Better better_;
  std::size_t dropped_ = 0;
  std::vector<Row> rows_;
};

}  // namespace peerage::addrbook
