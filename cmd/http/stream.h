// A connection's bytes for Boost.Beast: a TCP or Unix socket, plain or under TLS, as one type, so
// that what is built on it is compiled once.
//
// This header shows Boost: it is for this room's .cpp files alone.
//
// Threads: those of its io_context, which has one.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/role.hpp>

#include "conn/base/time.h"

namespace peerage::cmd {

using TlsContext = boost::asio::ssl::context;

class Stream {
 public:
  using executor_type = boost::asio::io_context::executor_type;
  using Protocol = boost::asio::generic::stream_protocol;
  using Socket = boost::asio::basic_stream_socket<Protocol, executor_type>;
  using Error = boost::system::error_code;

  // `tls` null: plain.
  Stream(Socket socket, std::shared_ptr<TlsContext> tls)
      : socket_(std::move(socket)), context_(std::move(tls)) {
    if (context_) tls_.emplace(socket_, *context_);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  executor_type get_executor() noexcept { return socket_.get_executor(); }
  Socket& socket() noexcept { return socket_; }
  std::optional<boost::asio::ssl::stream<Socket&>>& tls() noexcept { return tls_; }

  template <typename Buffers, typename Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) return tls_->async_read_some(buffers, std::forward<Handler>(handler));
    return socket_.async_read_some(buffers, std::forward<Handler>(handler));
  }
  template <typename Buffers, typename Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) return tls_->async_write_some(buffers, std::forward<Handler>(handler));
    return socket_.async_write_some(buffers, std::forward<Handler>(handler));
  }

  // The end of what we send, once all has been written. Of TLS it is sent by the way, and `handler`
  // is called when the other end has answered.
  template <typename Handler>
  void async_end(Handler&& handler) {
    if (tls_) return tls_->async_shutdown(std::forward<Handler>(handler));
    end_output();
    boost::asio::post(get_executor(),
                      [handler = std::forward<Handler>(handler)]() mutable { handler(Error()); });
  }
  // The same at once, without a word.
  void end_output() noexcept {
    Error ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
  }
  void close() noexcept {
    Error ignored;
    socket_.close(ignored);
  }

 private:
  Socket socket_;
  std::shared_ptr<TlsContext> context_;
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;
};

// Waits for a deadline that moves with every byte, at the cost of a comparison where it moves on.
class DeadlineTimer {
 public:
  explicit DeadlineTimer(const Stream::executor_type& executor) : timer_(executor) {}

  // Calls `then` at the deadline, or earlier: it has to look, and wait again. One wait at a time;
  // `then` keeps this timer alive.
  template <typename Then>
  void wait_until(conn::TimePoint deadline, Then then) {
    if (waiting_ && awaited_ <= deadline) return;
    awaited_ = deadline;
    waiting_ = true;
    timer_.expires_at(Clock::time_point(
        std::chrono::duration_cast<Clock::duration>(deadline.time_since_epoch())));
    timer_.async_wait([this, then = std::move(then), number = ++number_](Stream::Error error) {
      if (error || number != number_) return;
      waiting_ = false;
      then();
    });
  }
  void cancel() {
    ++number_;
    waiting_ = false;
    timer_.cancel();
  }

 private:
  using Clock = std::chrono::steady_clock;
  boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Stream::executor_type>
      timer_;
  conn::TimePoint awaited_{};
  std::uint64_t number_ = 0;  // of the wait that counts
  bool waiting_ = false;
};

// What Beast's WebSocket asks of a stream: how it ends. Found by their names.
template <typename Handler>
void async_teardown(boost::beast::role_type, Stream& stream, Handler&& handler) {
  stream.async_end(std::forward<Handler>(handler));
}
inline void teardown(boost::beast::role_type, Stream& stream, Stream::Error& error) {
  error = {};
  stream.end_output();
}
inline void beast_close_socket(Stream& stream) {
  stream.close();
}

}  // namespace peerage::cmd
