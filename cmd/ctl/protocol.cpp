#include "cmd/ctl/protocol.h"

#include <algorithm>
#include <utility>

#include "cmd/ctl/request.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

using conn::LogLevel;
using conn::TimePoint;

// Of the protocol itself, which Control never sees.
constexpr std::string_view kEvents = "events";

// Events that are handed to the socket before it takes more.
constexpr std::size_t kEventsAhead = std::size_t{16} << 10;

CtlError too_long(std::size_t most) {
  return {-2, "too_long", "a request has at most " + std::to_string(most) + " bytes", {}};
}

CtlError unknown_verb(std::string_view method) {
  return {-2, "unknown_verb", "there is no verb \"" + conn::printable(method, 64) + "\"",
          "`peerage ctl --help` lists them"};
}

std::string lost_line(std::uint64_t count) {
  return "{\"event\":\"lost\",\"n\":" + std::to_string(count) + "}\n";
}

// What `events` is asked for; nothing: all.
std::vector<std::string> types_of(const CtlParams& params) {
  const auto types = params.find("types");
  if (types == params.end()) return {};
  return std::get<std::vector<std::string>>(types->second);
}

}  // namespace

CtlSession::CtlSession(CtlCaller caller, CtlCounts& counts, conn::Log log, TimePoint now,
                       const CtlLimits& limits)
    : caller_(caller), counts_(counts), log_(std::move(log)), limits_(limits), active_(now) {}

// --- in ---

void CtlSession::receive(std::string_view bytes, TimePoint now) {
  if (stopping_ || input_ended_) return;
  input_ += bytes;
  take_lines(now);
}

void CtlSession::receive_end(TimePoint now) {
  if (input_ended_) return;
  input_ended_ = true;
  take_lines(now);
}

void CtlSession::sent(std::size_t bytes, TimePoint now) {
  if (bytes == 0) return;
  active_ = now;
  sent_ += std::min(bytes, unsent().size());
  if (sent_ == output_.size()) drop_output();
  put_out_events();
  take_lines(now);
}

void CtlSession::finish(std::uint64_t call, const CtlResult& result, TimePoint now) {
  const auto waiting = std::find_if(waiting_.begin(), waiting_.end(), [call](const Waiting& each) {
    return each.number == call && !each.line;
  });
  if (waiting == waiting_.end()) return;
  active_ = now;
  answer(*waiting, result);
  put_out();
  take_lines(now);
}

void CtlSession::event(std::string event) {
  if (!subscribed_) return;
  std::replace(event.begin(), event.end(), '\n', ' ');
  event += '\n';
  const std::size_t waiting = events_.size() + (lost_ > 0 ? 1 : 0);
  if (waiting >= limits_.events || event_bytes_ + event.size() > limits_.event_bytes) {
    ++lost_;
    return put_out_events();
  }
  if (lost_ > 0) {
    events_.push_back(lost_line(std::exchange(lost_, 0)));
    event_bytes_ += events_.back().size();
  }
  event_bytes_ += event.size();
  events_.push_back(std::move(event));
  put_out_events();
}

void CtlSession::lose(std::uint64_t events) {
  if (!subscribed_) return;
  lost_ += events;
  put_out_events();
}

void CtlSession::hang_up(TimePoint now) {
  gone_ = true;
  unsubscribe();
  drop_output();
  receive_end(now);
}

void CtlSession::on_time(TimePoint now) {
  const auto end = deadline();
  idle_ = idle_ || (end && *end <= now);
}

void CtlSession::stop(TimePoint now) {
  if (stopping_) return;
  stopping_ = true;
  active_ = now;
  input_.clear();
  tasks_.clear();
  for (Waiting& each : waiting_) {
    if (!each.line) {
      answer(each, tl::unexpected(CtlError{-1, "stopping", "the node is stopping", {}}));
    }
  }
  put_out();
  unsubscribe();
}

// --- requests ---

bool CtlSession::may_take() const noexcept {
  return !stopping_ && waiting_.size() < limits_.requests &&
         unsent().size() <= limits_.unsent_bytes;
}

