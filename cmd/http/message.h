// A request and its answer as handlers see them: plain values, without a trace of the library that
// carries them.
//
// A HEAD request comes to a handler as GET: the server leaves the body out. So every GET route
// answers HEAD, with the same status and headers.
//
// Threads: plain values and pure functions.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conn/address/ip_address.h"

namespace peerage::cmd {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";  // never HEAD
  std::string path = "/";      // begins with '/'; percent-decoded, once; without the query
  std::string query{};         // as it was sent, without '?'
  HttpHeaders headers{};       // names in lower case, in the order in which they came
  std::string body{};
  std::optional<conn::IpAddress> remote{};  // none: a Unix socket

  // The first of that name, which is in lower case; null when there is none.
  const std::string* header(std::string_view name) const noexcept;
};

struct HttpAnswer {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::shared_ptr<const std::string> body{};  // null: empty
  // The same body compressed, for those that accept gzip; null: none.
  std::shared_ptr<const std::string> gzip{};
  HttpHeaders
      headers{};  // besides Content-Type, Content-Length, Content-Encoding, Date, Connection

  static HttpAnswer text(unsigned status, std::string body);
  static HttpAnswer json(unsigned status, std::string body);
};

// Each %XX as the byte that it stands for. Nothing when a percent sign is not followed by two hex
// digits.
std::optional<std::string> percent_decoded(std::string_view text);

// The parameters of a query or of a form's body, in order; names and values percent-decoded, a '+'
// is a blank. Nothing when one cannot be decoded.
using HttpParameters = std::vector<std::pair<std::string, std::string>>;
std::optional<HttpParameters> parse_parameters(std::string_view text);
// The first of that name.
std::optional<std::string_view> find_parameter(const HttpParameters& parameters,
                                               std::string_view name) noexcept;

}  // namespace peerage::cmd
