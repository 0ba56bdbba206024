// The lines of the control protocol: a request as text, and an answer.
//
// A line is a JSON object with the members of JSON-RPC 2.0:
//
//   {"id":1,"method":"ban","params":{"target":"203.0.113.7","for":"7d"}}
//   {"id":1,"result":{…}}
//   {"id":1,"error":{"code":-1,"reason":"not_found","message":"…","hint":"…"}}
//
// `id` is a whole number, a string or null, and comes back as it was; without it, it is null, and
// the request is answered all the same. `params` may be left out. "jsonrpc":"2.0" may stand there.
// Anything else is refused: a member that is misspelt, or there twice, must not change what a
// request means.
//
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cmd/ctl/control.h"

namespace peerage::cmd {

struct CtlRequest {
  std::string id = "null";  // as JSON
  std::string method;
  CtlParams params;
  // Why it is none (code -2). The rest is what could be read then.
  std::optional<CtlError> error;
};

// Whatever the bytes are. Nesting that no request has is refused, not followed.
CtlRequest parse_request(std::string_view line);

// Parameters as a JSON object: of a request, and for the log.
std::string params_text(const CtlParams& params);

// With its line end.
std::string answer_line(std::string_view id, const CtlResult& result);

}  // namespace peerage::cmd
