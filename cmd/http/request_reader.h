// A client's bytes, read as requests: one after another, strictly.
//
// Requests that two readers could understand differently are refused, and so is what is more than
// the limits allow; after a refusal nothing more is read. The parser is Boost.Beast's, which is
// seen by the .cpp alone; what it leaves open is decided here: Transfer-Encoding other than
// "chunked", more than one Content-Length or Host, the forms of a target, control characters in a
// path.
//
// A request comes in two steps, so that one that is not wanted is refused before its body is read:
// its header, and all of it.
//
// Invariant: what is held grows with bytes received, never with a length that was announced.
// Threads: none of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "cmd/http/host_check.h"
#include "cmd/http/message.h"

namespace peerage::cmd {

// Why a request is not read: an answer's status and text.
struct HttpRefusal {
  unsigned status = 400;
  std::string text;
};

class RequestReader {
 public:
  struct Limits {
    std::size_t header_bytes, body_bytes;
  };
  explicit RequestReader(const Limits& limits);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  // Bytes that came; they are read by `step`.
  void add(std::string_view bytes) { input_ += bytes; }

  // Reads on, up to the next of these.
  enum class Step : std::uint8_t { need_more, header, complete, refused };
  Step step();

  // From Step::header until the next `step` after Step::complete. HEAD is GET here.
  const HttpRequest& request() const noexcept { return request_; }
  HttpRequest& request() noexcept { return request_; }
  const HttpHost& host() const noexcept { return host_; }
  enum class Version : std::uint8_t { http_1_0, http_1_1 };
  Version version() const noexcept { return version_; }
  bool is_head() const noexcept { return is_head_; }
  bool keeps_alive() const noexcept;
  bool has_body() const noexcept;
  bool expects_continue() const noexcept;

  // From Step::refused.
  const HttpRefusal& refusal() const noexcept { return refusal_; }

  // Whether a part of a request is there.
  bool in_a_request() const noexcept { return header_bytes_ > 0 || !input_.empty(); }
  // Bytes that came after what has been read.
  std::size_t held() const noexcept { return input_.size(); }

 private:
  class Parser;
  enum class Phase : std::uint8_t { header, body, complete, refused };

  Step read_header();
  Step read_body();
  Step refuse(HttpRefusal why);
  std::optional<HttpRefusal> understand_header();
  std::optional<HttpRefusal> understand_target(std::string_view target);

  const Limits limits_;
  std::string input_;
  Phase phase_ = Phase::complete;
  std::unique_ptr<Parser> parser_;
  std::size_t header_bytes_ = 0;  // of this request, read so far
  HttpRequest request_;
  HttpHost host_;
  HttpRefusal refusal_;
  Version version_ = Version::http_1_1;
  bool is_head_ = false;
};

}  // namespace peerage::cmd
