#include "cmd/status/json_rpc.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "cmd/status/go_json.h"

namespace peerage::cmd {
namespace {

constexpr std::string_view kIdOfQueries = "-1";
constexpr std::string_view kNoId;

std::string_view message_of(RpcCode code) {
  switch (code) {
    case RpcCode::parse_error:
      return "Parse error. Invalid JSON";
    case RpcCode::invalid_request:
      return "Invalid Request";
    case RpcCode::method_not_found:
      return "Method not found";
    case RpcCode::invalid_params:
      return "Invalid params";
    case RpcCode::internal_error:
      return "Internal error";
  }
  return "";
}

// `id` is JSON.
std::string response(std::string_view id, const RpcResult& result) {
  std::string text;
  if (result) text.reserve(result->size() + id.size() + 64);
  GoJson json(text);
  json.begin_object();
  json.key("jsonrpc").string("2.0");
  if (!id.empty()) json.key("id").raw(id);
  if (result) {
    json.key("result").raw(*result);
  } else {
    const RpcError& error = result.error();
    json.key("error").begin_object();
    json.key("code").number(static_cast<int>(error.code));
    json.key("message").string(message_of(error.code));
    if (!error.data.empty()) json.key("data").string(error.data);
    json.end_object();
  }
  json.end_object();
  return text;
}

std::string refusal(std::string_view id, RpcCode code, std::string data = {}) {
  return response(id, tl::unexpected(RpcError{code, std::move(data)}));
}

HttpAnswer answer_of(unsigned status, std::string json) {
  HttpAnswer answer;
  answer.status = status;
  answer.content_type = "application/json";
  if (!json.empty()) answer.body = std::make_shared<const std::string>(std::move(json));
  return answer;
}

const RpcMethod* find_method(const RpcMethods& methods, std::string_view name) {
  const auto found = std::find_if(methods.begin(), methods.end(),
                                  [name](const RpcMethod& each) { return each.name == name; });
  return found == methods.end() || !found->call ? nullptr : &*found;
}

std::string respond(const RpcMethods& methods, const RpcRequest& request) {
  const RpcMethod* method = find_method(methods, request.method);
  if (method == nullptr) return refusal(request.id, RpcCode::method_not_found);
  const auto arguments = arguments_of_json(method->parameters, request.params);
  if (!arguments) {
    return refusal(request.id, RpcCode::invalid_params,
                   "error converting json params to arguments: " + arguments.error());
  }
  return response(request.id, method->call(*arguments));
}

// Of requests that have been read: no text when there is nothing to be answered.
std::string respond(const RpcMethods& methods, const std::vector<RpcRequest>& requests,
                    const RpcLimits& limits) {
  if (limits.batch != 0 && requests.size() > limits.batch) {
    return refusal(kNoId, RpcCode::invalid_request,
                   "batch request exceeds maximum (" + std::to_string(limits.batch) +
                       ") allowed number of requests");
  }
  std::string all;
  std::size_t answers = 0;
  for (const RpcRequest& request : requests) {
    if (request.id.empty()) continue;
    std::string answer = all.size() > kMaxBatchAnswer
                             ? refusal(request.id, RpcCode::internal_error,
                                       "the answers to this batch before it are too long already")
                             : respond(methods, request);
    if (++answers == 1) {
      all = std::move(answer);
    } else {
      all += ',';
      all += answer;
    }
  }
  if (answers > 1) {
    all.insert(all.begin(), '[');
    all += ']';
  }
  return all;
}

// --- the list of methods ---

// For HTML's text and the value of an attribute.
std::string html(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '<') {
      safe += "&lt;";
    } else if (c == '>') {
      safe += "&gt;";
    } else if (c == '&') {
      safe += "&amp;";
    } else if (c == '"') {
      safe += "&#34;";
    } else if (c == '\'') {
      safe += "&#39;";
    } else {
      safe += c;
    }
  }
  return safe;
}

std::string link_to(const RpcMethod& method, std::string_view host) {
  std::string link = "//" + std::string(host) + "/" + method.name;
  char separator = '?';
  for (const RpcParameter& each : method.parameters) {
    if (each.origin == RpcParameter::Origin::ours) continue;
    link += std::exchange(separator, '&');
    link += std::string(each.name) + "=_";
  }
  const std::string safe = html(link);
  return "<a href=\"" + safe + "\">" + safe + "</a></br>";
}

HttpAnswer list_of_methods(const RpcMethods& methods, const HttpRequest& request) {
  const std::string* host = request.header("host");
  std::string plain;
  std::string with_arguments;
  for (const RpcMethod& each : methods) {
    if (!each.call) continue;
    const bool takes_some =
        std::any_of(each.parameters.begin(), each.parameters.end(),
                    [](const auto& one) { return one.origin == RpcParameter::Origin::comet; });
    (takes_some ? with_arguments : plain) += link_to(each, host == nullptr ? "" : *host);
  }
  HttpAnswer answer = answer_of(200, "<html><body><br>Available endpoints:<br>" + plain +
                                         "<br>Endpoints that require arguments:<br>" +
                                         with_arguments + "</body></html>");
  answer.content_type = "text/html";
  return answer;
}

}  // namespace

HttpAnswer answer_query(const RpcMethod& method, const HttpRequest& request) {
  if (!method.call) {
    return answer_of(404, refusal(kIdOfQueries, RpcCode::method_not_found));
  }
  const auto arguments = arguments_of_query(method.parameters, request);
  if (!arguments) {
    return answer_of(500,
                     refusal(kIdOfQueries, RpcCode::invalid_params,
                             "error converting http params to arguments: " + arguments.error()));
  }
  const RpcResult result = method.call(*arguments);
  return answer_of(result ? 200 : 500, response(kIdOfQueries, result));
}

HttpAnswer answer_body(const RpcMethods& methods, const HttpRequest& request,
                       const RpcLimits& limits) {
  if (request.body.empty()) return list_of_methods(methods, request);
  const auto requests = read_rpc_requests(request.body);
  if (!requests) {
    return answer_of(500, refusal(kNoId, RpcCode::parse_error,
                                  "error unmarshaling request: " + requests.error()));
  }
  return answer_of(200, respond(methods, *requests, limits));
}

std::optional<std::string> answer_message(const RpcMethods& methods, std::string_view message,
                                          const RpcLimits& limits) {
  const auto requests = read_rpc_requests(message);
  if (!requests) {
    return refusal(kNoId, RpcCode::parse_error, "error unmarshaling request: " + requests.error());
  }
  std::string answer = respond(methods, *requests, limits);
  return answer.empty() ? std::nullopt : std::optional(std::move(answer));
}

HttpAnswer page_not_found() {
  HttpAnswer answer = answer_of(404, "404 page not found\n");
  answer.content_type = "text/plain; charset=utf-8";
  return answer;
}

}  // namespace peerage::cmd
