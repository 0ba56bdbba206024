// How a command shows an experiment: its progress on a terminal, and the report as a picture.
//
// Threads: one.
#pragma once

#include <string>

#include "tests/sim/report.h"

namespace peerage::sim {

// A line that is written over and over; nothing where stderr is no terminal.
class Progress {
 public:
  void show(double done, const std::string& now);
  void clear();

 private:
  bool shown_ = false;
};

// The curves but those "a second", which have another unit; over minutes when it took two hours or
// less.
void draw_shares(const std::string& file, const Report& report, const std::string& unit);

}  // namespace peerage::sim
