// What a program needs of its process: waiting for signals, and enough descriptors.
#pragma once

#include <csignal>
#include <cstdint>
#include <initializer_list>

#include "conn/base/failure.h"
#include "conn/runtime/runtime.h"

namespace peerage::cmd {

// Signals that a process may get before it has given them a meaning. SIGUSR1 and SIGUSR2 are
// ignored, for they would end it; and for a node SIGPIPE too, and SIGHUP waits until it
// is taken. To be called before main; async-signal-safe.
enum class Process : std::uint8_t { tool, node };
void settle_signals(Process process) noexcept;

// Signals that are taken by waiting for them. Made by the main thread before any other is started,
// so that all have them blocked, and for as long as the process lives.
class Signals {
 public:
  Signals(std::initializer_list<int> signals);
  // The one that came within `span`, or 0.
  int wait_for(conn::Duration span) const;
  const sigset_t& set() const noexcept { return set_; }

 private:
  sigset_t set_{};
};

// Raises the soft limit of descriptors to the hard one: our own limits say how many connections
// there may be, not the shell's. Error (out_of_descriptors): even so `connections` cannot be held
// at a time.
conn::Result<void> allow_connections(std::size_t connections);

}  // namespace peerage::cmd
