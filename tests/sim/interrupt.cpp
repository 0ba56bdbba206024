#include "tests/sim/interrupt.h"

#include <csignal>

#include <sys/prctl.h>

namespace peerage::sim {
namespace {

volatile std::sig_atomic_t signal_came = 0;

void on_signal(int signal) {
  signal_came = 1;
  std::signal(signal, SIG_DFL);
}

// Without SA_RESTART: a wait for children must end, too.
void set(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
}

}  // namespace

Interrupt::Interrupt() {
  signal_came = 0;
  set(on_signal);
}

Interrupt::~Interrupt() {
  set(SIG_DFL);
}

bool Interrupt::came() noexcept {
  return signal_came != 0;
}

void Interrupt::leave_to_parent() {
  set(SIG_IGN);
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

}  // namespace peerage::sim
