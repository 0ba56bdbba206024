#include "tests/integration/visitors.h"

#include <algorithm>
#include <cerrno>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

namespace peerage::test {
namespace {

sockaddr_in to_sockaddr(std::uint32_t ip, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(ip);
  address.sin_port = htons(port);
  return address;
}

}  // namespace

std::uint32_t to_number(const conn::IpAddress& ip) {
  const auto bytes = ip.v4_bytes();
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
         std::uint32_t{bytes[2]} << 8 | bytes[3];
}

int dial(int epoll, std::uint32_t from_ip, const conn::Endpoint& target) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return -1;
  const int on = 1;
  ::setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const sockaddr_in from = to_sockaddr(from_ip, 0);
  const sockaddr_in to = to_sockaddr(to_number(target.ip), target.port);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0 ||
      (::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 &&
       errno != EINPROGRESS)) {
    const int error = errno;
    ::close(socket);
    errno = error;
    return -1;
  }
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT;
  event.data.fd = socket;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
  return socket;
}

int finish_dial(int epoll, int socket) {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return error;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = socket;
  ::epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event);
  return 0;
}

std::size_t Spans::within(double limit) const {
  return static_cast<std::size_t>(std::count_if(values_.begin(), values_.end(),
                                                [limit](double value) { return value <= limit; }));
}

Spans::Summary Spans::summary() {
  if (values_.empty()) return {};
  std::sort(values_.begin(), values_.end());
  return {values_.size(), values_[(values_.size() - 1) / 2],
          values_[(values_.size() - 1) * 99 / 100], values_.back()};
}

}  // namespace peerage::test
