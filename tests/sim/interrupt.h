// Ctrl-C, and SIGTERM, as a request: what runs long looks now and then, ends early, and reports
// what it has. A second one ends the process at once.
//
// Threads: one of these in a process, made before what it is to end. Children that are forked later
// take neither signal (leave_to_parent); they end with their parent.
#pragma once

#include <stdexcept>
#include <utility>

#include "tests/sim/report.h"

namespace peerage::sim {

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Whether one has come. False where there is no Interrupt.
  static bool came() noexcept;
  // In a child: the parent decides when it ends.
  static void leave_to_parent();

  // By convention, for a process that SIGINT has ended.
  static constexpr int kExitCode = 130;
};

// Thrown by what was interrupted.
struct Interrupted : std::runtime_error {
  explicit Interrupted(Report report)
      : std::runtime_error("interrupted"), so_far(std::move(report)) {}
  Report so_far;
};

}  // namespace peerage::sim
