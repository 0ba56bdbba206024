// What a client sends to the operators' HTTP server, in any pieces: whole connections, without a
// socket. Whatever it is, the connection stays within its bounds, answers with heads that are well
// formed, and comes to an end when time passes.
#include <algorithm>
#include <string>

#include "cmd/http/connection.h"
#include "cmd/http/message.h"
#include "tests/fuzz/fuzz_input.h"

using namespace peerage;
using peerage::fuzz::require;

namespace {

cmd::HttpAnswer echo(const cmd::HttpRequest& request) {
  require(request.path.starts_with('/') && request.method != "HEAD");
  require(request.body.size() <= cmd::HttpLimits{}.body_bytes);
  std::size_t hosts = 0;
  for (const auto& [name, value] : request.headers) {
    require(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    if (name == "host") ++hosts;
#ifdef PEERAGE_PLANTED_BUG
    // As if a header that begins with "X-", but for one, were forgotten.
    require(!name.starts_with("x-") || name == "x-b");
#endif
  }
  require(hosts == 1);
  cmd::parse_parameters(request.query);
  return cmd::HttpAnswer::text(200, request.path);
}

cmd::HttpService service() {
  cmd::HttpService service{.name = "fuzz", .listen = {}};
  service.limits.requests_per_second = 0;
  service.routes.push_back({.name = "events", .path = "/e", .stream_clients = 2});
  service.routes.push_back(
      {.name = "socket", .path = "/w", .handler = echo, .web_socket = [](const std::string& text) {
         return text;
       }});
  service.otherwise = echo;
  return service;
}

// All that is there to be sent, as a client takes it: in pieces.
void take_output(cmd::HttpConnection& http, std::size_t piece, conn::TimePoint now) {
  while (!http.output().empty() && http.phase() != cmd::HttpConnection::Phase::over) {
    const std::string_view front = http.output().front()[0];
    http.sent(std::min(piece, front.size()), now);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Phase = cmd::HttpConnection::Phase;
  fuzz::Input input(data, size);
  const std::size_t piece = input.byte() + std::size_t{1};
  conn::TimePoint now{};
  cmd::Service served(service(), {conn::Log(nullptr), [] { return conn::WallTime{}; }});
  cmd::HttpCaller caller{conn::IpAddress::v4(127, 0, 0, 1),
                         conn::Endpoint{conn::IpAddress::v4(127, 0, 0, 1), 80}};
  require(served.connect(caller));
  {
    cmd::HttpConnection http(served, caller, now);
    while (!input.empty() && http.wants_input()) {
      http.receive(conn::as_text(input.take(piece)), now);
      if (!http.output().empty() && http.phase() != Phase::streaming) {
        const std::string_view head = http.output().front()[0];
        require(head.starts_with("HTTP/1.1 ") && head.ends_with("\r\n\r\n"));
      }
      take_output(http, piece, now);
    }
    served.send("/e", "event", "data", now);
    for (int i = 0; i < 4 && http.phase() != Phase::over && http.phase() != Phase::upgraded; ++i) {
      now = std::max(now, http.deadline());
      http.on_deadline(now);
      if (http.phase() == Phase::answering) take_output(http, piece, now);
    }
    require(http.phase() == Phase::over || http.phase() == Phase::upgraded ||
            http.phase() == Phase::streaming);
  }
  cmd::HttpFigures figures;
  served.count(figures);
  require(figures.connections == 0 && figures.stream_clients == 0);
  return 0;
}
