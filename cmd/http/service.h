// A service while it is served: its routes, what its clients take of it, and what is counted. No
// I/O.
//
// Threads: the server's; `count` on any.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/http/client_limits.h"
#include "cmd/http/host_check.h"
#include "cmd/http/message.h"
#include "cmd/http/output_queue.h"
#include "cmd/http/route_table.h"
#include "cmd/http/server.h"
#include "conn/base/time.h"

namespace peerage::cmd {

// The other end of a connection.
struct HttpCaller {
  std::optional<conn::IpAddress> ip;    // none: a Unix socket
  std::optional<conn::Endpoint> local;  // where it came to; none: a Unix socket
};

// A client of server-sent events.
class StreamClient {
 public:
  // The same event for both ways of carrying a body (BodyForm).
  struct Event {
    SharedText text, chunk;
  };
  virtual void push(const Event& event, conn::TimePoint now) = 0;
  virtual const HttpCaller& caller() const noexcept = 0;

 protected:
  ~StreamClient() = default;
};

class Service {
 public:
  // What it needs of the world.
  struct World {
    conn::Log log;
    std::function<conn::WallTime()> wall;
  };
  Service(HttpService what, World world);

  // A route, and what is under way there.
  struct Route {
    explicit Route(HttpRoute its) : what(std::move(its)) {}
    const HttpRoute what;
    std::size_t under_way = 0;
    std::vector<StreamClient*> streams;
    std::array<std::atomic<std::uint64_t>, 6> requests{};  // by status class
    conn::Histogram seconds{kSeconds};
    bool failure_said = false;
  };

  const HttpService& what() const noexcept { return what_; }
  const HttpLimits& limits() const noexcept { return what_.limits; }

  // Counts a connection, if there may be one more; else it is to be closed.
  bool connect(const HttpCaller& caller);
  void disconnect(const HttpCaller& caller);

  // "otherwise", if the path is of none.
  Route& route_of(std::string_view path);
  // Why a request is not answered by its route: a foreign Host, too many requests, a method that is
  // not served, too many under way.
  std::optional<HttpAnswer> refuse(const Route& route, const HttpRequest& request,
                                   const HttpHost& host, const HttpCaller& caller,
                                   conn::TimePoint now);
  // Counts a message of a WebSocket as a request. False: too many.
  bool take_message(const HttpCaller& caller, conn::TimePoint now);
  // The route's answer; 500 when the handler fails.
  HttpAnswer answer(Route& route, const HttpRequest& request);
  std::optional<std::string> answer_message(Route& route, const std::string& message);
  // An answer of a handler that cannot be sent.
  HttpAnswer internal_error(Route& route, std::string_view why);

  // Why this client gets no stream, if it gets none.
  std::optional<HttpAnswer> refuse_stream(const Route& route, const HttpCaller& caller) const;
  void add_stream(Route& route, StreamClient& client);
  void remove_stream(Route& route, StreamClient& client);
  void send(std::string_view path, std::string_view event, std::string_view data,
            conn::TimePoint now);

  // A request that was answered.
  void count(Route& route, unsigned status, conn::Duration took) noexcept;
  // Adds what was counted.
  void count(HttpFigures& figures) const;

  // Of the Date header.
  const std::string& date(conn::TimePoint now);

 private:
  static constexpr auto kSeconds =
      conn::time_bounds(std::chrono::milliseconds(1), std::chrono::milliseconds(10),
                        std::chrono::milliseconds(100), std::chrono::seconds(1));

  const HttpService what_;
  const World world_;
  ClientLimits clients_;
  HostCheck hosts_;
  RouteTable table_;
  std::vector<std::unique_ptr<Route>> routes_;  // the last is "other"
  std::atomic<std::uint64_t> connections_{0}, stream_clients_{0}, refused_{0};
  std::uint64_t last_event_ = 0;
  std::string date_;
  conn::TimePoint date_until_{};
};

}  // namespace peerage::cmd
