#include "conn/runtime/asio_runtime_datagrams.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <asio/ip/udp.hpp>
#include <netinet/in.h>
#include <sys/socket.h>

#include "conn/runtime/asio_runtime_readiness.h"
#include "conn/runtime/asio_runtime_socket.h"

namespace peerage::conn::asio_runtime {
namespace {

using asio::ip::udp;

// A socket's addresses are all of its own family: one of IPv6 knows IPv4 addresses as mapped ones,
// which is how IpAddress holds them.
enum class Family : std::uint8_t { v4, v6 };

Family family_of(const IpAddress& address) {
  return address.is_v4() ? Family::v4 : Family::v6;
}

union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

in_addr to_v4(const IpAddress& address) {
  const ByteArray<4> octets = address.v4_bytes();
  in_addr out{};
  std::memcpy(&out, octets.data(), octets.size());
  return out;
}
IpAddress from_v4(const in_addr& address) {
  ByteArray<4> octets;
  std::memcpy(octets.data(), &address, octets.size());
  return IpAddress::v4(octets[0], octets[1], octets[2], octets[3]);
}
in6_addr to_v6(const IpAddress& address) {
  in6_addr out{};
  std::memcpy(&out, address.bytes().data(), address.bytes().size());
  return out;
}
IpAddress from_v6(const in6_addr& address) {
  ByteArray<16> bytes;
  std::memcpy(bytes.data(), &address, bytes.size());
  return IpAddress::v6(bytes);
}

// Its length. An IPv6 address stays one on a socket of IPv4, which the system then refuses.
socklen_t write_address(SocketAddress& out, Family family, const Endpoint& endpoint) {
  if (family == Family::v4 && endpoint.ip.is_v4()) {
    out.v4 = {};
    out.v4.sin_family = AF_INET;
    out.v4.sin_port = htons(endpoint.port);
    out.v4.sin_addr = to_v4(endpoint.ip);
    return sizeof out.v4;
  }
  out.v6 = {};
  out.v6.sin6_family = AF_INET6;
  out.v6.sin6_port = htons(endpoint.port);
  out.v6.sin6_addr = to_v6(endpoint.ip);
  return sizeof out.v6;
}

Endpoint read_address(const SocketAddress& address) {
  if (address.any.sa_family == AF_INET) {
    return {from_v4(address.v4.sin_addr), ntohs(address.v4.sin_port)};
  }
  return {from_v6(address.v6.sin6_addr), ntohs(address.v6.sin6_port)};
}

// What the system says beside a datagram: the address of ours, and the datagrams that were lost.
struct alignas(cmsghdr) Control {
  std::array<char, CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(std::uint32_t))> bytes;
};

template <typename Info>
void put_packet_info(msghdr& message, int level, int type, const Info& info) {
  message.msg_controllen = CMSG_SPACE(sizeof info);
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(header), &info, sizeof info);
}

