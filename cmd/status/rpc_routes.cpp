#include "cmd/status/rpc_routes.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace peerage::cmd {
namespace {

constexpr std::string_view kVersioned = "/v1";

// What all routes share.
struct Rpc {
  RpcSettings settings;
  RpcHooks hooks;
  ReadStatus status;
  ReadWallTime now;

  RpcMethods methods(const std::shared_ptr<const StatusSnapshot>& node) const {
    return rpc_methods(node, settings.net_info, settings.unsafe, hooks);
  }
};
using SharedRpc = std::shared_ptr<const Rpc>;

// The last /net_info: of which snapshot, asked for how, and what was answered.
struct KeptAnswer {
  std::shared_ptr<const StatusSnapshot> node;
  std::string query;
  HttpAnswer answer;
};

HttpAnswer finish(const Rpc& rpc, HttpAnswer answer) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(rpc.now()).time_since_epoch();
  answer.headers.emplace_back("X-Server-Time", std::to_string(seconds.count()));
  return answer;
}

bool is_welcome(const Rpc& rpc, const HttpRequest& request) {
  return rpc.settings.unsafe == UnsafeMethods::unknown ||
         !is_of_foreign_page(rpc.settings.cors, request);
}

// With what belongs to every answer around what `inner` answers.
HttpHandler around(SharedRpc rpc, HttpHandler inner) {
  return [rpc = std::move(rpc), inner = std::move(inner)](const HttpRequest& request) {
    HttpAnswer answer =
        is_welcome(*rpc, request)
            ? inner(request)
            : HttpAnswer::text(403, "a page of another site (see cors_allowed_origins)\n");
    add_cors(rpc->settings.cors, request, answer);
    return finish(*rpc, std::move(answer));
  };
}

// None where there is no CORS.
HttpHandler preflight_handler(SharedRpc rpc) {
  if (rpc->settings.cors.origins.empty()) return nullptr;
  return [rpc = std::move(rpc)](const HttpRequest& request) {
    return finish(*rpc, answer_preflight(rpc->settings.cors, request));
  };
}

HttpAnswer call(const Rpc& rpc, std::string_view name,
                const std::shared_ptr<const StatusSnapshot>& node, const HttpRequest& request) {
  const RpcMethods methods = rpc.methods(node);
  const auto method = std::find_if(methods.begin(), methods.end(),
                                   [name](const RpcMethod& each) { return each.name == name; });
  return method == methods.end() ? page_not_found() : answer_query(*method, request);
}

HttpHandler method_handler(SharedRpc rpc, std::string name) {
  auto inner = [rpc, name = std::move(name)](const HttpRequest& request) {
    return call(*rpc, name, rpc->status(), request);
  };
  return around(std::move(rpc), std::move(inner));
}

HttpHandler net_info_handler(SharedRpc rpc, std::shared_ptr<KeptAnswer> kept) {
  auto inner = [rpc, kept = std::move(kept)](const HttpRequest& request) {
    auto node = rpc->status();
    if (!request.body.empty()) return call(*rpc, "net_info", node, request);
    if (kept->node != node || kept->query != request.query) {
      *kept = {node, request.query, call(*rpc, "net_info", node, request)};
    }
    return kept->answer;
  };
  return around(std::move(rpc), std::move(inner));
}

// At `/` and `/v1`, which have everything below them that no other route has.
HttpHandler envelope_handler(SharedRpc rpc) {
  auto inner = [rpc](const HttpRequest& request) {
    const std::string_view path = request.path;
    if (path != "/" && path != kVersioned && path != "/v1/") return page_not_found();
    return answer_body(rpc->methods(rpc->status()), request, rpc->settings.limits);
  };
  return around(std::move(rpc), std::move(inner));
}

// Without an upgrade.
HttpAnswer no_upgrade(const HttpRequest&) {
  return HttpAnswer::text(400, "Bad Request\n");
}

WebSocketHandler message_handler(SharedRpc rpc) {
  return [rpc = std::move(rpc)](const std::string& message) {
    return answer_message(rpc->methods(rpc->status()), message, rpc->settings.limits);
  };
}

}  // namespace

std::vector<HttpRoute> rpc_routes(RpcSettings settings, RpcHooks hooks, ReadStatus status,
                                  ReadWallTime now) {
  const auto rpc = std::make_shared<const Rpc>(
      Rpc{std::move(settings), std::move(hooks), std::move(status), std::move(now)});
  const auto kept = std::make_shared<KeptAnswer>();
  std::vector<HttpRoute> routes;
  const auto add = [&](std::string name, std::string path, HttpHandler handler) -> HttpRoute& {
    HttpRoute& route = routes.emplace_back();
    route.name = std::move(name);
    route.path = std::move(path);
    route.handler = std::move(handler);
    route.options = preflight_handler(rpc);
    return route;
  };
  for (const std::string prefix : {"", "/v1"}) {
    for (const std::string& name : rpc_method_names(rpc->settings.unsafe, rpc->hooks)) {
      std::string path = prefix;
      path.append("/").append(name);
      if (name == "net_info") {
        add(name, std::move(path), net_info_handler(rpc, kept)).under_way = kRpcUnderWay;
      } else {
        add(name, std::move(path), method_handler(rpc, name));
      }
    }
    HttpRoute& socket = add("websocket", prefix + "/websocket", around(rpc, no_upgrade));
    socket.web_socket = message_handler(rpc);
    socket.may_upgrade = [rpc](const HttpRequest& request) { return is_welcome(*rpc, request); };
    add("rpc", prefix + "/", envelope_handler(rpc)).under_way = kRpcUnderWay;
  }
  return routes;
}

}  // namespace peerage::cmd
