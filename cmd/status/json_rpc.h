// JSON-RPC 2.0 as a comet node speaks it: over GET and POST, one request or a batch, and as
// messages of a WebSocket. What the methods are is not known here.
//
// What differs from the letter of JSON-RPC is as there, because clients count on it:
//  - the id of every GET is the number -1;
//  - an error without a known id has no `id` at all, and `data` is left out when it is empty;
//  - a batch of one is answered by one object, and an empty batch by nothing;
//  - GET says by its status that something failed (500), POST only that it could not be read.
//
// One difference from there: a batch is refused at the answer that would make it longer than
// kMaxBatchAnswer; ten large answers in one are more than a client needs and a server should hold.
//
// Source: comet v0.38 rpc/jsonrpc/server. Threads: plain values and pure functions.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "cmd/http/message.h"
#include "cmd/status/json_rpc_reading.h"

namespace peerage::cmd {

inline constexpr std::size_t kMaxBatchAnswer = std::size_t{8} << 20;

enum class RpcCode : int {
  parse_error = -32700,
  invalid_request = -32600,
  method_not_found = -32601,
  invalid_params = -32602,
  internal_error = -32603,
};

struct RpcError {
  RpcCode code = RpcCode::internal_error;
  std::string data;  // for people; empty: left out
};

// JSON as cmd/status/go_json.h writes it.
using RpcResult = tl::expected<std::string, RpcError>;

struct RpcMethod {
  std::string name;
  std::vector<RpcParameter> parameters;
  // None: one of a comet node's WebSocket, which is not served. It is known, and not found.
  std::function<RpcResult(const RpcArguments&)> call;
};
using RpcMethods = std::vector<RpcMethod>;

struct RpcLimits {
  std::size_t batch = 10;  // requests in one; 0: any
};

// GET /METHOD with its query; POST with a form is the same.
HttpAnswer answer_query(const RpcMethod& method, const HttpRequest& request);

// What is posted to `/`; a list of the methods for people, if nothing is.
HttpAnswer answer_body(const RpcMethods& methods, const HttpRequest& request,
                       const RpcLimits& limits);

// A message of a WebSocket. Nothing: nothing is to be sent.
std::optional<std::string> answer_message(const RpcMethods& methods, std::string_view message,
                                          const RpcLimits& limits);

// What a comet node says to a path that it does not know.
HttpAnswer page_not_found();

}  // namespace peerage::cmd
