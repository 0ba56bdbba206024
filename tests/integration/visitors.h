// What the programs that send many visitors to one node have in common: sockets of one process from
// many loopback addresses, and a summary of how long things took.
#pragma once

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nlohmann/json.hpp>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn/net_address.h"

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

namespace peerage::test {

inline std::uint32_t to_number(const conn::IpAddress& ip) {
  const auto bytes = ip.v4_bytes();
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
         std::uint32_t{bytes[2]} << 8 | bytes[3];
}

inline sockaddr_in to_sockaddr(std::uint32_t ip, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(ip);
  address.sin_port = htons(port);
  return address;
}

// A socket that is connecting, watched by `epoll` until it can be read or written; -1, with errno,
// when there can be none.
inline int dial(int epoll, std::uint32_t from_ip, const conn::Endpoint& target) {
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

// What became of connecting: 0, or an errno. From then on only reading is watched for.
inline int finish_dial(int epoll, int socket) {
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

// Milliseconds, to be summed up.
class Spans {
 public:
  void add(std::chrono::steady_clock::duration span) {
    values_.push_back(std::chrono::duration<double, std::milli>(span).count());
  }
  std::size_t within(double limit) const {
    return static_cast<std::size_t>(std::count_if(
        values_.begin(), values_.end(), [limit](double value) { return value <= limit; }));
  }
  nlohmann::json summary() {
    if (values_.empty()) return {{"count", 0}};
    std::sort(values_.begin(), values_.end());
    return {{"count", values_.size()},
            {"p50", values_[(values_.size() - 1) / 2]},
            {"p99", values_[(values_.size() - 1) * 99 / 100]},
            {"max", values_.back()}};
  }

 private:
  std::vector<double> values_;
};

}  // namespace peerage::test