// Which address of ours the datagram leaves from.
void write_local(msghdr& message, Control& control, Family family, const IpAddress& local) {
  message.msg_control = control.bytes.data();
  if (family == Family::v4) {
    in_pktinfo info{};
    info.ipi_spec_dst = to_v4(local);
    put_packet_info(message, IPPROTO_IP, IP_PKTINFO, info);
  } else {
    in6_pktinfo info{};
    info.ipi6_addr = to_v6(local);
    put_packet_info(message, IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

template <typename T>
T read_data(cmsghdr* header) {
  T value{};
  std::memcpy(&value, CMSG_DATA(header), sizeof value);
  return value;
}

bool is(const cmsghdr* header, int level, int type) {
  return header->cmsg_level == level && header->cmsg_type == type;
}

class AsioDatagramSocket final : public DatagramSocket {
 public:
  AsioDatagramSocket(udp::socket socket, const Endpoint& local, Family family, std::size_t longest)
      : watched_(std::move(socket)),
        local_(local),
        family_(family),
        longest_(longest),
        bytes_(longest * kDatagramBatch) {}

  std::span<const Datagram> receive() noexcept override {
    if (!watched_.is_open()) return {};
    std::array<mmsghdr, kDatagramBatch> messages{};
    std::array<iovec, kDatagramBatch> vectors;
    std::array<SocketAddress, kDatagramBatch> peers;
    std::array<Control, kDatagramBatch> controls;
    for (std::size_t i = 0; i < kDatagramBatch; ++i) {
      vectors[i] = {bytes_.data() + i * longest_, longest_};
      msghdr& header = messages[i].msg_hdr;
      header.msg_name = &peers[i];
      header.msg_namelen = sizeof peers[i];
      header.msg_iov = &vectors[i];
      header.msg_iovlen = 1;
      header.msg_control = controls[i].bytes.data();
      header.msg_controllen = controls[i].bytes.size();
    }
    const int count =
        ::recvmmsg(watched_.native(), messages.data(), kDatagramBatch, MSG_DONTWAIT, nullptr);
    if (count < 0) {
      const bool nothing = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
      figures_.receive_errors += nothing ? 0 : 1;
      return {};
    }
    const auto received = static_cast<std::size_t>(count);
    for (std::size_t i = 0; i < received; ++i) {
      const std::size_t length = std::min<std::size_t>(messages[i].msg_len, longest_);
      batch_[i] = {read_address(peers[i]), ByteView(bytes_).subspan(i * longest_, length),
                   read_control(messages[i].msg_hdr)};
    }
    figures_.received += received;
    return std::span<const Datagram>(batch_).first(received);
  }

  std::size_t send(std::span<const Datagram> datagrams) noexcept override {
    std::size_t taken = 0;
    while (watched_.is_open() && taken < datagrams.size()) {
      const auto batch =
          datagrams.subspan(taken, std::min(kDatagramBatch, datagrams.size() - taken));
      const std::size_t of_batch = send_batch(batch);
      taken += of_batch;
      if (of_batch < batch.size()) break;
    }
    return taken;
  }

  void when_readable(Task task) override { watched_.when_readable(std::move(task)); }
  void when_writable(Task task) override { watched_.when_writable(std::move(task)); }
  void close() noexcept override { watched_.close(); }
  Endpoint local_endpoint() const override { return local_; }
  DatagramFigures figures() const override { return figures_; }

 private:
  // The address of ours that the datagram came to.
  IpAddress read_control(msghdr& message) noexcept {
    IpAddress local = local_.ip;
    for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr;
         each = CMSG_NXTHDR(&message, each)) {
      if (is(each, IPPROTO_IP, IP_PKTINFO)) {
        local = from_v4(read_data<in_pktinfo>(each).ipi_spec_dst);
      } else if (is(each, IPPROTO_IPV6, IPV6_PKTINFO)) {
        local = from_v6(read_data<in6_pktinfo>(each).ipi6_addr);
      } else if (is(each, SOL_SOCKET, SO_RXQ_OVFL)) {
        // The system counts in 32 bits.
        const auto lost = read_data<std::uint32_t>(each);
        figures_.overflowed += std::uint32_t(lost - std::exchange(lost_, lost));
      }
    }
    return local;
  }

  // At most kDatagramBatch.
  std::size_t send_batch(std::span<const Datagram> batch) noexcept {
    std::array<mmsghdr, kDatagramBatch> messages{};
    std::array<iovec, kDatagramBatch> vectors;
    std::array<SocketAddress, kDatagramBatch> peers;
    std::array<Control, kDatagramBatch> controls;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Datagram& each = batch[i];
      vectors[i] = {const_cast<std::uint8_t*>(each.bytes.data()), each.bytes.size()};
      msghdr& header = messages[i].msg_hdr;
      header.msg_name = &peers[i];
      header.msg_namelen = write_address(peers[i], family_, each.peer);
      header.msg_iov = &vectors[i];
      header.msg_iovlen = 1;
      if (!each.local.unspecified()) write_local(header, controls[i], family_, each.local);
    }
    std::size_t taken = 0;
    while (taken < batch.size()) {
      const int count = ::sendmmsg(watched_.native(), messages.data() + taken,
                                   static_cast<unsigned>(batch.size() - taken), MSG_DONTWAIT);
      if (count > 0) {
        taken += static_cast<std::size_t>(count);
        figures_.sent += static_cast<std::uint64_t>(count);
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        break;
      } else if (errno != EINTR) {
        // It concerns the first: those before it would have been counted.
        ++taken;
        ++figures_.send_errors;
      }
    }
    return taken;
  }

  WatchedSocket<udp::socket> watched_;
  const Endpoint local_;
  const Family family_;
  const std::size_t longest_;
  Bytes bytes_;
  std::array<Datagram, kDatagramBatch> batch_;
  DatagramFigures figures_;
  std::uint32_t lost_ = 0;  // as the system last said
};

// Not SO_REUSEADDR, with which two sockets would share a port, and the first lose what the second
// gets. Options are improvements, none a condition.
void tune(udp::socket& socket, Family family) {
  const int native = socket.native_handle();
  set_option(native, SOL_SOCKET, SO_RCVBUF, int{kDatagramReceiveBuffer});
  set_option(native, SOL_SOCKET, SO_RXQ_OVFL, 1);
  if (family == Family::v4) {
    set_option(native, IPPROTO_IP, IP_PKTINFO, 1);
  } else {
    set_option(native, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    set_option(native, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  }
}

}  // namespace

Result<std::unique_ptr<DatagramSocket>> open_datagrams(asio::io_context& context,
                                                       const Endpoint& at, std::size_t longest) {
  const Family family = family_of(at.ip);
  udp::socket socket(context);
  asio::error_code error;
  socket.open(family == Family::v4 ? udp::v4() : udp::v6(), error);
  if (error) return tl::unexpected(bind_failure(at, error.value()));
  tune(socket, family);
  SocketAddress address;
  socklen_t length = write_address(address, family, at);
  if (::bind(socket.native_handle(), &address.any, length) != 0) {
    return tl::unexpected(bind_failure(at, errno));
  }
  length = sizeof address;
  if (::getsockname(socket.native_handle(), &address.any, &length) != 0) {
    return tl::unexpected(bind_failure(at, errno));
  }
  return std::make_unique<AsioDatagramSocket>(std::move(socket), read_address(address), family,
                                              longest);
}

}  // namespace peerage::conn::asio_runtime
