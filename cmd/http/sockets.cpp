#include "cmd/http/sockets.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>

#include "conn/base/bytes.h"
#include "conn/base/file_reason.h"

namespace peerage::cmd {
namespace {

using conn::Reason;
using conn::Stage;

union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

// The address and its length.
std::pair<Address, socklen_t> address_of(const conn::Endpoint& endpoint) {
  Address address{};
  if (endpoint.ip.is_v4()) {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(endpoint.port);
    std::memcpy(&address.v4.sin_addr, endpoint.ip.v4_bytes().data(), 4);
    return {address, sizeof address.v4};
  }
  address.v6.sin6_family = AF_INET6;
  address.v6.sin6_port = htons(endpoint.port);
  std::memcpy(&address.v6.sin6_addr, endpoint.ip.bytes().data(), 16);
  return {address, sizeof address.v6};
}

std::optional<conn::Endpoint> endpoint_of(const Address& address) {
  if (address.any.sa_family == AF_INET) {
    std::array<std::uint8_t, 4> ip{};
    std::memcpy(ip.data(), &address.v4.sin_addr, ip.size());
    return conn::Endpoint{conn::IpAddress::v4(ip[0], ip[1], ip[2], ip[3]),
                          ntohs(address.v4.sin_port)};
  }
  if (address.any.sa_family == AF_INET6) {
    conn::ByteArray<16> ip{};
    std::memcpy(ip.data(), &address.v6.sin6_addr, ip.size());
    return conn::Endpoint{conn::IpAddress::v6(ip), ntohs(address.v6.sin6_port)};
  }
  return std::nullopt;
}

tl::unexpected<conn::Failure> failed(int error, const std::string& where) {
  const Reason reason = error == EADDRINUSE ? Reason(Reason::address_in_use)
                                            : conn::file_reason(error, Reason::io_error);
  return conn::fail(Stage::configuration, reason,
                    where + ": " + std::generic_category().message(error));
}

conn::Descriptor new_socket(int family) {
  return conn::Descriptor(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

bool set_option(int socket, int level, int option, int value) {
  return ::setsockopt(socket, level, option, &value, sizeof value) == 0;
}

bool bind_and_listen(int socket, const Address& address, socklen_t size) {
  return ::bind(socket, &address.any, size) == 0 && ::listen(socket, SOMAXCONN) == 0;
}

}  // namespace

conn::Result<conn::Descriptor> listen_tcp(const conn::Endpoint& endpoint) {
  conn::Descriptor socket = new_socket(endpoint.ip.is_v4() ? AF_INET : AF_INET6);
  if (!socket.is_open() && errno == EAFNOSUPPORT && endpoint.ip == conn::IpAddress()) {
    return listen_tcp({conn::IpAddress::v4(0, 0, 0, 0), endpoint.port});
  }
  if (!socket.is_open()) return failed(errno, endpoint.to_string());
  set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (!endpoint.ip.is_v4()) {
    set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, endpoint.ip == conn::IpAddress() ? 0 : 1);
  }
  const auto [address, size] = address_of(endpoint);
  if (!bind_and_listen(socket.get(), address, size)) return failed(errno, endpoint.to_string());
  return socket;
}

std::optional<conn::Endpoint> local_endpoint(int socket) {
  Address address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, &address.any, &size) != 0) return std::nullopt;
  return endpoint_of(address);
}

std::optional<conn::Endpoint> remote_endpoint(int socket) {
  Address address{};
  socklen_t size = sizeof address;
  if (::getpeername(socket, &address.any, &size) != 0) return std::nullopt;
  return endpoint_of(address);
}

}  // namespace peerage::cmd
