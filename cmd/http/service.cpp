#include "cmd/http/service.h"

#include <algorithm>
#include <utility>

#include "cmd/http/answer_head.h"
#include "cmd/http/event_stream.h"
#include "conn/address/cidr.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

std::vector<std::string> paths_of(const HttpService& service) {
  std::vector<std::string> paths;
  for (const HttpRoute& each : service.routes) paths.push_back(each.path);
  return paths;
}

HttpAnswer not_found(const HttpRequest&) {
  return HttpAnswer::text(404, "404 page not found\n");
}

HttpAnswer come_back_after(unsigned status, std::string text, std::uint64_t seconds) {
  HttpAnswer answer = HttpAnswer::text(status, std::move(text));
  answer.headers.emplace_back("Retry-After", std::to_string(seconds));
  return answer;
}

HttpAnswer method_not_allowed(const HttpRoute& route) {
  HttpAnswer answer = HttpAnswer::text(405, "405 method not allowed\n");
  answer.headers.emplace_back("Allow",
                              route.options ? "GET, HEAD, POST, OPTIONS" : "GET, HEAD, POST");
  return answer;
}

}  // namespace

Service::Service(HttpService what, World world)
    : what_(std::move(what)),
      world_(std::move(world)),
      clients_({.connections = what_.limits.connections,
                .connections_per_ip = what_.limits.connections_per_ip,
                .requests_per_second = what_.limits.requests_per_second,
                .burst = what_.limits.burst}),
      hosts_(what_.hosts, what_.tls ? 443 : 80),
      table_(paths_of(what_)) {
  for (const HttpRoute& each : what_.routes) routes_.push_back(std::make_unique<Route>(each));
  HttpRoute other{.name = "other", .path = "/", .handler = what_.otherwise};
  if (!other.handler) other.handler = not_found;
  routes_.push_back(std::make_unique<Route>(std::move(other)));
}

bool Service::connect(const HttpCaller& caller) {
  const bool taken = clients_.connect(caller.ip);
  (taken ? connections_ : refused_).fetch_add(1, kRelaxed);
  return taken;
}

void Service::disconnect(const HttpCaller& caller) {
  clients_.disconnect(caller.ip);
  connections_.fetch_sub(1, kRelaxed);
}

Service::Route& Service::route_of(std::string_view path) {
  return *routes_[table_.find(path).value_or(routes_.size() - 1)];
}

std::optional<HttpAnswer> Service::refuse(const Route& route, const HttpRequest& request,
                                          const HttpHost& host, const HttpCaller& caller,
                                          conn::TimePoint now) {
  if (!hosts_.allows(host, caller.local)) {
    return HttpAnswer::text(421, "421 no such host here: see http_hosts\n");
  }
  if (const auto wait = clients_.request(caller.ip, now)) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*wait).count();
    return come_back_after(429, "429 too many requests\n", static_cast<std::uint64_t>(seconds));
  }
  const bool served = request.method == "GET" || request.method == "POST" ||
                      (request.method == "OPTIONS" && route.what.options);
  if (!served) return method_not_allowed(route.what);
  if (route.what.under_way != 0 && route.under_way >= route.what.under_way) {
    return come_back_after(503, "503 too many requests are under way here\n", 1);
  }
  return std::nullopt;
}

bool Service::take_message(const HttpCaller& caller, conn::TimePoint now) {
  return !clients_.request(caller.ip, now);
}

HttpAnswer Service::answer(Route& route, const HttpRequest& request) {
  try {
    if (request.method == "OPTIONS") return route.what.options(request);
    if (route.what.handler) return route.what.handler(request);
  } catch (const std::exception& error) {
    return internal_error(route, error.what());
  }
  HttpAnswer answer = HttpAnswer::text(426, "426 this is a WebSocket\n");
  answer.headers.emplace_back("Upgrade", "websocket");
  return answer;
}

std::optional<std::string> Service::answer_message(Route& route, const std::string& message) {
  try {
    return route.what.web_socket(message);
  } catch (const std::exception& error) {
    internal_error(route, error.what());
    return std::nullopt;
  }
}

HttpAnswer Service::internal_error(Route& route, std::string_view why) {
  // Once, for clients can repeat it as often as they like.
  if (!std::exchange(route.failure_said, true)) {
    world_.log.write(
        conn::LogLevel::error, "a request could not be answered",
        {{"service", what_.name}, {"route", route.what.name}, {"why", conn::printable(why)}});
  }
  return HttpAnswer::text(500, "500 internal error\n");
}

std::optional<HttpAnswer> Service::refuse_stream(const Route& route,
                                                 const HttpCaller& caller) const {
  std::size_t of_its_ip = 0;
  for (const StreamClient* each : route.streams) {
    const auto& ip = each->caller().ip;
    if (ip && caller.ip && conn::host_of(*ip) == conn::host_of(*caller.ip)) ++of_its_ip;
  }
  if (route.streams.size() < route.what.stream_clients &&
      of_its_ip < route.what.stream_clients_per_ip) {
    return std::nullopt;
  }
  return come_back_after(503, "503 too many clients are reading here\n", 5);
}

void Service::add_stream(Route& route, StreamClient& client) {
  route.streams.push_back(&client);
  stream_clients_.fetch_add(1, kRelaxed);
}

void Service::remove_stream(Route& route, StreamClient& client) {
  if (std::erase(route.streams, &client) > 0) stream_clients_.fetch_sub(1, kRelaxed);
}

void Service::send(std::string_view path, std::string_view event, std::string_view data,
                   conn::TimePoint now) {
  Route& route = route_of(path);
  if (route.what.path != path || route.streams.empty()) return;
  std::string text = event_text(event, data, ++last_event_);
  StreamClient::Event both;
  both.chunk = std::make_shared<const std::string>(as_chunk(text));
  both.text = std::make_shared<const std::string>(std::move(text));
  // A client that is too slow leaves the list.
  const std::vector<StreamClient*> clients = route.streams;
  for (StreamClient* each : clients) each->push(both, now);
}

void Service::count(Route& route, unsigned status, conn::Duration took) noexcept {
  route.requests[std::min(status / 100, 5u)].fetch_add(1, kRelaxed);
  route.seconds.observe(took);
}

void Service::count(HttpFigures& figures) const {
  figures.connections += connections_.load(kRelaxed);
  figures.stream_clients += stream_clients_.load(kRelaxed);
  figures.refused += refused_.load(kRelaxed);
  for (const auto& route : routes_) {
    auto found = std::find_if(figures.routes.begin(), figures.routes.end(),
                              [&](const auto& each) { return each.name == route->what.name; });
    if (found == figures.routes.end()) {
      found = figures.routes.insert(found, HttpFigures::OfRoute{});
      found->name = route->what.name;
    }
    for (std::size_t i = 0; i < route->requests.size(); ++i) {
      found->requests[i] += route->requests[i].load(kRelaxed);
    }
    found->seconds += route->seconds.read();
  }
}

const std::string& Service::date(conn::TimePoint now) {
  if (date_.empty() || now >= date_until_) {
    date_ = http_date(world_.wall());
    date_until_ = now + std::chrono::seconds(1);
  }
  return date_;
}

}  // namespace peerage::cmd
