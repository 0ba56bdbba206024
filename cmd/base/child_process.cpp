#include "cmd/base/child_process.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace peerage::cmd {

using conn::fail;
using conn::Reason;
using conn::Result;
using conn::Stage;

namespace {

tl::unexpected<conn::Failure> system_failure(const std::string& what) {
  return fail(Stage::configuration, Reason::io_error, what + ": " + std::strerror(errno));
}

// In the child, between fork and exec: only what is safe there.
[[noreturn]] void become(char* const* arguments, pid_t parent, int output, int errors) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it ended before we could ask to end with it
  ::setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing < 0 || ::dup2(nothing, STDIN_FILENO) < 0 || ::dup2(output, STDOUT_FILENO) < 0 ||
      ::dup2(errors, STDERR_FILENO) < 0) {
    ::_exit(127);
  }
  ::execv("/proc/self/exe", arguments);
  ::_exit(127);
}

}  // namespace

Result<ChildProcess> ChildProcess::start(const std::vector<std::string>& arguments,
                                         const std::filesystem::path& log) {
  std::vector<char*> words;
  std::string name = "peerage";
  words.push_back(name.data());
  std::vector<std::string> copies = arguments;
  for (std::string& each : copies) words.push_back(each.data());
  words.push_back(nullptr);

  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_failure("a pipe");
  const int errors = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const pid_t parent = ::getpid();
  const pid_t id = errors < 0 ? -1 : ::fork();
  if (id == 0) become(words.data(), parent, ends[1], errors);
  const auto failure = id < 0 ? std::optional(system_failure(log.string())) : std::nullopt;
  ::close(ends[1]);
  if (errors >= 0) ::close(errors);
  if (failure) {
    ::close(ends[0]);
    return *failure;
  }
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return ChildProcess(id, ends[0], log);
}

ChildProcess::ChildProcess(pid_t id, int output, const std::filesystem::path& log)
    : id_(id), output_(output), log_(log, std::ios::app) {}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : id_(std::exchange(other.id_, -1)),
      output_(std::exchange(other.output_, -1)),
      ended_(other.ended_),
      received_(std::move(other.received_)),
      log_(std::move(other.log_)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  ChildProcess old(std::move(*this));
  id_ = std::exchange(other.id_, -1);
  output_ = std::exchange(other.output_, -1);
  ended_ = other.ended_;
  received_ = std::move(other.received_);
  log_ = std::move(other.log_);
  return *this;
}

ChildProcess::~ChildProcess() {
  if (id_ > 0 && !ended()) {
    ::kill(id_, SIGKILL);
    ::waitpid(id_, nullptr, 0);
  }
  if (output_ >= 0) ::close(output_);
}

void ChildProcess::read_what_is_there() {
  char buffer[16384];
  while (output_ >= 0 && received_.size() < kMaxLine) {
    const ssize_t count = ::read(output_, buffer, sizeof buffer);
    if (count > 0) {
      received_.append(buffer, static_cast<std::size_t>(count));
      log_.write(buffer, count);
      continue;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) break;
    ::close(std::exchange(output_, -1));
  }
  log_.flush();
}

std::vector<std::string> ChildProcess::read_lines() {
  read_what_is_there();
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = received_.find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    lines.push_back(received_.substr(begin, end - begin));
  }
  received_.erase(0, begin);
  if (received_.size() >= kMaxLine || (output_ < 0 && !received_.empty())) {
    lines.push_back(std::exchange(received_, {}));
  }
  return lines;
}

std::optional<int> ChildProcess::ended() {
  if (ended_ || id_ <= 0) return ended_;
  int status = 0;
  if (::waitpid(id_, &status, WNOHANG) == id_) {
    ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return ended_;
}

void ChildProcess::signal(int number) const {
  if (id_ > 0 && !ended_) ::kill(id_, number);
}

bool ChildProcess::wait(conn::Duration within) {
  const auto end = std::chrono::steady_clock::now() + within;
  while (!ended()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    // A child that blocks until we read must be able to end.
    read_what_is_there();
    pollfd readable = {output_, POLLIN, 0};
    ::poll(&readable, 1, 10);
    if (output_ < 0) ::poll(nullptr, 0, 10);
  }
  read_what_is_there();
  return true;
}

}  // namespace peerage::cmd
