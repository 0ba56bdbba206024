// A client that sends any bytes, and waits for others.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn/address/ip_address.h"
#include "conn/base/file.h"

namespace peerage::cmd {

class RawClient {
 public:
  // Of an IPv4 address.
  explicit RawClient(const conn::Endpoint& server)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), port_(server.port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
        ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  std::string port() const { return std::to_string(port_); }
  bool connected() const { return connected_; }

  // What the server does not take, because it has closed, is lost.
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  // Whether `awaited` comes, within five seconds.
  bool exchange(std::string_view bytes, std::string_view awaited) {
    send(bytes);
    while (received_.find(awaited) == std::string::npos) {
      if (!read_some()) return false;
    }
    received_.erase(0, received_.find(awaited) + awaited.size());
    return true;
  }
  // All that comes until the server closes; within five seconds, else "(open)" is added.
  std::string read_to_end() {
    while (read_some()) {
    }
    return received_ + (ended_ ? "" : "(open)");
  }

  bool upgrade(const std::string& path, const std::string& more = {}) {
    return exchange("GET " + path + " HTTP/1.1\r\nHost: localhost:" + port() +
                        "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                        "Sec-WebSocket-Version: 13\r\n" +
                        more + "\r\n",
                    "\r\n\r\n") &&
           !refused_upgrade();
  }
  // Masked by zeros, whole.
  static std::string frame(unsigned opcode, std::string_view text) {
    std::string frame(1, static_cast<char>(0x80 | opcode));
    if (text.size() < 126) {
      frame += static_cast<char>(0x80 | text.size());
    } else {
      frame += static_cast<char>(0x80 | 126);
      frame += static_cast<char>(text.size() >> 8);
      frame += static_cast<char>(text.size() & 0xff);
    }
    return frame.append(4, '\0').append(text);
  }

 private:
  bool read_some() {
    pollfd waiting{socket_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, 5'000) != 1) return false;
    char bytes[4096];
    const ssize_t count = ::recv(socket_.get(), bytes, sizeof bytes, 0);
    ended_ = count <= 0;
    if (!ended_) received_.append(bytes, static_cast<std::size_t>(count));
    if (first_.size() < 12) first_ = received_.substr(0, 12);
    return !ended_;
  }
  bool refused_upgrade() const { return first_ != "HTTP/1.1 101"; }

  conn::Descriptor socket_;
  std::uint16_t port_;
  std::string received_;
  std::string first_;
  bool connected_ = false;
  bool ended_ = false;
};

}  // namespace peerage::cmd
