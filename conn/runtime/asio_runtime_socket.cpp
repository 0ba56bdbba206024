#include "conn/runtime/asio_runtime_socket.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <asio/ip/v6_only.hpp>
#include <asio/steady_timer.hpp>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn/runtime/asio_runtime_readiness.h"
#include "conn/runtime/spent_arrival.h"

namespace peerage::conn::asio_runtime {
namespace {

using namespace std::chrono_literals;

// A vanished peer is noticed by our own pings in 105 s; TCP need not be quicker.
constexpr int kUserTimeoutMs = 105'000;
constexpr int kNotSentLowWater = 64 << 10;
// On a way this short a small window carries all there is to carry, and a large one is only a place
// where messages wait behind others. (A longer way gets the window that the kernel finds for it.)
constexpr std::uint32_t kShortWayUs = 1000;
constexpr int kShortWayWindow = 64 << 10;
constexpr int kListenBacklog = 1024;
constexpr int kAcceptBatch = 64;
constexpr Duration kAcceptPauseMin = 100ms;
// Half of the 2 s within which accepting has to go on once descriptors are free again.
constexpr Duration kAcceptPauseMax = 1s;

void tune(int socket) {
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs);
  set_option(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kNotSentLowWater);
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_rtt > 0 &&
      info.tcpi_rtt < kShortWayUs) {
    set_option(socket, SOL_SOCKET, SO_RCVBUF, kShortWayWindow);
  }
}

}  // namespace

Reason reason_of(int error, Reason otherwise) {
  switch (error) {
    case ECONNREFUSED:
      return Reason::connection_refused;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case ENETDOWN:
    case EINVAL:
      return Reason::unreachable;
    case ETIMEDOUT:
      return Reason::connect_timed_out;
    case ECONNRESET:
    case EPIPE:
      return Reason::connection_reset;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return Reason::out_of_descriptors;
    case EADDRINUSE:
      return Reason::address_in_use;
    default:
      return otherwise;
  }
}

Failure bind_failure(const Endpoint& at, int error) {
  if (error == EADDRNOTAVAIL) {  // "no route", of a dial
    return {Stage::configuration, Reason::io_error,
            at.to_string() + ": " + at.ip.to_string() +
                " is no address of this machine; if others reach it there, as in most clouds, "
                "listen on 0.0.0.0 and make that its external_address"};
  }
  return {Stage::configuration, reason_of(error, Reason::io_error),
          at.to_string() + ": " + std::strerror(error)};
}

void set_option(int socket, int level, int name, int value) noexcept {
  ::setsockopt(socket, level, name, &value, sizeof value);
}

bool may_keep(int descriptor) noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return true;
  const rlim_t reserved = std::min<rlim_t>(kReservedDescriptors, limit.rlim_cur / 4);
  return static_cast<rlim_t>(descriptor) < limit.rlim_cur - reserved;
}

tcp::endpoint to_asio(const Endpoint& endpoint) {
  if (endpoint.ip.is_v4()) {
    return {asio::ip::address_v4(endpoint.ip.v4_bytes()), endpoint.port};
  }
  return {asio::ip::address_v6(endpoint.ip.bytes()), endpoint.port};
}

Endpoint from_asio(const tcp::endpoint& endpoint) {
  if (endpoint.address().is_v4()) {
    const auto v4 = endpoint.address().to_v4().to_bytes();
    return {IpAddress::v4(v4[0], v4[1], v4[2], v4[3]), endpoint.port()};
  }
  return {IpAddress::v6(endpoint.address().to_v6().to_bytes()), endpoint.port()};
}

namespace {

using namespace std::chrono_literals;

class AsioStream final : public Stream {
 public:
  AsioStream(tcp::socket socket, const Endpoint& local, const Endpoint& remote)
      : watched_(std::move(socket)), local_(local), remote_(remote) {
    tune(watched_.native());
  }

