#include "cmd/http/session.h"

#include <array>
#include <chrono>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

#include "cmd/http/connection.h"
#include "cmd/http/stream.h"
#include "cmd/http/web_socket.h"

namespace peerage::cmd {
namespace {

namespace net = boost::asio;

class HttpSession final : public Session, public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(List& all, Stream::Socket socket, std::shared_ptr<TlsContext> tls, Service& service,
              const HttpCaller& caller)
      : Session(all),
        all_(all),
        stream_(std::move(socket), std::move(tls)),
        service_(service),
        http_(service, caller, steady_now()),
        timer_(stream_.get_executor()) {}

  void start() {
    // Not from inside the call that brings an event, which goes over all clients.
    http_.on_output([weak = weak_from_this()] {
      if (const auto self = weak.lock()) {
        net::post(self->stream_.get_executor(), [self] { self->proceed(); });
      }
    });
    if (!stream_.tls()) return proceed();
    handshaking_ = true;
    stream_.tls()->async_handshake(net::ssl::stream_base::server,
                                   [self = shared_from_this()](Stream::Error error) {
                                     self->handshaking_ = false;
                                     if (error) return self->end();
                                     self->proceed();
                                   });
    watch();
  }

  void shut_down() override {
    if (http_.phase() == Phase::upgraded) return;  // the WebSocket's to do
    http_.shut_down();
    proceed();
  }

 private:
  using Phase = HttpConnection::Phase;

  // Begins whatever is to be done next.
  void proceed() {
    if (ended_) return;
    switch (http_.phase()) {
      case Phase::over:
        return end();
      case Phase::upgraded:
        return upgrade();
      case Phase::lingering:
        end_output();
        break;
      default:
        break;
    }
    if (!handshaking_) {
      write();
      read();
    }
    watch();
  }

  void read() {
    if (reading_ || !http_.wants_input()) return;
    reading_ = true;
    stream_.async_read_some(net::buffer(input_),
                            [self = shared_from_this()](Stream::Error error, std::size_t bytes) {
                              self->reading_ = false;
                              self->on_read(error, bytes);
                            });
  }
  void on_read(Stream::Error error, std::size_t bytes) {
    if (ended_) return;
    if (error) {
      http_.end_of_input();
    } else {
      http_.receive({input_.data(), bytes}, steady_now());
    }
    proceed();
  }

  void write() {
    if (writing_ || http_.output().empty()) return;
    writing_ = true;
    const OutputQueue::Front front = http_.output().front();
    std::array<net::const_buffer, std::tuple_size_v<OutputQueue::Front>> buffers;
    for (std::size_t i = 0; i < front.size(); ++i) {
      buffers[i] = net::const_buffer(front[i].data(), front[i].size());
    }
    stream_.async_write_some(buffers,
                             [self = shared_from_this()](Stream::Error error, std::size_t bytes) {
                               self->writing_ = false;
                               self->on_written(error, bytes);
                             });
  }
  void on_written(Stream::Error error, std::size_t bytes) {
    if (ended_) return;
    if (error) return end();
    http_.sent(bytes, steady_now());
    proceed();
  }

  void watch() {
    timer_.wait_until(http_.deadline(), [self = shared_from_this()] { self->on_time(); });
  }
  void on_time() {
    if (ended_) return;
    const conn::TimePoint now = steady_now();
    if (now >= http_.deadline()) {
      if (handshaking_) return end();
      http_.on_deadline(now);
    }
    proceed();
  }

  // TLS waits for the other end itself, and drops what comes before.
  void end_output() {
    if (std::exchange(output_ended_, true)) return;
    if (!stream_.tls() || reading_) return stream_.end_output();
    reading_ = true;
    stream_.async_end([self = shared_from_this()](Stream::Error) { self->end(); });
  }

  // Nothing is read or written now: the request has just come, and nothing was answered.
  void upgrade() {
    ended_ = true;
    timer_.cancel();
    start_web_socket(all_, shared_from_this(), stream_, http_, service_);
  }

  void end() {
    if (std::exchange(ended_, true)) return;
    timer_.cancel();
    stream_.close();
  }

  List& all_;
  Stream stream_;
  Service& service_;
  HttpConnection http_;
  DeadlineTimer timer_;
  std::array<char, 4096> input_{};
  bool handshaking_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool output_ended_ = false;
  bool ended_ = false;  // or is a WebSocket's
};

}  // namespace

void start_session(Session::List& all, Stream::Socket socket, std::shared_ptr<TlsContext> tls,
                   Service& service, const HttpCaller& caller) {
  std::make_shared<HttpSession>(all, std::move(socket), std::move(tls), service, caller)->start();
}

conn::TimePoint steady_now() noexcept {
  return conn::TimePoint(std::chrono::duration_cast<conn::Duration>(
      std::chrono::steady_clock::now().time_since_epoch()));
}

}  // namespace peerage::cmd
