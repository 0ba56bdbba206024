#include "cmd/status/probes.h"

#include <memory>
#include <utility>

#include "cmd/status/go_json.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

// "cosmoshub-4: 0 of 1 verified"
std::string of(std::size_t has, std::size_t needs, std::string_view what) {
  return std::to_string(has) + " of " + std::to_string(needs) + " " + std::string(what);
}

constexpr unsigned kOk = 200;
constexpr unsigned kUnavailable = 503;

HttpAnswer answer_of(unsigned status, std::string json) {
  HttpAnswer answer;
  answer.status = status;
  answer.content_type = "application/json";
  answer.body = std::make_shared<const std::string>(std::move(json));
  answer.headers.emplace_back("Cache-Control", "no-store");
  return answer;
}

void judge_seed(const StatusSnapshot& node, std::size_t needs, std::vector<std::string>& why) {
  if (node.taken - node.started >= kReadyPatience) return;
  for (const NetworkRow& each : node.networks) {
    if (each.verified >= needs) continue;
    why.push_back(conn::printable(each.chain_id, 64) + ": " + of(each.verified, needs, "verified"));
  }
}

}  // namespace

std::vector<std::string> why_not_ready(const StatusSnapshot& node, const ReadySettings& settings) {
  const Condition& condition = node.condition;
  std::vector<std::string> why;
  if (condition.draining) why.emplace_back("it drains");
  if (!condition.listening) why.emplace_back("it does not listen");
  if (!condition.book_open) why.emplace_back("the address book is not open");
  if (node.role == pex::Role::seed) {
    judge_seed(node, settings.verified, why);
  } else if (node.peers.size() < settings.peers) {
    why.push_back(of(node.peers.size(), settings.peers, "peers"));
  }
  return why;
}

HttpAnswer answer_ready(const StatusSnapshot& node, const ReadySettings& settings) {
  const std::vector<std::string> why = why_not_ready(node, settings);
  std::string text;
  GoJson json(text);
  json.begin_object();
  json.key("ready").boolean(why.empty());
  if (!why.empty()) {
    json.key("why").begin_array();
    for (const std::string& each : why) json.string(each);
    json.end_array();
  }
  json.end_object();
  return answer_of(why.empty() ? kOk : kUnavailable, std::move(text));
}

HttpAnswer answer_live(const StatusSnapshot& node) {
  const auto silence = node.condition.silence;
  const bool lives = silence <= kLivePatience;
  std::string text;
  GoJson json(text);
  json.begin_object();
  json.key("live").boolean(lives);
  if (!lives) {
    json.key("silent_seconds")
        .number(std::chrono::duration_cast<std::chrono::seconds>(silence).count());
  }
  json.end_object();
  return answer_of(lives ? kOk : kUnavailable, std::move(text));
}

std::vector<HttpRoute> probes_routes(const ReadySettings& settings, const ReadStatus& status) {
  return {{"livez", "/livez", [status](const HttpRequest&) { return answer_live(*status()); }},
          {"readyz", "/readyz",
           [status, settings](const HttpRequest&) { return answer_ready(*status(), settings); }}};
}

}  // namespace peerage::cmd
