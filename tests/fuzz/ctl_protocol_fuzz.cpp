// What a client sends to the control socket, in any pieces, while verbs finish in any order, events
// come, and the client reads as slowly as it likes. Whatever it is, only what the table of verbs
// declares is carried out; each request is answered once, in its turn; and everything is bounded.
#include <algorithm>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cmd/ctl/protocol.h"
#include "cmd/ctl/request.h"
#include "tests/fuzz/fuzz_input.h"

using namespace peerage;
using namespace std::chrono_literals;
using nlohmann::json;
using peerage::fuzz::require;

namespace {

constexpr cmd::CtlLimits kLimits = {.line_bytes = 256,
                                    .requests = 3,
                                    .unsent_bytes = 512,
                                    .events = 4,
                                    .event_bytes = 256,
                                    .idle = 60s};
// Of a refusal, which names what was wrong, at most.
constexpr std::size_t kMostInALine = 4096;

// A request that is understood is what any reader of JSON understands, and written as it is read.
void check_request(std::string_view line) {
  const cmd::CtlRequest request = cmd::parse_request(line);
  require(!json::parse(request.id, nullptr, false).is_discarded());
  if (request.error) return require(request.error->code == -2 && !request.error->message.empty());
  const json read = json::parse(line);
  require(read.at("method") == request.method);
  require(read.contains("id") ? read.at("id") == json::parse(request.id) : request.id == "null");
  const std::string params = cmd::params_text(request.params);
  const std::string again = json{{"method", request.method}}.dump();
  const cmd::CtlRequest reread =
      cmd::parse_request(again.substr(0, again.size() - 1) + ",\"params\":" + params + "}");
  require(!reread.error && reread.params == request.params);
}

// A client, and the node behind the session.
class Conversation {
 public:
  explicit Conversation(bool last_first) : last_first_(last_first) {}

  void receive(std::string_view bytes) {
    session_.receive(bytes, now_);
    take_tasks();
  }
  bool wants_bytes() const { return session_.wants_bytes(); }

  void finish_one() {
    if (under_way_.empty()) return;
    const auto which = last_first_ ? std::prev(under_way_.end()) : under_way_.begin();
    const std::uint64_t number = *which;
    under_way_.erase(which);
    session_.finish(number, json{{"n", number}}.dump(), now_);
    session_.finish(number, std::string("{}"), now_);  // nobody waits for it
    take_tasks();
  }
  void read(std::size_t most) {
    const std::string_view unsent = session_.unsent();
    const std::string_view some = unsent.substr(0, most);
    read_ += some;
    session_.sent(some.size(), now_);
    take_tasks();
    check_lines();
  }
  void emit() {
    session_.event(R"({"event":"gone"})");
    take_tasks();
  }
  void end() {
    session_.receive_end(now_);
    take_tasks();
    while (!under_way_.empty() || !session_.unsent().empty()) {
      finish_one();
      read(kMostInALine);
    }
    require(read_.empty() && answered_ == calls_);
    if (!subscribed_) require(session_.over());
    now_ += 2 * kLimits.idle;
    session_.on_time(now_);
    session_.hang_up(now_);
    require(session_.over());
  }

 private:
  void take_tasks() {
    while (auto task = session_.take_task()) {
      if (const auto* call = std::get_if<cmd::CtlSession::Call>(&*task)) {
        const cmd::CtlVerb* const verb = cmd::find_verb(call->call.verb);
        require(verb != nullptr && !cmd::check_params(*verb, call->call.params));
        require(call->number > last_number_ && call->call.caller.uid == 7);
        last_number_ = call->number;
        under_way_.push_back(call->number);
        ++calls_;
      } else {
        subscribed_ = true;
      }
    }
    require(under_way_.size() <= kLimits.requests);
    require(session_.unsent().size() <=
            kLimits.unsent_bytes + kLimits.event_bytes + (kLimits.requests + 1) * kMostInALine);
  }
  void check_lines() {
    for (std::size_t end; (end = read_.find('\n')) != std::string::npos;) {
      check_line(json::parse(read_.substr(0, end)));
      read_.erase(0, end + 1);
    }
    require(read_.size() <= kMostInALine);
  }
  void check_line(const json& line) {
    if (line.contains("event")) return require(subscribed_);
    const json& id = line.at("id");
    require(id.is_null() || id.is_string() || id.is_number_integer());
#ifdef PEERAGE_PLANTED_BUG
    // As if an id had one digit.
    require(!id.is_number() || (id >= 0 && id <= 9));
#endif
    require(line.contains("result") != line.contains("error"));
    if (line.contains("error")) {
      const json& error = line.at("error");
      return require(error.at("code") == -2 && !error.at("message").get<std::string>().empty());
    }
    const auto number = line.at("result").find("n");
    if (number == line.at("result").end()) return;  // of a subscription
    require(*number > last_answered_);
    last_answered_ = *number;
    ++answered_;
  }

  const bool last_first_;
  conn::TimePoint now_{1h};
  cmd::CtlCounts counts_;
  cmd::CtlSession session_{{7, 1}, counts_, conn::Log(nullptr), now_, kLimits};
  std::vector<std::uint64_t> under_way_;
  std::uint64_t last_number_ = 0, last_answered_ = 0;
  std::size_t calls_ = 0, answered_ = 0;
  bool subscribed_ = false;
  std::string read_;  // of a line that has not ended
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  // How much comes at once, how much is read at once, and what happens between.
  const std::size_t piece = input.byte() + std::size_t{1};
  const std::size_t reads = input.byte();
  const std::uint8_t habits = input.byte();
  const auto text = conn::as_text(fuzz::Input(input).all());
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    check_request(text.substr(begin, end - begin));
    begin = end + 1;
  }
  Conversation conversation((habits & 1) != 0);
  for (int turns = 0; turns < 1000; ++turns) {
    if (conversation.wants_bytes()) {
      if (input.empty()) break;
      conversation.receive(conn::as_text(input.take(piece)));
    }
    if ((habits & 2) != 0) conversation.emit();
    if ((habits & 4) != 0 || !conversation.wants_bytes()) conversation.finish_one();
    conversation.read(conversation.wants_bytes() ? reads : 4096);
  }
  conversation.end();
  return 0;
}
