// The operators' HTTP server: HTTP/1.1, WebSocket, server-sent events and TLS at TCP addresses and
// Unix sockets, on a thread of its own, so that nothing that comes here can delay a peer.
//
// What it serves is a list of services. Each has its addresses, its routes and its limits: those of
// the metrics do not take anything from the RPC's. A connection over a limit is accepted and
// closed, never left in the backlog, where it would keep others out.
//
// Whom it believes: nobody. A request whose Host is neither a loopback name with our port, nor the
// address that it came to, nor one of `hosts` gets 421 (a page in an operator's browser reaches
// loopback by a name of its own). Requests that two readers could understand differently are
// refused (tests/unit/cmd/http/strictness_test.cpp has them).
//
// Bounds: HttpLimits; each has a test that reaches it.
//
// The library is Boost.Beast, which is seen in this room alone, and there by no header that does
// not say so.
//
// Threads: everything on any, one at a time, but `send`, which may be called on any at any moment.
// Handlers run on the server's thread: they must not wait. `stop`, and so the destructor, waits for
// the thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cmd/http/message.h"
#include "conn/address/net_address.h"
#include "conn/base/failure.h"
#include "conn/base/histogram.h"
#include "conn/base/log.h"

namespace peerage::cmd {

struct HttpLimits {
  std::size_t header_bytes = std::size_t{8} << 10;
  std::size_t body_bytes = std::size_t{64} << 10;
  std::size_t connections = 256;       // of the service
  std::size_t connections_per_ip = 8;  // an IPv4 address or an IPv6 /64; not of Unix sockets
  // Requests a second from there, and at once; beyond, 429. 0: any.
  std::uint32_t requests_per_second = 10;
  std::uint32_t burst = 40;
  std::chrono::milliseconds header_time{5'000};  // from the first byte awaited to the header's end
  std::chrono::milliseconds body_time{10'000};   // from there to the body's
  std::chrono::milliseconds idle_time{30'000};   // between requests
  std::chrono::milliseconds stalled_time{10'000};    // a write without progress
  std::size_t unsent_bytes = std::size_t{64} << 10;  // for a stream's client; more closes it
  std::size_t frame_bytes = std::size_t{4} << 10;    // of a WebSocket client's message
  std::chrono::milliseconds comment_time{15'000};    // of a stream's comments
  // A WebSocket is pinged that often, and ends when nothing came for so long.
  std::chrono::milliseconds ping_time{27'000};
  std::chrono::milliseconds silent_time{30'000};
};

// A request, an answer. One that throws, or whose answer has a header that is none, is answered by
// 500.
using HttpHandler = std::function<HttpAnswer(const HttpRequest&)>;
// Whether a request, by its header, is one for it.
using HttpCheck = std::function<bool(const HttpRequest&)>;

// A client's WebSocket message, which is text; what is answered, or nothing.
using WebSocketHandler = std::function<std::optional<std::string>(const std::string&)>;

struct HttpRoute {
  std::string name;       // "peers": of the figures
  std::string path;       // "/peers"; with '/' at its end, everything below it, too
  HttpHandler handler{};  // GET (and HEAD), POST; other methods get 405
  // For an upgrade at this path; none: such a request is one as any other.
  WebSocketHandler web_socket{};
  // Clients of server-sent events (`send`), if not 0; more get 503. If there is a handler and its
  // answer's status is 200, the answer's headers and body (event_text) are the stream's beginning;
  // another status is the whole answer.
  std::size_t stream_clients = 0;
  std::size_t stream_clients_per_ip = 4;
  // Requests under way, from their header to the last byte of the answer; more get 503 and a line
  // of text. 0: any.
  std::size_t under_way = 0;
  // OPTIONS, which browsers ask before they ask another site (CORS); none: 405.
  HttpHandler options{};
  // Who may upgrade: a browser sends any page's requests here, and says by Origin of which page.
  // None: those without Origin, or with that of our own Host.
  HttpCheck may_upgrade{};
};

struct TlsFiles {
  std::filesystem::path certificate, key;  // PEM
};

struct HttpService {
  std::string name;  // "rpc", "metrics", "lists": for the log
  // An endpoint, or the path of a Unix socket, which is removed at the end.
  std::vector<std::variant<conn::Endpoint, std::filesystem::path>> listen{};
  std::vector<std::string> hosts{};  // besides those above; without a port: at any
  std::optional<TlsFiles> tls{};     // TLS 1.2 at least
  HttpLimits limits{};
  std::vector<HttpRoute> routes{};  // the longest path that fits is taken
  HttpHandler otherwise{};          // for paths of no route; none: 404 as text
};

// What is counted, since the start.
struct HttpFigures {
  struct OfRoute {
    std::string name;
    // By the first digit of the status: 1 to 5; 0 is not used.
    std::uint64_t requests[6] = {};
    conn::HistogramCounts seconds;
  };
  std::vector<OfRoute> routes;    // and one "other", for what no route had
  std::uint64_t connections = 0;  // now
  std::uint64_t stream_clients = 0;
  std::uint64_t refused = 0;  // connections over a limit
};

class HttpServer {
 public:
  explicit HttpServer(conn::Log log);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Takes the addresses, before the start. A failure (stage configuration) names the address, and
  // nothing of the service is held. A stale Unix socket is replaced, one that is served is not.
  conn::Result<void> add(HttpService service);
  // Where it listens, in the order of `add` and `listen`: the port that was taken for 0.
  std::vector<conn::Endpoint> endpoints() const;

  void start();
  // Within a second: answers under way are cut short. Safe to repeat.
  void stop();

  // Reads certificates and keys again. A failure names the file; the old ones stay.
  conn::Result<void> reload_tls();

  // An event for all stream clients of the route at this path: "event", "data", "id" lines are made
  // here. What a client has unsent is bounded by HttpLimits::unsent_bytes.
  void send(std::string_view path, std::string_view event, std::string_view data);

  HttpFigures figures() const;

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace peerage::cmd
