#include "cmd/http/web_socket.h"

#include <algorithm>
#include <string>
#include <utility>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "cmd/http/stream.h"

namespace peerage::cmd {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

// An answer is written in frames of that size: each shows that the client reads.
constexpr std::size_t kFrame = std::size_t{16} << 10;
// From our close to the client's.
constexpr std::chrono::seconds kCloseTime{1};

class WebSocketSession final : public Session,
                               public std::enable_shared_from_this<WebSocketSession> {
 public:
  WebSocketSession(List& all, std::shared_ptr<Session> from, Stream& stream, HttpConnection& http,
                   Service& service)
      : Session(all),
        from_(std::move(from)),
        stream_(stream),
        http_(http),
        service_(service),
        socket_(stream),
        timer_(stream.get_executor()) {}

  void start() {
    http::request<http::empty_body> request(http::verb::get, "/", 11);
    for (const auto& [name, value] : http_.request().headers) request.insert(name, value);
    socket_.read_message_max(service_.limits().frame_bytes);
    socket_.control_callback([this](websocket::frame_type, beast::string_view) { heard(); });
    next_ping_ = steady_now() + service_.limits().ping_time;
    heard();
    watch();
    socket_.async_accept(request, [self = shared_from_this()](beast::error_code error) {
      if (error) return self->end();
      self->read();
    });
  }

  void shut_down() override { close(websocket::close_code::going_away); }

 private:
  void heard() { silent_at_ = steady_now() + service_.limits().silent_time; }

  void read() {
    socket_.async_read(input_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (error) return self->end();
      self->on_message();
    });
  }

  void on_message() {
    heard();
    if (!socket_.got_text()) return close(websocket::close_code::unknown_data);
    if (!service_.take_message(http_.caller(), steady_now())) {
      return close(websocket::close_code::policy_error);
    }
    const std::string message(static_cast<const char*>(input_.data().data()), input_.size());
    input_.clear();
    auto answer = service_.answer_message(http_.route(), message);
    if (!answer) return read();
    answer_ = std::move(*answer);
    written_ = 0;
    socket_.text(true);
    write();
  }

  void write() {
    writing_ = true;
    stalled_at_ = steady_now() + service_.limits().stalled_time;
    watch();
    const std::size_t bytes = std::min(answer_.size() - written_, kFrame);
    const bool last = written_ + bytes == answer_.size();
    socket_.async_write_some(
        last, net::const_buffer(answer_.data() + written_, bytes),
        [self = shared_from_this(), bytes, last](beast::error_code error, std::size_t) {
          if (error) return self->end();
          self->written_ += bytes;
          if (!last) return self->write();
          self->writing_ = false;
          self->answer_.clear();
          self->heard();
          self->read();
        });
  }

  conn::TimePoint deadline() const noexcept {
    if (writing_ || closing_) return stalled_at_;
    return std::min(silent_at_, next_ping_);
  }
  void watch() {
    if (ended_) return;
    timer_.wait_until(deadline(), [self = shared_from_this()] { self->on_time(); });
  }
  void on_time() {
    const conn::TimePoint now = steady_now();
    if (now >= deadline()) {
      if (writing_ || closing_ || now >= silent_at_) return end();
      next_ping_ = now + service_.limits().ping_time;
      ping();
    }
    watch();
  }
  void ping() {
    if (std::exchange(pinging_, true)) return;
    socket_.async_ping({},
                       [self = shared_from_this()](beast::error_code) { self->pinging_ = false; });
  }

  void close(websocket::close_code code) {
    if (closing_ || ended_) return;
    closing_ = true;
    stalled_at_ = steady_now() + kCloseTime;
    watch();
    if (!socket_.is_open()) return end();
    socket_.async_close(code, [self = shared_from_this()](beast::error_code) { self->end(); });
  }
  void end() {
    if (std::exchange(ended_, true)) return;
    timer_.cancel();
    stream_.close();
  }

  const std::shared_ptr<Session> from_;  // which owns what follows
  Stream& stream_;
  HttpConnection& http_;
  Service& service_;
  websocket::stream<Stream&> socket_;
  DeadlineTimer timer_;
  beast::flat_buffer input_;
  std::string answer_;
  std::size_t written_ = 0;  // of the answer
  conn::TimePoint silent_at_{};
  conn::TimePoint next_ping_{};
  conn::TimePoint stalled_at_{};  // while writing or closing
  bool writing_ = false;
  bool pinging_ = false;
  bool closing_ = false;
  bool ended_ = false;
};

}  // namespace

void start_web_socket(Session::List& all, std::shared_ptr<Session> from, Stream& stream,
                      HttpConnection& http, Service& service) {
  std::make_shared<WebSocketSession>(all, std::move(from), stream, http, service)->start();
}

}  // namespace peerage::cmd
