#include "cmd/http/client.h"

#include <functional>
#include <optional>
#include <utility>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include "cmd/http/answer_head.h"
#include "cmd/http/host_check.h"
#include "cmd/http/stream.h"
#include "cmd/http/tls.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using conn::Reason;
using conn::Stage;

constexpr std::uint32_t kMaxHeader = 64u << 10;

std::string where(const HttpTarget& target) {
  if (const auto* endpoint = std::get_if<conn::Endpoint>(&target.server)) {
    return endpoint->to_string();
  }
  return conn::printable(std::get<std::filesystem::path>(target.server).native());
}

std::string host_of(const HttpTarget& target) {
  if (!target.host.empty()) return target.host;
  const auto* const endpoint = std::get_if<conn::Endpoint>(&target.server);
  return endpoint ? endpoint->to_string() : "localhost";
}

Stream::Protocol::endpoint endpoint_of(const HttpTarget& target) {
  if (const auto* endpoint = std::get_if<conn::Endpoint>(&target.server)) {
    if (endpoint->ip.is_v4()) {
      return net::ip::tcp::endpoint(net::ip::address_v4(endpoint->ip.v4_bytes()), endpoint->port);
    }
    return net::ip::tcp::endpoint(net::ip::address_v6(endpoint->ip.bytes()), endpoint->port);
  }
  return net::local::stream_protocol::endpoint(
      std::get<std::filesystem::path>(target.server).native());
}

std::string head_of(const HttpTarget& target, const HttpRequest& request) {
  std::string head = request.method + ' ' + request.path;
  if (!request.query.empty()) head.append("?").append(request.query);
  head.append(" HTTP/1.1\r\nHost: ").append(host_of(target)).append("\r\nConnection: close\r\n");
  for (const auto& [name, value] : request.headers) {
    head.append(name).append(": ").append(value).append("\r\n");
  }
  if (!request.body.empty() || request.method == "POST") {
    head.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  }
  return head + "\r\n";
}

// One request, step by step; each step begins the next.
class Exchange {
 public:
  Exchange(const HttpTarget& target, const HttpRequest& request, std::shared_ptr<TlsContext> tls,
           std::size_t most)
      : target_(target),
        stream_(Stream::Socket(context_), std::move(tls)),
        sent_(head_of(target, request) + request.body) {
    parser_.header_limit(kMaxHeader);
    parser_.body_limit(most);
    if (request.method == "HEAD") parser_.skip(true);
  }

  conn::Result<HttpAnswer> run(std::chrono::milliseconds within) {
    connect();
    context_.run_for(within);
    if (!done_) return conn::fail(stage_, Reason::connect_timed_out, where(target_));
    if (error_) return conn::fail(stage_, reason(), where(target_) + ": " + error_.message());
    return answer();
  }

 private:
  void connect() {
    stream_.socket().async_connect(endpoint_of(target_), [this](Stream::Error error) {
      if (error) return end(error);
      stage_ = Stage::key_exchange;
      if (stream_.tls()) return handshake();
      write();
    });
  }
  void handshake() {
    auto& tls = *stream_.tls();
    const auto host = HttpHost::parse(host_of(target_));
    const std::string name = host ? host->name : std::string();
    Stream::Error error;
    if (target_.tls == HttpTarget::Tls::yes) {
      tls.set_verify_mode(net::ssl::verify_peer, error);
      tls.set_verify_callback(net::ssl::host_name_verification(name), error);
    }
    if (host && !host->ip) SSL_set_tlsext_host_name(tls.native_handle(), name.c_str());
    tls.async_handshake(net::ssl::stream_base::client, [this](Stream::Error failed) {
      if (failed) return end(failed);
      write();
    });
  }
  // A server that refuses early closes before it has read all: its answer is what counts.
  void write() {
    stage_ = Stage::established;
    net::async_write(stream_, net::buffer(sent_), [this](Stream::Error, std::size_t) { read(); });
  }
  void read() {
    http::async_read(stream_, input_, parser_,
                     [this](Stream::Error error, std::size_t) { end(error); });
  }
  void end(Stream::Error error) {
    error_ = error;
    done_ = true;
    stream_.close();
  }

  Reason reason() const {
    if (error_ == net::error::connection_refused) return Reason::connection_refused;
    if (error_ == http::error::body_limit) return Reason::message_too_long;
    if (error_ == http::error::end_of_stream) return Reason::closed_by_remote;
    return Reason::io_error;
  }
  HttpAnswer answer() {
    const auto& message = parser_.get();
    HttpAnswer answer = HttpAnswer::text(message.result_int(), message.body());
    answer.content_type.clear();
    for (const auto& field : message) {
      std::string value(field.value());
      if (field.name() == http::field::content_type) answer.content_type = value;
      answer.headers.emplace_back(std::string(field.name_string()), std::move(value));
    }
    return answer;
  }

  const HttpTarget& target_;
  net::io_context context_{1};
  Stream stream_;
  const std::string sent_;
  beast::flat_buffer input_;
  http::response_parser<http::string_body> parser_;
  Stage stage_ = Stage::connect;
  Stream::Error error_;
  bool done_ = false;
};

}  // namespace

conn::Result<HttpAnswer> http_request(const HttpTarget& target, const HttpRequest& request,
                                      std::chrono::milliseconds within, std::size_t most) {
  for (const auto& [name, value] : request.headers) {
    if (!is_header(name, value)) {
      return conn::fail(Stage::configuration, Reason::invalid_argument,
                        "not a header: " + conn::printable(name));
    }
  }
  std::shared_ptr<TlsContext> tls;
  if (target.tls != HttpTarget::Tls::no) {
    auto context = client_tls(target.trusted);
    if (!context) return tl::unexpected(std::move(context.error()));
    tls = std::move(*context);
  }
  return Exchange(target, request, std::move(tls), most).run(within);
}

}  // namespace peerage::cmd
