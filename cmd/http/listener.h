// Accepts the connections of one address, for as long as the server runs: one over a limit is
// closed, and an accept that fails is tried again after a pause.
//
// This header shows Boost: it is for this room's .cpp files alone.
//
// Threads: the server's; made and asked before it starts, or after it has stopped, by others.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/basic_socket_acceptor.hpp>

#include "cmd/base/unix_socket.h"
#include "cmd/http/session.h"

namespace peerage::cmd {

class Listener {
 public:
  Listener(const Stream::executor_type& executor, conn::Descriptor tcp, Service& service,
           Session::List& sessions, const conn::Log& log);
  Listener(const Stream::executor_type& executor, SocketListener local, Service& service,
           Session::List& sessions, const conn::Log& log);

  // None: a Unix socket.
  const std::optional<conn::Endpoint>& endpoint() const noexcept { return endpoint_; }

  // As it is written in settings; printable.
  std::string where() const;

  // Accepts until it is closed. What `tls` is when a connection comes, serves it; null, and for a
  // Unix socket: plain.
  void accept(const std::shared_ptr<TlsContext>& tls);
  void close();

 private:
  using Acceptor = boost::asio::basic_socket_acceptor<Stream::Protocol, Stream::executor_type>;

  void assign(int socket);
  void admit(Stream::Socket socket, const std::shared_ptr<TlsContext>& tls);
  void on_failure(Stream::Error error, const std::shared_ptr<TlsContext>& tls);

  Service& service_;
  Session::List& sessions_;
  const conn::Log& log_;
  std::optional<SocketListener> local_;
  std::optional<conn::Endpoint> endpoint_;
  Acceptor acceptor_;
  DeadlineTimer pause_;
  conn::TimePoint quiet_until_{};
};

}  // namespace peerage::cmd
