#include "cmd/base/process.h"

#include <algorithm>
#include <string>

#include <sys/resource.h>

namespace peerage::cmd {

void settle_signals(Process process) noexcept {
  if (process == Process::node) {
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGHUP);
    sigprocmask(SIG_BLOCK, &held, nullptr);
    std::signal(SIGPIPE, SIG_IGN);  // a log without a reader is no reason to end
  }
  std::signal(SIGUSR1, SIG_IGN);
  std::signal(SIGUSR2, SIG_IGN);  // last: whoever sees it knows that all is settled
}

Signals::Signals(std::initializer_list<int> signals) {
  sigemptyset(&set_);
  for (const int signal : signals) sigaddset(&set_, signal);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
}

int Signals::wait_for(conn::Duration span) const {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(span);
  const timespec timeout = {seconds.count(), (span - seconds).count()};
  return std::max(0, sigtimedwait(&set_, nullptr, &timeout));
}

conn::Result<void> allow_connections(std::size_t connections) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  // Besides those of connections: the standard ones, and a shard's own few.
  static constexpr std::size_t kOwn = 32;
  const std::size_t all = connections + conn::kReservedDescriptors + kOwn;
  if (limit.rlim_max == RLIM_INFINITY || all <= limit.rlim_max) return {};
  return conn::fail(conn::Stage::configuration, conn::Reason::out_of_descriptors,
                    std::to_string(connections) + " connections need " + std::to_string(all) +
                        " descriptors, and the hard limit is " + std::to_string(limit.rlim_max) +
                        " (ulimit -Hn)");
}

}  // namespace peerage::cmd
