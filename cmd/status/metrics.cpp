#include "cmd/status/metrics.h"

#include <utility>

namespace peerage::cmd {
namespace {

// Prometheus 3 refuses a scrape of another type.
constexpr const char* kTextFormat = "text/plain; version=0.0.4; charset=utf-8";

constexpr const char* kStart =
    "<!DOCTYPE html><html lang=\"en\"><title>Peerage</title>"
    "<p><a href=\"/metrics\">Metrics</a></p></html>\n";

HttpAnswer answer_start(const HttpRequest& /*request*/) {
  HttpAnswer answer = HttpAnswer::text(200, kStart);
  answer.content_type = "text/html; charset=utf-8";
  return answer;
}

}  // namespace

std::vector<HttpRoute> metrics_routes(const MetricsHooks& hooks, std::size_t under_way) {
  const auto scrape = [hooks](const HttpRequest& /*request*/) {
    HttpAnswer answer = HttpAnswer::text(200, hooks.node() + program_metrics_text(hooks.program()));
    answer.content_type = kTextFormat;
    return answer;
  };
  std::vector<HttpRoute> routes;
  routes.push_back({.name = "metrics", .path = "/metrics", .handler = scrape});
  routes.back().under_way = under_way;
  // With '/' at its end a route has everything below it: what no other has is not there.
  routes.push_back({.name = "start", .path = "/", .handler = [](const HttpRequest& request) {
                      return request.path == "/" ? answer_start(request)
                                                 : HttpAnswer::text(404, "404 page not found\n");
                    }});
  return routes;
}

}  // namespace peerage::cmd
