#include "cmd/http/connection.h"

#include <algorithm>

#include "cmd/http/event_stream.h"

namespace peerage::cmd {
namespace {

bool has_body(unsigned status) noexcept {
  return status >= 200 && status != 204 && status != 304;
}

bool same_letters(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

// Without Origin it is no browser; with that of our own Host it is our own page.
bool is_of_our_own(const HttpRequest& request) {
  const std::string* const origin = request.header("origin");
  if (!origin) return true;
  const std::size_t scheme = origin->find("://");
  const std::string* const host = request.header("host");
  return scheme != std::string::npos && host &&
         same_letters(std::string_view(*origin).substr(scheme + 3), *host);
}

}  // namespace

HttpConnection::HttpConnection(Service& service, const HttpCaller& caller, conn::TimePoint now)
    : service_(service),
      caller_(caller),
      reader_({service.limits().header_bytes, service.limits().body_bytes}),
      deadline_(now + service.limits().header_time) {}

HttpConnection::~HttpConnection() {
  if (current_.route) {
    service_.remove_stream(*current_.route, *this);
    if (current_.under_way) --current_.route->under_way;
  }
  service_.disconnect(caller_);
}

void HttpConnection::receive(std::string_view bytes, conn::TimePoint now) {
  switch (phase_) {
    case Phase::reading:
      if (std::exchange(idle_, false)) deadline_ = now + service_.limits().header_time;
      reader_.add(bytes);
      advance(now);
      break;
    case Phase::streaming:  // nothing that could be said to a stream
      phase_ = Phase::over;
      break;
    case Phase::lingering:
      lingered_ += bytes.size();
      if (lingered_ > kMostLingered) phase_ = Phase::over;
      break;
    case Phase::answering:
    case Phase::upgraded:
    case Phase::over:
      break;
  }
}

void HttpConnection::advance(conn::TimePoint now) {
  while (phase_ == Phase::reading) {
    switch (reader_.step()) {
      case RequestReader::Step::need_more:
        return;
      case RequestReader::Step::header:
        on_header(now);
        break;
      case RequestReader::Step::complete:
        // One without a body that was answered by its header alone is complete only now.
        if (current_.route) on_request(now);
        break;
      case RequestReader::Step::refused: {
        const HttpRefusal& why = reader_.refusal();
        refuse(HttpAnswer::text(why.status, std::to_string(why.status) + ' ' + why.text + '\n'),
               now);
        break;
      }
    }
  }
}

void HttpConnection::on_header(conn::TimePoint now) {
  HttpRequest& request = reader_.request();
  request.remote = caller_.ip;
  current_ = Current{.route = &service_.route_of(request.path), .began = now};
  if (auto why = service_.refuse(*current_.route, request, reader_.host(), caller_, now)) {
    // Its body is not read, so no other request can follow.
    answer(*why, reader_.has_body() ? AfterAnswer::close : after_this(), now);
    return;
  }
  ++current_.route->under_way;
  current_.under_way = true;
  deadline_ = now + service_.limits().body_time;
  if (reader_.expects_continue()) output_.push(std::string("HTTP/1.1 100 Continue\r\n\r\n"));
}

void HttpConnection::on_request(conn::TimePoint now) {
  Service::Route& route = *current_.route;
  if (route.what.web_socket && asks_for_upgrade()) return upgrade(now);
  if (route.what.stream_clients > 0 && reader_.request().method == "GET") return start_stream(now);
  answer(service_.answer(route, reader_.request()), after_this(), now);
}

bool HttpConnection::asks_for_upgrade() const {
  const std::string* const upgrade = request().header("upgrade");
  return request().method == "GET" && upgrade && same_letters(*upgrade, "websocket");
}

void HttpConnection::upgrade(conn::TimePoint now) {
  const HttpCheck& may = current_.route->what.may_upgrade;
  if (!(may ? may(request()) : is_of_our_own(request()))) {
    return refuse(HttpAnswer::text(403, "403 not from another site's page\n"), now);
  }
  if (reader_.held() > 0) {
    return refuse(HttpAnswer::text(400, "400 frames before the answer\n"), now);
  }
  current_.status = 101;
  phase_ = Phase::upgraded;
  service_.count(*current_.route, current_.status, now - current_.began);
}

void HttpConnection::start_stream(conn::TimePoint now) {
  Service::Route& route = *current_.route;
  HttpAnswer beginning;
  if (route.what.handler) beginning = service_.answer(route, request());
  if (beginning.status == 200) {
    if (auto why = service_.refuse_stream(route, caller_)) beginning = std::move(*why);
  }
  if (beginning.status != 200) return answer(beginning, after_this(), now);

  beginning.content_type = "text/event-stream";
  const bool chunks = reader_.version() == RequestReader::Version::http_1_1;
  stream_form_ = chunks ? BodyForm::Kind::chunked : BodyForm::Kind::until_end;
  auto head =
      answer_head(beginning, {.kind = stream_form_},
                  chunks ? AfterAnswer::keep_alive : AfterAnswer::close, service_.date(now));
  if (!head) return answer(service_.internal_error(route, "an invalid header"), after_this(), now);
  output_.push(std::move(*head));
  if (reader_.is_head()) {
    current_.status = 200;
    after_ = AfterAnswer::close;
    phase_ = Phase::answering;
    return;
  }
  std::string text = event_stream_beginning();
  if (beginning.body) text += *beginning.body;
  output_.push(chunks ? as_chunk(text) : std::move(text));
  phase_ = Phase::streaming;
  current_.status = 200;
  service_.add_stream(route, *this);
  service_.count(route, current_.status, now - current_.began);
  next_comment_ = now + service_.limits().comment_time;
  deadline_ = now + service_.limits().stalled_time;
}

void HttpConnection::push(const Event& event, conn::TimePoint now) {
  const SharedText& text = stream_form_ == BodyForm::Kind::chunked ? event.chunk : event.text;
  if (output_.unsent() + text->size() > service_.limits().unsent_bytes) {
    phase_ = Phase::over;  // it comes back by itself
    service_.remove_stream(*current_.route, *this);
  } else {
    if (output_.empty()) deadline_ = now + service_.limits().stalled_time;
    output_.push(text);
  }
  if (wake_) wake_();
}

AfterAnswer HttpConnection::after_this() const noexcept {
  const bool again =
      reader_.version() == RequestReader::Version::http_1_1 && reader_.keeps_alive() && !stopping_;
  return again ? AfterAnswer::keep_alive : AfterAnswer::close;
}

void HttpConnection::answer(const HttpAnswer& answer, AfterAnswer after, conn::TimePoint now) {
  const std::string* const accepted = request().header("accept-encoding");
  const bool gzip = answer.gzip && accepted && accepts_gzip(*accepted);
  const SharedText& body = gzip ? answer.gzip : answer.body;
  BodyForm form;
  if (gzip) form.encoding = BodyForm::Encoding::gzip;
  form.bytes = body ? body->size() : 0;
  if (!has_body(answer.status)) form.kind = BodyForm::Kind::none;

  auto head = answer_head(answer, form, after, service_.date(now));
  if (!head) {
    return this->answer(service_.internal_error(*current_.route, "an invalid header"), after, now);
  }
  output_.push(std::move(*head));
  if (form.kind == BodyForm::Kind::sized && !reader_.is_head()) output_.push(body);
  current_.status = answer.status;
  after_ = after;
  phase_ = Phase::answering;
  deadline_ = now + service_.limits().stalled_time;
}

void HttpConnection::refuse(const HttpAnswer& why, conn::TimePoint now) {
  if (!current_.route) current_ = Current{.route = &service_.route_of({}), .began = now};
  answer(why, AfterAnswer::close, now);
}

void HttpConnection::sent(std::size_t bytes, conn::TimePoint now) {
  output_.sent(bytes);
  if (phase_ != Phase::answering && phase_ != Phase::streaming) return;
  deadline_ = now + service_.limits().stalled_time;
  if (phase_ == Phase::answering && output_.empty()) on_sent_all(now);
}

void HttpConnection::on_sent_all(conn::TimePoint now) {
  finish_current(now);
  if (after_ == AfterAnswer::close || stopping_) return linger(now);
  await_request(now);
  advance(now);
}

void HttpConnection::await_request(conn::TimePoint now) {
  phase_ = Phase::reading;
  idle_ = reader_.held() == 0;
  deadline_ = now + (idle_ ? service_.limits().idle_time : service_.limits().header_time);
}

void HttpConnection::finish_current(conn::TimePoint now) {
  service_.count(*current_.route, current_.status, now - current_.began);
  if (current_.under_way) --current_.route->under_way;
  current_ = Current{};
}

void HttpConnection::linger(conn::TimePoint now) {
  phase_ = Phase::lingering;
  deadline_ = now + kLinger;
}

conn::TimePoint HttpConnection::deadline() const noexcept {
  if (phase_ != Phase::streaming) return deadline_;
  return output_.empty() ? next_comment_ : std::min(next_comment_, deadline_);
}

void HttpConnection::on_deadline(conn::TimePoint now) {
  if (phase_ == Phase::streaming && (output_.empty() || now < deadline_)) {
    static const Event kComment = {std::make_shared<const std::string>(event_comment()),
                                   std::make_shared<const std::string>(as_chunk(event_comment()))};
    next_comment_ = now + service_.limits().comment_time;
    return push(kComment, now);
  }
  if (phase_ == Phase::reading && (current_.route || reader_.in_a_request())) {
    return refuse(HttpAnswer::text(408, "408 the request did not come in time\n"), now);
  }
  phase_ = Phase::over;
}

void HttpConnection::shut_down() noexcept {
  stopping_ = true;
  if (phase_ != Phase::answering) phase_ = Phase::over;
}

}  // namespace peerage::cmd
