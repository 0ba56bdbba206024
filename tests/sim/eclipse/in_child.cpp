#include "tests/sim/eclipse/in_child.h"

#include <cerrno>
#include <cstdio>
#include <exception>
#include <stdexcept>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/sim/interrupt.h"

namespace peerage::sim::eclipse {

Child begin_child(const std::function<void(int descriptor)>& work) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe for a child");
  std::fflush(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) throw std::runtime_error("no child");
  if (pid > 0) {
    ::close(ends[1]);
    return {pid, ends[0]};
  }
  ::close(ends[0]);
  Interrupt::leave_to_parent();
  int status = 0;
  try {
    work(ends[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "a trial failed: %s\n", error.what());
    status = 1;
  }
  // Neither destructors nor handlers: they are the parent's to run.
  ::_exit(status);
}

void write_line(int descriptor, const std::string& text) {
  const std::string line = text + "\n";
  std::size_t at = 0;
  while (at < line.size()) {
    const ssize_t put = ::write(descriptor, line.data() + at, line.size() - at);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw std::runtime_error("the outcome of a trial is not read");
    at += static_cast<std::size_t>(put);
  }
}

void end_child(const Child& child) {
  ::close(child.descriptor);
  int status = 0;
  pid_t ended = 0;
  do {
    ended = ::waitpid(child.pid, &status, 0);
  } while (ended < 0 && errno == EINTR);
  if (ended < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw std::runtime_error("a child did not end well");
  }
}

void kill_child(const Child& child) {
  ::kill(child.pid, SIGKILL);
  ::close(child.descriptor);
  (void)::waitpid(child.pid, nullptr, 0);
}

std::string in_child(const std::function<std::string()>& work) {
  const Child child = begin_child([&work](int descriptor) { write_line(descriptor, work()); });
  std::string text;
  char buffer[4096];
  while (true) {
    const ssize_t got = ::read(child.descriptor, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  end_child(child);
  return text;
}

}  // namespace peerage::sim::eclipse
