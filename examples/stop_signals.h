// Ctrl-C and SIGTERM, for programs that tidy up before they end.
#pragma once

#include <chrono>
#include <csignal>

// Made before any thread is started, so that all of them leave the signals to it.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }
  // True as soon as one came, false when none did within `span`.
  bool wait_for(std::chrono::nanoseconds span) const {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(span);
    const timespec timeout = {seconds.count(), (span - seconds).count()};
    return sigtimedwait(&signals_, nullptr, &timeout) > 0;
  }
  void wait() const {
    while (!wait_for(std::chrono::hours(1))) {
    }
  }

 private:
  sigset_t signals_;
};
