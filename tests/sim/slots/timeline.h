// Virtual time: what is to happen when, and what time it is.
//
// Threads: plain values.
#pragma once

#include <utility>

#include "tests/sim/event_queue.h"

namespace peerage::sim::slots {

class Timeline {
 public:
  explicit Timeline(conn::TimePoint now) : now_(now) {}

  conn::TimePoint now() const { return now_; }
  void after(conn::Duration delay, Action action) {
    events_.push(now_ + delay, std::move(action), {});
  }
  void run_for(conn::Duration span) {
    const conn::TimePoint end = now_ + span;
    while (!events_.empty() && events_.next() <= end) {
      auto event = events_.pop();
      now_ = event.when;
      event.action();
    }
    now_ = end;
  }

 private:
  EventQueue events_;
  conn::TimePoint now_;
};

}  // namespace peerage::sim::slots
