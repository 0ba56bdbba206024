#include "cmd/node/service_notify.h"

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

std::optional<std::int64_t> number_of(const Environment& environment, const char* name) {
  const auto text = value_of(environment, name);
  if (!text) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return number;
}

}  // namespace

ServiceNotify::ServiceNotify(const Environment& environment) {
  address_ = value_of(environment, "NOTIFY_SOCKET").value_or("");
  // An absolute path or an abstract name; systemd has no other kind for us.
  const bool known = address_.starts_with('/') || address_.starts_with('@');
  if (!known || address_.size() < 2 || address_.size() >= sizeof(sockaddr_un::sun_path)) {
    address_.clear();
    return;
  }
  if (address_.front() == '@') address_.front() = '\0';
  socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const auto microseconds = number_of(environment, "WATCHDOG_USEC");
  const auto process = number_of(environment, "WATCHDOG_PID");
  if (microseconds && *microseconds > 1 && *microseconds < INT64_MAX / 1000 &&
      (!process || *process == ::getpid())) {
    watchdog_interval_ = std::chrono::microseconds(*microseconds / 2);
  }
}

ServiceNotify::~ServiceNotify() {
  if (socket_ >= 0) ::close(socket_);
}

void ServiceNotify::send(std::string_view message) const noexcept {
  if (socket_ < 0) return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  // Lost if it cannot be sent: there is no one to report to.
  [[maybe_unused]] const ssize_t sent =
      ::sendto(socket_, message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&to), size);
}

void ServiceNotify::ready() const noexcept {
  send("READY=1");
}

void ServiceNotify::reloading() const noexcept {
  // Type=notify-reload needs the time, to distinguish this reload from an earlier one.
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  try {
    send("RELOADING=1\nMONOTONIC_USEC=" +
         std::to_string(std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000));
  } catch (...) {  // NOLINT(bugprone-empty-catch): no memory, no message
  }
}

void ServiceNotify::stopping(conn::Duration within) const noexcept {
  try {
    send("STOPPING=1\nEXTEND_TIMEOUT_USEC=" +
         std::to_string(within / std::chrono::microseconds(1)));
  } catch (...) {  // NOLINT(bugprone-empty-catch): no memory, no message
  }
}

void ServiceNotify::status(std::string_view text) const noexcept {
  try {
    send("STATUS=" + conn::printable(text));  // of one line: another would be another variable
  } catch (...) {                             // NOLINT(bugprone-empty-catch): no memory, no message
  }
}

void ServiceNotify::watchdog() const noexcept {
  send("WATCHDOG=1");
}

}  // namespace peerage::cmd
