#include "cmd/node/service_notify.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;

// systemd's end.
class Manager {
 public:
  explicit Manager(const std::string& name) : name_(name) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path, name.data(), name.size());
    if (name.front() == '@') at.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&at), size), 0);
  }
  ~Manager() {
    ::close(socket_);
    if (name_.front() == '/') ::unlink(name_.c_str());
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  std::string heard() const {
    std::array<char, 4096> text{};
    const ssize_t size = ::recv(socket_, text.data(), text.size(), MSG_DONTWAIT);
    return size < 0 ? "" : std::string(text.data(), static_cast<std::size_t>(size));
  }
  const std::string& name() const { return name_; }

 private:
  const std::string name_;
  const int socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

std::string unique(const std::string& prefix) {
  return prefix + "peerage-notify-" + std::to_string(::getpid());
}

TEST(ServiceNotify, EachStateIsADatagramToTheSocketOfThatPath) {
  const Manager manager(unique(::testing::TempDir()));
  const ServiceNotify notify(Environment({{"NOTIFY_SOCKET", manager.name()}}));
  notify.ready();
  EXPECT_EQ(manager.heard(), "READY=1");
  notify.stopping(75s);
  EXPECT_EQ(manager.heard(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=75000000");
  notify.watchdog();
  EXPECT_EQ(manager.heard(), "WATCHDOG=1");
  notify.reloading();
  EXPECT_TRUE(manager.heard().starts_with("RELOADING=1\nMONOTONIC_USEC="));
}

TEST(ServiceNotify, AnAbstractNameIsKnownByItsAt) {
  const Manager manager(unique("@"));
  ServiceNotify(Environment({{"NOTIFY_SOCKET", manager.name()}})).ready();
  EXPECT_EQ(manager.heard(), "READY=1");
}

TEST(ServiceNotify, AStatusIsOneLineAndCannotPassForAnotherState) {
  const Manager manager(unique("@"));
  const ServiceNotify notify(Environment({{"NOTIFY_SOCKET", manager.name()}}));
  notify.status("12 peers\nSTOPPING=1");
  EXPECT_EQ(manager.heard(), "STATUS=12 peers\\x0aSTOPPING=1");
}

TEST(ServiceNotify, WithoutASocketNothingHappens) {
  for (const std::string socket : {"", "relative", "@", "/", "/nonexistent/socket"}) {
    const ServiceNotify notify(Environment({{"NOTIFY_SOCKET", socket}}));
    notify.ready();
    notify.status("x");
  }
  const ServiceNotify too_long(Environment({{"NOTIFY_SOCKET", "/" + std::string(300, 'x')}}));
  too_long.ready();
  ServiceNotify(Environment({})).stopping(1s);
}

TEST(ServiceNotify, AManagerThatDoesNotListenBlocksNothing) {
  const Manager manager(unique("@"));
  const ServiceNotify notify(Environment({{"NOTIFY_SOCKET", manager.name()}}));
  for (int i = 0; i < 10'000; ++i) notify.status("again");
  EXPECT_EQ(manager.heard(), "STATUS=again");
}

TEST(ServiceNotify, TheWatchdogIsFedTwiceAsOftenAsItAsks) {
  const auto interval = [](std::map<std::string, std::string> variables) {
    variables["NOTIFY_SOCKET"] = "/nonexistent";
    return ServiceNotify(Environment(std::move(variables))).watchdog_interval();
  };
  EXPECT_EQ(interval({{"WATCHDOG_USEC", "30000000"}}), 15s);
  EXPECT_EQ(interval({{"WATCHDOG_USEC", "30000000"}, {"WATCHDOG_PID", std::to_string(::getpid())}}),
            15s);
  EXPECT_FALSE(interval({{"WATCHDOG_USEC", "30000000"}, {"WATCHDOG_PID", "1"}}));
  EXPECT_FALSE(interval({}));
  for (const std::string bad : {"", "0", "-5", "soon", "99999999999999999999"}) {
    EXPECT_FALSE(interval({{"WATCHDOG_USEC", bad}})) << bad;
  }
}

}  // namespace
}  // namespace peerage::cmd
