#include "cmd/node/http_surface.h"

#include <algorithm>
#include <string>
#include <utility>

#include "cmd/http/tls.h"
#include "cmd/status/lists.h"
#include "cmd/status/metrics.h"
#include "cmd/status/rpc_routes.h"
#include "pex/metrics.h"

namespace peerage::cmd {

using conn::Result;

namespace {

// A failure in the words of the setting that it is about.
tl::unexpected<conn::Failure> failed(const Settings& settings, const std::string& key,
                                     conn::Failure failure) {
  const Finding finding = finding_about(settings, Severity::error, key, failure.detail);
  std::string where = finding.where;
  if (finding.line > 0) where += ": line " + std::to_string(finding.line);
  failure.detail = where.empty() ? finding.text : where + ": " + finding.text;
  return tl::unexpected(std::move(failure));
}

NetInfo net_info_of(const std::string& text) {
  return text == "off" ? NetInfo::off : text == "outbound" ? NetInfo::outbound : NetInfo::full;
}

HttpLimits rpc_limits(const RpcConfig& rpc) {
  HttpLimits limits;
  if (rpc.max_open_connections != RpcConfig::kCometConnections) {
    limits.connections = rpc.max_open_connections;
  }
  if (rpc.max_body_bytes != RpcConfig::kCometBody) limits.body_bytes = rpc.max_body_bytes;
  if (rpc.max_header_bytes != RpcConfig::kCometHeader) limits.header_bytes = rpc.max_header_bytes;
  return limits;
}

std::optional<TlsFiles> tls_of(const Settings& settings) {
  const auto files = rpc_certificate(settings.config.rpc, settings.home);
  if (!files) return std::nullopt;
  return TlsFiles{files->certificate, files->key};
}

void append(std::vector<HttpRoute>& into, std::vector<HttpRoute> routes) {
  std::move(routes.begin(), routes.end(), std::back_inserter(into));
}

}  // namespace

Result<std::unique_ptr<HttpSurface>> HttpSurface::open(const Needs& needs) {
  std::unique_ptr<HttpSurface> surface(new HttpSurface(needs));
  for (const auto add :
       {&HttpSurface::add_rpc, &HttpSurface::add_metrics, &HttpSurface::add_lists}) {
    if (auto added = (surface.get()->*add)(needs); !added) {
      return tl::unexpected(std::move(added.error()));
    }
  }
  return surface;
}

HttpSurface::HttpSurface(const Needs& needs)
    : node_(needs.node),
      ready_{needs.settings.config.surface.ready_verified,
             needs.settings.config.surface.ready_peers},
      status_(needs.node, needs.config, needs.key, PEERAGE_VERSION),
      server_(conn::Log(needs.log.module("http"))) {}

HttpSurface::~HttpSurface() {
  stop();
}

Result<void> HttpSurface::add(const Settings& settings, const std::string& key, HttpService service,
                              const std::string& at) {
  auto addresses = parse_service_addresses(at);
  if (!addresses) return failed(settings, key, std::move(addresses.error()));
  if (std::all_of(addresses->begin(), addresses->end(), is_local)) {
    service.limits.connections_per_ip = service.limits.connections;
    service.limits.requests_per_second = 0;
  }
  service.listen = std::move(*addresses);
  service.hosts = settings.config.surface.http_hosts;
  auto added = server_.add(std::move(service));
  if (!added) return failed(settings, key, std::move(added.error()));
  return {};
}

Result<void> HttpSurface::add_rpc(const Needs& needs) {
  const RpcConfig& rpc = needs.settings.config.rpc;
  if (rpc.laddr.empty()) return {};
  HttpService service{.name = "rpc", .tls = tls_of(needs.settings), .limits = rpc_limits(rpc)};
  if (service.tls) {  // by their own setting, not by that of the address
    if (auto usable = server_tls(*service.tls); !usable) {
      return failed(needs.settings, "rpc.tls_cert_file", std::move(usable.error()));
    }
  }
  RpcSettings settings;
  settings.limits.batch = rpc.max_request_batch_size;
  settings.cors = {rpc.cors_allowed_origins, rpc.cors_allowed_methods, rpc.cors_allowed_headers};
  settings.net_info = net_info_of(needs.settings.config.surface.net_info);
  settings.unsafe = rpc.unsafe ? UnsafeMethods::served : UnsafeMethods::unknown;
  service.routes = rpc_routes(std::move(settings), needs.hooks, [this] { return status_.read(); });
  return add(needs.settings, "rpc.laddr", std::move(service), rpc.laddr);
}

Result<void> HttpSurface::add_metrics(const Needs& needs) {
  const InstrumentationConfig& metrics = needs.settings.config.instrumentation;
  if (!metrics.prometheus) return {};
  HttpService service{.name = "metrics"};
  MetricsHooks hooks;
  hooks.node = [&node = node_] { return pex::metrics_text(node); };
  hooks.program = [this, add = needs.add_figures] {
    ProgramFigures figures;
    figures.build = build_info();
    figures.process = read_process();
    figures.http = server_.figures();
    if (add) add(figures);
    return figures;
  };
  service.routes = metrics_routes(hooks, metrics.max_open_connections);
  append(service.routes, probes_routes(ready_, [this] { return status_.read(); }));
  return add(needs.settings, "instrumentation.prometheus_listen_addr", std::move(service),
             metrics.prometheus_listen_addr);
}

Result<void> HttpSurface::add_lists(const Needs& needs) {
  const Settings& settings = needs.settings;
  const std::string& at = settings.config.surface.http_laddr;
  if (at.empty()) return {};
  served_ = std::make_shared<ServedAddresses>(
      needs.node.runtime(),
      ServedAddresses::Settings{settings.book_file, settings.networks,
                                pex::book_config(needs.config)},
      conn::Log(needs.log.module("http")));
  HttpService service{.name = "lists"};
  service.routes = lists_routes(
      {[served = served_] { return served->read(); }, [this] { return status_.read(); }});
  append(service.routes, probes_routes(ready_, [this] { return status_.read(); }));
  return add(settings, "peerage.http_laddr", std::move(service), at);
}

void HttpSurface::start() {
  if (served_) {
    node_.runtime().shard(0).post([served = served_] { served->start(); });
  }
  server_.start();
}

void HttpSurface::stop() {
  server_.stop();
}

std::vector<std::string> HttpSurface::why_not_ready() {
  return cmd::why_not_ready(*status_.read(), ready_);
}

}  // namespace peerage::cmd
