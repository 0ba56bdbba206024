// A client's connection as HTTP sees it: bytes and times go in, bytes and the next deadline come
// out. What carries the bytes is cmd/http/session.h's.
//
// Requests are answered one after another. While an answer is under way nothing is read: a client
// that pipelines waits in its own memory. When the connection is to end, the answer is sent first,
// and then what the client still sends is read and dropped for a moment: a socket that is closed
// with unread bytes would take the answer back.
//
//   reading -> answering -> reading … -> lingering -> over
//           -> streaming (server-sent events)      -> over
//           -> upgraded  (a WebSocket, which is not spoken here)
//
// Threads: none of its own (the server's).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cmd/http/answer_head.h"
#include "cmd/http/output_queue.h"
#include "cmd/http/request_reader.h"
#include "cmd/http/service.h"

namespace peerage::cmd {

class HttpConnection final : private StreamClient {
 public:
  static constexpr std::chrono::milliseconds kLinger{1'000};
  static constexpr std::size_t kMostLingered = std::size_t{256} << 10;

  // Counted by the service already; uncounted when it goes.
  HttpConnection(Service& service, const HttpCaller& caller, conn::TimePoint now);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  enum class Phase : std::uint8_t { reading, answering, streaming, lingering, upgraded, over };
  Phase phase() const noexcept { return phase_; }

  bool wants_input() const noexcept {
    return phase_ == Phase::reading || phase_ == Phase::streaming || phase_ == Phase::lingering;
  }
  void receive(std::string_view bytes, conn::TimePoint now);
  // The client sends nothing more, or the connection is broken.
  void end_of_input() noexcept { phase_ = Phase::over; }

  const OutputQueue& output() const noexcept { return output_; }
  void sent(std::size_t bytes, conn::TimePoint now);
  // Called when there is output that no call of ours has made: an event of a stream.
  void on_output(std::function<void()> wake) { wake_ = std::move(wake); }

  conn::TimePoint deadline() const noexcept;
  // At the deadline or later.
  void on_deadline(conn::TimePoint now);

  // The server stops: an answer under way is still sent, and nothing else.
  void shut_down() noexcept;

  // While upgraded: the request, and where its messages go.
  const HttpRequest& request() const noexcept { return reader_.request(); }
  Service::Route& route() noexcept { return *current_.route; }
  const HttpCaller& caller() const noexcept override { return caller_; }

 private:
  // The request that is read or answered.
  struct Current {
    Service::Route* route = nullptr;  // null: there is none
    conn::TimePoint began{};
    unsigned status = 0;
    bool under_way = false;  // counted as such
  };

  void advance(conn::TimePoint now);
  void await_request(conn::TimePoint now);
  void on_header(conn::TimePoint now);
  void on_request(conn::TimePoint now);
  void on_sent_all(conn::TimePoint now);
  bool asks_for_upgrade() const;
  void upgrade(conn::TimePoint now);
  void start_stream(conn::TimePoint now);
  void push(const Event& event, conn::TimePoint now) override;
  void answer(const HttpAnswer& answer, AfterAnswer after, conn::TimePoint now);
  void refuse(const HttpAnswer& why, conn::TimePoint now);
  AfterAnswer after_this() const noexcept;
  void finish_current(conn::TimePoint now);
  void linger(conn::TimePoint now);

  Service& service_;
  const HttpCaller caller_;
  RequestReader reader_;
  OutputQueue output_;
  std::function<void()> wake_;
  Phase phase_ = Phase::reading;
  Current current_;
  AfterAnswer after_ = AfterAnswer::keep_alive;
  conn::TimePoint deadline_;        // of a stream: without progress, when there is output
  conn::TimePoint next_comment_{};  // of a stream
  bool idle_ = false;               // between requests
  bool stopping_ = false;
  BodyForm::Kind stream_form_ = BodyForm::Kind::chunked;
  std::size_t lingered_ = 0;
};

}  // namespace peerage::cmd
