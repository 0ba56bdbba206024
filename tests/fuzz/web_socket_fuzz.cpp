// What a client sends over a WebSocket of the operators' HTTP server, in any pieces: frames, or
// anything else. Whatever it is, messages are whole and within their bound, each is answered once
// and in order, what goes out is well formed, and the session ends with its client.
#include <algorithm>
#include <deque>
#include <memory>
#include <string>

#include <sys/socket.h>
#include <unistd.h>

#include "cmd/http/connection.h"
#include "cmd/http/message.h"
#include "cmd/http/web_socket.h"
#include "tests/fuzz/fuzz_input.h"

using namespace peerage;
using peerage::fuzz::require;

namespace {

constexpr std::size_t kMostInAMessage = 1024;
constexpr std::size_t kMostInAFrame = std::size_t{16} << 10;  // of ours

// What has been answered, and has not come out.
std::deque<std::string>& answers() {
  static std::deque<std::string> all;
  return all;
}

std::optional<std::string> take_message(const std::string& message) {
  require(message.size() <= kMostInAMessage);
  if (message.starts_with('-')) return std::nullopt;
  // Some are longer than a frame.
  answers().push_back(message.starts_with('+') ? std::string(3 * kMostInAFrame, '+') : message);
  return answers().back();
}

cmd::HttpService service() {
  cmd::HttpService service{.name = "fuzz", .listen = {}};
  service.limits.requests_per_second = 0;
  service.limits.frame_bytes = kMostInAMessage;
  service.routes.push_back({.name = "socket",
                            .path = "/",
                            .handler = [](const auto&) { return cmd::HttpAnswer::text(200, ""); },
                            .web_socket = take_message});
  return service;
}

// A connection that was upgraded, as the WebSocket takes it over.
class Upgraded final : public cmd::Session {
 public:
  Upgraded(List& all, cmd::Stream::Socket socket, cmd::Service& service,
           const cmd::HttpCaller& caller)
      : Session(all), stream(std::move(socket), nullptr), http(service, caller, {}) {
    http.receive(
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        {});
    require(http.phase() == cmd::HttpConnection::Phase::upgraded);
  }
  void shut_down() override {}

  cmd::Stream stream;
  cmd::HttpConnection http;
};

// What comes back.
class Reader {
 public:
  void take(std::string_view bytes) {
    bytes_ += bytes;
    if (!upgraded_) {
      const auto end = bytes_.find("\r\n\r\n");
      if (end == std::string::npos) return;
      require(bytes_.starts_with("HTTP/1.1 101 "));
      upgraded_ = true;
      bytes_.erase(0, end + 4);
    }
    while (take_frame()) {
    }
  }
  // The server sends nothing more; what it was sending may be cut.
  bool upgraded() const { return upgraded_; }

 private:
  static constexpr unsigned kContinuation = 0, kText = 1, kClose = 8, kPong = 10;

  std::uint64_t byte(std::size_t at) const { return static_cast<unsigned char>(bytes_[at]); }
  std::uint64_t number(std::size_t at, std::size_t bytes) const {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | byte(at + i);
    return value;
  }
  bool take_frame() {
    if (bytes_.size() < 2) return false;
    const bool last = (byte(0) & 0x80) != 0;
    const auto kind = static_cast<unsigned>(byte(0) & 0x7f);  // the reserved bits with it
    require((byte(1) & 0x80) == 0);                           // a server masks nothing
    std::uint64_t size = byte(1);
    const std::size_t more = size == 126 ? 2 : size == 127 ? 8 : 0;
    if (bytes_.size() < 2 + more) return false;
    if (more != 0) size = number(2, more);
    require(size <= kMostInAFrame && !closed_);
    if (bytes_.size() < 2 + more + size) return false;
    take_payload(kind, last, bytes_.substr(2 + more, size));
    bytes_.erase(0, 2 + more + size);
    return true;
  }
  void take_payload(unsigned kind, bool last, const std::string& payload) {
    if (kind >= kClose) {
      require(last && payload.size() <= 125 && kind <= kPong);
      closed_ = kind == kClose;
#ifdef PEERAGE_PLANTED_BUG
      // As if text that is no UTF-8 were a message as any other: 1007 says that it is none.
      require(kind != kClose || !payload.starts_with("\x03\xef"));
#endif
      return;
    }
    require(kind == (message_ ? kContinuation : kText));
    if (!message_) message_.emplace();
    *message_ += payload;
    if (!last) return;
    require(!answers().empty() && answers().front() == *message_);
    answers().pop_front();
    message_.reset();
  }

  std::string bytes_;
  bool upgraded_ = false;
  bool closed_ = false;
  std::optional<std::string> message_;
};

boost::asio::io_context& io() {
  static boost::asio::io_context one(1);
  return one;
}

// The server's thread runs until it has nothing to do; then the client reads all that there is.
// False: the connection is closed.
bool turn(int client, Reader& reader) {
  char bytes[4096];  // NOLINT(cppcoreguidelines-pro-type-member-init)
  for (;;) {
    io().restart();
    io().poll();
    const ssize_t got = ::recv(client, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got == 0) return false;
    if (got < 0) return errno == EAGAIN;
    reader.take({bytes, static_cast<std::size_t>(got)});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t piece = input.byte() + std::size_t{1};
  cmd::Service served(service(), {conn::Log(nullptr), [] { return conn::WallTime{}; }});
  const cmd::HttpCaller caller{conn::IpAddress::v4(127, 0, 0, 1),
                               conn::Endpoint{conn::IpAddress::v4(127, 0, 0, 1), 80}};
  require(served.connect(caller));
  answers().clear();
  int ends[2];
  require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  cmd::Session::List sessions;
  Reader reader;
  {
    auto from = std::make_shared<Upgraded>(
        sessions, cmd::Stream::Socket(io(), cmd::Stream::Protocol(AF_UNIX, 0), ends[0]), served,
        caller);
    Upgraded& upgraded = *from;
    cmd::start_web_socket(sessions, std::move(from), upgraded.stream, upgraded.http, served);
  }
  bool open = turn(ends[1], reader);
  require(open && reader.upgraded());
  while (open && !input.empty()) {
    const conn::ByteView some = input.take(piece);
    open = ::send(ends[1], some.data(), some.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 &&
           turn(ends[1], reader);
  }
  if (open) require(answers().empty());
  ::shutdown(ends[1], SHUT_WR);
  turn(ends[1], reader);
  ::close(ends[1]);
  io().restart();
  io().poll();
  require(sessions.empty());
  cmd::HttpFigures figures;
  served.count(figures);
  require(figures.connections == 0);
  return 0;
}