void CtlSession::take_lines(TimePoint now) {
  std::size_t begin = 0;
  while (may_take()) {
    const std::size_t end = input_.find('\n', begin);
    const std::size_t size = std::min(end, input_.size()) - begin;
    if (end == std::string::npos && size <= limits_.line_bytes && !passing_over_) break;
    if (size > limits_.line_bytes && !passing_over_) {
      waiting_.push_back({});
      answer(waiting_.back(), tl::unexpected(too_long(limits_.line_bytes)));
    } else if (!passing_over_) {
      active_ = now;
      take_line(std::string_view(input_).substr(begin, size));
    }
    passing_over_ = end == std::string::npos;
    begin += size + (passing_over_ ? 0 : 1);
    put_out();
    if (passing_over_) break;
  }
  input_.erase(0, begin);
  if (!input_ended_ || input_.empty() || !may_take()) return;
  // Nothing is done by half: the rest of the line may have meant something else.
  input_.clear();
  waiting_.push_back({});
  answer(waiting_.back(),
         tl::unexpected(CtlError{-2, "malformed", "a request ends with a line end", {}}));
  put_out();
}

void CtlSession::take_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) return;
  CtlRequest request = parse_request(line);
  const CtlVerb* const verb = find_verb(request.method);
  Waiting& waiting = waiting_.emplace_back();
  waiting.number = ++last_number_;
  waiting.id = std::move(request.id);
  waiting.verb = verb;
  std::optional<CtlError> error = std::move(request.error);
  if (!error && verb == nullptr) error = unknown_verb(request.method);
  if (!error) error = check_params(*verb, request.params);
  if (error) {
    waiting.verb = nullptr;  // nothing was done, so there is nothing to log
    counts_.add(request.method, tl::unexpected(*error));
    waiting.line = answer_line(waiting.id, tl::unexpected(std::move(*error)));
    return;
  }
  waiting.params = std::move(request.params);
  if (verb->name == kEvents) return;  // when it is its turn
  tasks_.emplace_back(Call{waiting.number, {std::move(request.method), waiting.params, caller_}});
}

void CtlSession::answer(Waiting& waiting, const CtlResult& result) {
  waiting.line = answer_line(waiting.id, result);
  counts_.add(waiting.verb == nullptr ? "" : waiting.verb->name, result);
  if (waiting.verb == nullptr || waiting.verb->effect == CtlVerb::Effect::looks) return;
  log_.write(LogLevel::info, "control",
             {{"verb", std::string(waiting.verb->name)},
              {"params", conn::printable(params_text(waiting.params))},
              {"uid", caller_.uid},
              {"pid", caller_.pid},
              {"result", result ? std::string("done") : conn::printable(result.error().reason)}});
}

// --- out ---

void CtlSession::put_out() {
  while (!waiting_.empty()) {
    Waiting& front = waiting_.front();
    if (!front.line && front.verb != nullptr && front.verb->name == kEvents) subscribe(front);
    if (!front.line) break;
    output_ += *front.line;
    waiting_.pop_front();
  }
  if (gone_) drop_output();
  put_out_events();
}

void CtlSession::drop_output() {
  output_ = {};  // an answer may have been large
  sent_ = 0;
}

void CtlSession::unsubscribe() {
  subscribed_ = false;
  events_.clear();
  event_bytes_ = 0;
  lost_ = 0;
}

void CtlSession::subscribe(Waiting& waiting) {
  if (!gone_) tasks_.emplace_back(Subscribe{types_of(waiting.params)});
  subscribed_ = !gone_;
  answer(waiting, "{\"subscribed\":true}");
}

void CtlSession::put_out_events() {
  while (unsent().size() < kEventsAhead && !events_.empty()) {
    event_bytes_ -= events_.front().size();
    output_ += events_.front();
    events_.pop_front();
  }
  if (events_.empty() && lost_ > 0 && unsent().size() < kEventsAhead) {
    output_ += lost_line(std::exchange(lost_, 0));
  }
}

std::optional<CtlSession::Task> CtlSession::take_task() {
  if (tasks_.empty()) return {};
  Task task = std::move(tasks_.front());
  tasks_.pop_front();
  return task;
}

bool CtlSession::wants_bytes() const noexcept {
  return !input_ended_ && may_take();
}

std::optional<TimePoint> CtlSession::deadline() const noexcept {
  const bool under_way = !waiting_.empty() && output_.empty();
  if (gone_ || subscribed_ || under_way) return {};
  return active_ + limits_.idle;
}

bool CtlSession::over() const noexcept {
  if (idle_) return true;
  const bool done = waiting_.empty() && output_.empty() && !subscribed_;
  return done && (stopping_ || (input_ended_ && input_.empty()));
}

}  // namespace peerage::cmd
