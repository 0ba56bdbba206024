#include "cmd/http/listener.h"

#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <fcntl.h>

#include "cmd/http/sockets.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

// An accept fails for want of descriptors, which do not come at once.
constexpr std::chrono::milliseconds kPause{100};
constexpr std::chrono::minutes kBetweenComplaints{1};

}  // namespace

Listener::Listener(const Stream::executor_type& executor, conn::Descriptor tcp, Service& service,
                   Session::List& sessions, const conn::Log& log)
    : service_(service),
      sessions_(sessions),
      log_(log),
      endpoint_(local_endpoint(tcp.get())),
      acceptor_(executor),
      pause_(executor) {
  assign(tcp.get());
}

Listener::Listener(const Stream::executor_type& executor, SocketListener local, Service& service,
                   Session::List& sessions, const conn::Log& log)
    : service_(service),
      sessions_(sessions),
      log_(log),
      local_(std::move(local)),
      acceptor_(executor),
      pause_(executor) {
  assign(local_->descriptor());
}

std::string Listener::where() const {
  if (local_) return "unix://" + conn::printable(local_->path().native(), 1024);
  return endpoint_ ? endpoint_->to_string() : "";
}

// A descriptor of the acceptor's own: the other closes with its owner.
void Listener::assign(int socket) {
  const int family = !endpoint_ ? AF_UNIX : endpoint_->ip.is_v4() ? AF_INET : AF_INET6;
  acceptor_.assign({family, 0}, ::fcntl(socket, F_DUPFD_CLOEXEC, 0));
}

void Listener::accept(const std::shared_ptr<TlsContext>& tls) {
  acceptor_.async_accept([this, &tls](Stream::Error error, Stream::Socket socket) {
    if (!acceptor_.is_open()) return;
    if (error) return on_failure(error, tls);
    admit(std::move(socket), tls);
    accept(tls);
  });
}

void Listener::admit(Stream::Socket socket, const std::shared_ptr<TlsContext>& tls) {
  HttpCaller caller;
  if (endpoint_) {
    const auto remote = remote_endpoint(socket.native_handle());
    if (!remote) return;  // it has gone again
    caller.ip = remote->ip;
    caller.local = local_endpoint(socket.native_handle());
    Stream::Error ignored;
    socket.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  }
  if (!service_.connect(caller)) return;  // which closes it
  start_session(sessions_, std::move(socket), endpoint_ ? tls : nullptr, service_, caller);
}

void Listener::on_failure(Stream::Error error, const std::shared_ptr<TlsContext>& tls) {
  const conn::TimePoint now = steady_now();
  if (now >= quiet_until_) {
    quiet_until_ = now + kBetweenComplaints;
    log_.write(conn::LogLevel::warn, "connections cannot be accepted",
               {{"service", service_.what().name}, {"why", error.message()}});
  }
  pause_.wait_until(now + kPause, [this, &tls] { accept(tls); });
}

void Listener::close() {
  Stream::Error ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  local_.reset();
}

}  // namespace peerage::cmd
