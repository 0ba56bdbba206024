// A connection without a socket, in virtual time.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "cmd/http/connection.h"

namespace peerage::cmd {

struct ConnectionFixture {
  explicit ConnectionFixture(HttpLimits limits = {}, std::vector<HttpRoute> more = {})
      : service(of(limits, std::move(more)), {conn::Log(nullptr), [] { return conn::WallTime{}; }}),
        counted(service.connect(caller)),
        http(service, caller, now) {}

  // In pieces of so many bytes.
  void receive(std::string_view bytes, std::size_t piece = 4096) {
    while (!bytes.empty()) {
      if (http.wants_input()) {
        http.receive(bytes.substr(0, piece), now);
        bytes.remove_prefix(std::min(piece, bytes.size()));
      } else if (http.output().empty() || http.phase() == HttpConnection::Phase::over) {
        return;
      }
      take();
    }
  }
  // All that was sent since.
  std::string take_output() {
    take();
    return std::exchange(output, {});
  }
  // Nothing is sent: the client does not read.
  void receive_only(std::string_view bytes) { http.receive(bytes, now); }
  void pass(conn::Duration span) {
    const conn::TimePoint end = now + span;
    while (http.phase() != HttpConnection::Phase::over && http.deadline() <= end) {
      now = std::max(now, http.deadline());
      http.on_deadline(now);
    }
    now = end;
  }

  conn::TimePoint now{};
  HttpCaller caller{conn::IpAddress::v4(127, 0, 0, 1),
                    conn::Endpoint{conn::IpAddress::v4(127, 0, 0, 1), 80}};
  std::set<std::string> paths;  // that a handler has seen
  HttpRequest last;
  Service service;
  bool counted;
  HttpConnection http;
  std::string output;

 private:
  HttpService of(const HttpLimits& limits, std::vector<HttpRoute> more) {
    HttpService what;
    what.name = "test";
    what.limits = limits;
    what.routes = std::move(more);
    what.otherwise = [this](const HttpRequest& request) {
      paths.insert(request.path);
      last = request;
      return HttpAnswer::text(200, "answer");
    };
    return what;
  }
  void take() {
    while (!http.output().empty()) {
      const std::string_view front = http.output().front()[0];
      output += front;
      http.sent(front.size(), now);
    }
  }
};

}  // namespace peerage::cmd