  IoResult read(MutableBytes into) noexcept override {
    if (!watched_.is_open()) return {IoStatus::failed, 0, Reason::io_error};
    if (into.empty()) return {};
    return outcome(::recv(watched_.native(), into.data(), into.size(), MSG_DONTWAIT));
  }

  IoResult write(std::span<const ByteView> parts) noexcept override {
    if (!watched_.is_open()) return {IoStatus::failed, 0, Reason::io_error};
    std::array<iovec, 16> vectors;
    std::size_t count = 0;
    for (const ByteView part : parts.first(std::min(parts.size(), vectors.size()))) {
      if (part.empty()) continue;
      vectors[count++] = {const_cast<std::uint8_t*>(part.data()), part.size()};
    }
    if (count == 0) return {};
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    return outcome(::sendmsg(watched_.native(), &message, MSG_DONTWAIT | MSG_NOSIGNAL));
  }

  void when_readable(Task task) override { watched_.when_readable(std::move(task)); }
  void when_writable(Task task) override { watched_.when_writable(std::move(task)); }

  void shutdown_write() noexcept override {
    asio::error_code ignored;
    if (watched_.is_open()) watched_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  }
  void close() noexcept override { watched_.close(); }

  Endpoint local_endpoint() const override { return local_; }
  Endpoint remote_endpoint() const override { return remote_; }

 private:
  static IoResult outcome(ssize_t moved) noexcept {
    if (moved > 0) return {IoStatus::ok, static_cast<std::size_t>(moved)};
    if (moved == 0) return {IoStatus::end, 0};
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {};
    return {IoStatus::failed, 0, reason_of(errno, Reason::io_error)};
  }

