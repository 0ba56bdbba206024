#include "cmd/http/request_reader.h"

#include <algorithm>
#include <utility>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace peerage::cmd {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;

// Of a chunk's size with its extensions, and of all trailers.
constexpr std::size_t kMaxChunkLine = 4096;

std::string_view as_view(beast::string_view text) noexcept {
  return {text.data(), text.size()};
}

bool is_control(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

bool same_word(std::string_view a, std::string_view b) noexcept {
  return beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

HttpRefusal refusal_of(const beast::error_code& error) {
  if (error == http::error::header_limit) {
    return {431, "the request's header is too long"};
  }
  if (error == http::error::body_limit) return {413, "the request's body is too long"};
  if (error == http::error::bad_version) return {505, "this is a server of HTTP/1.1"};
  return {400, "the request cannot be read: " + error.message()};
}

}  // namespace

// Puts what Beast's parser finds into a request.
class RequestReader::Parser final : public http::basic_parser<true> {
 public:
  Parser(HttpRequest& request, const Limits& limits) : request_(request) {
    header_limit(static_cast<std::uint32_t>(limits.header_bytes));
    body_limit(limits.body_bytes);
  }

  std::string target;
  int version = 11;
  bool headed = false;  // what comes now as a field is a trailer

 private:
  void on_request_impl(http::verb, beast::string_view method, beast::string_view its_target,
                       int its_version, beast::error_code&) override {
    request_.method = as_view(method);
    target = as_view(its_target);
    version = its_version;
  }
  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
  void on_field_impl(http::field, beast::string_view name, beast::string_view value,
                     beast::error_code&) override {
    if (headed) return;  // trailers are for nobody here
    std::string lowered(as_view(name));
    std::transform(lowered.begin(), lowered.end(), lowered.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    request_.headers.emplace_back(std::move(lowered), as_view(value));
  }
  void on_header_impl(beast::error_code&) override { headed = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
  std::size_t on_body_impl(beast::string_view body, beast::error_code&) override {
    request_.body.append(body.data(), body.size());
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body,
                                 beast::error_code&) override {
    request_.body.append(body.data(), body.size());
    return body.size();
  }
  void on_finish_impl(beast::error_code&) override {}

  HttpRequest& request_;
};

RequestReader::RequestReader(const Limits& limits) : limits_(limits) {}
RequestReader::~RequestReader() = default;

bool RequestReader::keeps_alive() const noexcept {
  return parser_->keep_alive();
}

bool RequestReader::has_body() const noexcept {
  return !parser_->is_done();
}

bool RequestReader::expects_continue() const noexcept {
  const std::string* expectation = request_.header("expect");
  return expectation && version_ == Version::http_1_1 && has_body() && input_.empty();
}

RequestReader::Step RequestReader::refuse(HttpRefusal why) {
  refusal_ = std::move(why);
  phase_ = Phase::refused;
  input_.clear();
  return Step::refused;
}

RequestReader::Step RequestReader::step() {
  switch (phase_) {
    case Phase::complete:
      request_ = HttpRequest{};
      parser_ = std::make_unique<Parser>(request_, limits_);
      header_bytes_ = 0;
      is_head_ = false;
      phase_ = Phase::header;
      return read_header();
    case Phase::header:
      return read_header();
    case Phase::body:
      return read_body();
    case Phase::refused:
      break;
  }
  return Step::refused;
}

RequestReader::Step RequestReader::read_header() {
  // At most two steps: the request line, and the fields.
  beast::error_code error;
  while (!error && !parser_->headed) {
    const std::size_t used = parser_->put({input_.data(), input_.size()}, error);
    input_.erase(0, used);
    header_bytes_ += used;
  }
  if (error && error != http::error::need_more) return refuse(refusal_of(error));
  const std::size_t bytes = header_bytes_ + (parser_->headed ? 0 : input_.size());
  if (bytes > limits_.header_bytes) return refuse(refusal_of(http::error::header_limit));
  if (!parser_->headed) return Step::need_more;
  if (auto why = understand_header()) return refuse(std::move(*why));
  phase_ = Phase::body;
  return Step::header;
}

RequestReader::Step RequestReader::read_body() {
  beast::error_code error;
  while (!error && !parser_->is_done() && !input_.empty()) {
    input_.erase(0, parser_->put({input_.data(), input_.size()}, error));
  }
  if (error && error != http::error::need_more) return refuse(refusal_of(error));
  if (parser_->is_done()) {
    header_bytes_ = 0;
    phase_ = Phase::complete;
    return Step::complete;
  }
  if (input_.size() > kMaxChunkLine) {
    return refuse({400, "the request cannot be read: a chunk's first line is too long"});
  }
  return Step::need_more;
}

std::optional<HttpRefusal> RequestReader::understand_header() {
  version_ = parser_->version == 10 ? Version::http_1_0 : Version::http_1_1;
  is_head_ = request_.method == "HEAD";
  if (is_head_) request_.method = "GET";

  std::size_t hosts = 0;
  std::size_t lengths = 0;
  for (const auto& [name, value] : request_.headers) {
    if (name == "host") {
      ++hosts;
      const auto host = HttpHost::parse(value);
      if (!host) return HttpRefusal{400, "the Host header is none"};
      host_ = *host;
    } else if (name == "content-length") {
      ++lengths;
      if (value.find_first_not_of("0123456789") != std::string::npos) {
        return HttpRefusal{400, "Content-Length is not a number"};
      }
    } else if (name == "transfer-encoding") {
      if (!same_word(value, "chunked")) {
        return HttpRefusal{501, "no Transfer-Encoding but chunked is known here"};
      }
      if (version_ == Version::http_1_0) {
        return HttpRefusal{400, "HTTP/1.0 has no Transfer-Encoding"};
      }
    } else if (name == "expect" && !same_word(value, "100-continue")) {
      return HttpRefusal{417, "nothing but 100-continue can be expected"};
    }
  }
  if (hosts != 1) return HttpRefusal{400, "a request has one Host header"};
  if (lengths > 1) return HttpRefusal{400, "a request has one Content-Length"};
  return understand_target(parser_->target);
}

// A path, or a URL whose host is the Host header's: another would be another's answer.
std::optional<HttpRefusal> RequestReader::understand_target(std::string_view target) {
  const std::size_t scheme = target.find("://");
  const bool is_url = scheme != std::string_view::npos && target.front() != '/';
  if (is_url) {
    if (!same_word(target.substr(0, scheme), "http") &&
        !same_word(target.substr(0, scheme), "https")) {
      return HttpRefusal{400, "the request's target is neither a path nor a URL"};
    }
    target.remove_prefix(scheme + 3);
    const std::size_t end = std::min(target.find_first_of("/?"), target.size());
    const std::string* const host = request_.header("host");
    if (!host || !same_word(target.substr(0, end), *host)) {
      return HttpRefusal{400, "the request's target and its Host header differ"};
    }
    target.remove_prefix(end);
  }
  const std::size_t question = std::min(target.find('?'), target.size());
  request_.query = target.substr(std::min(question + 1, target.size()));
  std::string_view path = target.substr(0, question);
  if (path.empty() && is_url) path = "/";
  if (!path.starts_with('/') || target.find('#') != std::string_view::npos) {
    return HttpRefusal{400, "the request's target is neither a path nor a URL"};
  }
  auto decoded = percent_decoded(path);
  if (!decoded || std::any_of(decoded->begin(), decoded->end(), is_control)) {
    return HttpRefusal{400, "the request's path cannot be decoded"};
  }
  request_.path = std::move(*decoded);
  return std::nullopt;
}

}  // namespace peerage::cmd
