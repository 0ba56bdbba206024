// Which pages of other origins may read the RPC: `cors_allowed_origins` and the two lists beside it
// in [rpc], as a comet node understands them. Without an origin there is none of it.
//
// An origin may have one `*` in it ("https://*.example.org"); `*` alone is any.
//
// Source: rs/cors, which comet uses. Threads: plain values and pure functions.
#pragma once

#include <string>
#include <vector>

#include "cmd/http/message.h"

namespace peerage::cmd {

struct CorsSettings {
  std::vector<std::string> origins;  // empty: no page
  std::vector<std::string> methods = {"HEAD", "GET", "POST"};
  std::vector<std::string> headers = {"Origin", "Accept", "Content-Type", "X-Requested-With",
                                      "X-Server-Time"};  // `*`: any
};

// The answer to OPTIONS, which a browser sends first: what is not allowed, it does not say.
HttpAnswer answer_preflight(const CorsSettings& cors, const HttpRequest& request);

// Whether a browser sent it for a page of another site, which is not among the origins. Such a page
// cannot read the answer; but what a request does, it does.
bool is_of_foreign_page(const CorsSettings& cors, const HttpRequest& request);

// The headers of an answer to `request`.
void add_cors(const CorsSettings& cors, const HttpRequest& request, HttpAnswer& answer);

}  // namespace peerage::cmd