  WatchedSocket<tcp::socket> watched_;
  Endpoint local_;
  Endpoint remote_;
};

// Closes a socket so that the remote learns of it at once.
void reset(int socket) {
  const linger at_once{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(socket);
}

class SocketArrival final : public Arrival {
 public:
  SocketArrival(int socket, Endpoint remote, Endpoint local, ContextOf context_of)
      : socket_(socket), remote_(remote), local_(local), context_of_(std::move(context_of)) {}
  ~SocketArrival() override {
    if (socket_ >= 0) reset(socket_);
  }
  Endpoint remote_endpoint() const override { return remote_; }
  std::unique_ptr<Stream> claim(Shard& shard) override {
    tcp::socket socket(context_of_(shard));
    asio::error_code error;
    socket.assign(remote_.ip.is_v4() ? tcp::v4() : tcp::v6(), socket_, error);
    if (error) return nullptr;
    socket_ = -1;
    return std::make_unique<AsioStream>(std::move(socket), local_, remote_);
  }

 private:
  int socket_;
  Endpoint remote_;
  Endpoint local_;
  ContextOf context_of_;
};

// Whether the other side has ended or reset the connection, and sent nothing before.
bool is_over(int socket) {
  char byte = 0;
  const ssize_t there = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return there == 0 || (there < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

class AsioListener final : public Listener {
 public:
  AsioListener(tcp::acceptor acceptor, Runtime::OnArrival on_arrival, ContextOf context_of)
      : core_(std::make_shared<Core>(std::move(acceptor), std::move(on_arrival),
                                     std::move(context_of))) {
    asio::error_code ignored;
    core_->local = from_asio(core_->acceptor.local_endpoint(ignored));
    wait(core_);
  }
  ~AsioListener() override {
    core_->open = false;
    asio::error_code ignored;
    core_->acceptor.close(ignored);
    core_->pause_timer.cancel();
  }
  Endpoint local_endpoint() const override { return core_->local; }

 private:
  struct Core {
    Core(tcp::acceptor listening, Runtime::OnArrival arrival, ContextOf contexts)
        : acceptor(std::move(listening)),
          pause_timer(acceptor.get_executor()),
          on_arrival(std::move(arrival)),
          context_of(std::move(contexts)) {}
    tcp::acceptor acceptor;
    asio::steady_timer pause_timer;
    Runtime::OnArrival on_arrival;
    ContextOf context_of;
    Endpoint local;
    Duration pause_for = kAcceptPauseMin;
    bool open = true;
  };

  static void wait(const std::shared_ptr<Core>& core) {
    core->acceptor.async_wait(tcp::acceptor::wait_read, [core](const asio::error_code&) {
      if (core->open) accept_some(core);
    });
  }

  static void accept_some(const std::shared_ptr<Core>& core) {
    for (int i = 0; i < kAcceptBatch && core->open; ++i) {
      tcp::endpoint remote;
      socklen_t size = static_cast<socklen_t>(remote.capacity());
      const int socket = ::accept4(core->acceptor.native_handle(), remote.data(), &size,
                                   SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket >= 0 && !may_keep(socket)) {
        reset(socket);
        remote.resize(size);
        core->on_arrival(
            std::make_unique<SpentArrival>(from_asio(remote), Reason::out_of_descriptors));
        return pause(core);
      }
      if (socket >= 0) {
        remote.resize(size);
        core->pause_for = kAcceptPauseMin;
        if (is_over(socket)) {
          ::close(socket);
          core->on_arrival(
              std::make_unique<SpentArrival>(from_asio(remote), Reason::closed_before_key));
          continue;
        }
        tcp::endpoint local;
        size = static_cast<socklen_t>(local.capacity());
        if (::getsockname(socket, local.data(), &size) == 0) local.resize(size);
        core->on_arrival(std::make_unique<SocketArrival>(socket, from_asio(remote),
                                                         from_asio(local), core->context_of));
        continue;
      }
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      // These concern one connection that went away while it waited.
      if (errno == ECONNABORTED || errno == EINTR || errno == EPROTO) continue;
      return pause(core);
    }
    if (core->open) wait(core);
  }

  // Out of descriptors, or of memory: connections stay in the backlog, and so would the readiness,
  // so nothing but time helps.
  static void pause(const std::shared_ptr<Core>& core) {
    core->pause_timer.expires_after(core->pause_for);
    core->pause_for = std::min(core->pause_for * 2, kAcceptPauseMax);
    core->pause_timer.async_wait([core](const asio::error_code& cancelled) {
      if (!cancelled && core->open) accept_some(core);
    });
  }

  std::shared_ptr<Core> core_;
};

}  // namespace

Result<tcp::acceptor> open_acceptor(asio::io_context& context, const Endpoint& at) {
  tcp::acceptor acceptor(context);
  const tcp::endpoint endpoint = to_asio(at);
  asio::error_code error;
  const auto step = [&error](auto&& action) {
    if (!error) action();
  };
  acceptor.open(endpoint.protocol(), error);
  step([&] { acceptor.set_option(tcp::acceptor::reuse_address(true), error); });
  // [::] takes IPv4 as well.
  if (!at.ip.is_v4()) step([&] { acceptor.set_option(asio::ip::v6_only(false), error); });
  step([&] { acceptor.bind(endpoint, error); });
  step([&] { acceptor.listen(kListenBacklog, error); });
  step([&] { acceptor.non_blocking(true, error); });
  if (!error) return Result<tcp::acceptor>(std::move(acceptor));
  return tl::unexpected(bind_failure(at, error.value()));
}

std::unique_ptr<Stream> make_stream(tcp::socket socket, const Endpoint& local,
                                    const Endpoint& remote) {
  return std::make_unique<AsioStream>(std::move(socket), local, remote);
}

std::unique_ptr<Listener> make_listener(tcp::acceptor acceptor, Runtime::OnArrival on_arrival,
                                        ContextOf context_of) {
  return std::make_unique<AsioListener>(std::move(acceptor), std::move(on_arrival),
                                        std::move(context_of));
}

}  // namespace peerage::conn::asio_runtime
