// What systemd expects of a service of Type=notify: ready, stopping, status.
//
// Each message is one datagram to the socket that $NOTIFY_SOCKET names, a path or "@" and an
// abstract name. Without one nothing is sent; what cannot be sent at once is lost. Never blocks,
// never fails.
//
// Source: sd_notify(3), sd_watchdog_enabled(3). Threads: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cmd/config/settings.h"
#include "conn/runtime/runtime.h"

namespace peerage::cmd {

class ServiceNotify {
 public:
  // $NOTIFY_SOCKET; $WATCHDOG_USEC and $WATCHDOG_PID.
  explicit ServiceNotify(const Environment& environment = process_environment());
  ~ServiceNotify();
  ServiceNotify(const ServiceNotify&) = delete;
  ServiceNotify& operator=(const ServiceNotify&) = delete;

  // It listens and serves; also the end of a reload.
  void ready() const noexcept;
  void reloading() const noexcept;
  // It ends within that time: systemd shall wait so long, if that is more than its TimeoutStopSec.
  void stopping(conn::Duration within) const noexcept;
  // One line for `systemctl status`.
  void status(std::string_view text) const noexcept;

  // How often `watchdog` is to be called: half of what systemd waits for. Nothing when it does not.
  std::optional<conn::Duration> watchdog_interval() const noexcept { return watchdog_interval_; }
  void watchdog() const noexcept;

 private:
  void send(std::string_view message) const noexcept;

  std::string address_;  // as in sockaddr_un, a leading zero for an abstract name; empty: none
  int socket_ = -1;
  std::optional<conn::Duration> watchdog_interval_;
};

}  // namespace peerage::cmd
