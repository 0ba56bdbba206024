// What a client sends to the RPC: posted bodies, messages of a WebSocket, queries, forms. Whatever
// it is, the answer is nothing or JSON-RPC 2.0, and what the hooks are given are addresses.
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "cmd/status/go_json.h"
#include "cmd/status/json_rpc.h"
#include "cmd/status/rpc_methods.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/unit/cmd/status/rpc_fixture.h"

using namespace peerage;
using nlohmann::json;
using peerage::fuzz::require;

namespace {

constexpr cmd::RpcLimits kLimits = {.batch = 4};

conn::Result<void> take(const cmd::RpcHooks::Addresses& addresses) {
  require(!addresses.empty());
  for (const conn::HostAddress& each : addresses) {
    require(conn::HostAddress::parse(each.to_string()) == each);
  }
  return {};
}

const cmd::RpcHooks& hooks() {
  static const cmd::RpcHooks kHooks = {
      take, [](const auto& addresses, const cmd::DialMarks&) { return take(addresses); }};
  return kHooks;
}

cmd::RpcMethods methods() {
  static const auto kNode = [] {
    auto node = std::make_shared<cmd::StatusSnapshot>(test::status_of_a_seed());
    node->peers = {test::recorded_peer()};
    return node;
  }();
  return cmd::rpc_methods(kNode, cmd::NetInfo::full, cmd::UnsafeMethods::served, hooks());
}

void check_response(const json& response) {
  require(response.is_object() && response.at("jsonrpc") == "2.0");
  require(response.contains("result") != response.contains("error"));
  if (const auto id = response.find("id"); id != response.end()) {
    require(id->is_string() || id->is_number_integer());
  } else {
    require(response.contains("error"));
  }
  if (!response.contains("error")) return;
  const json& error = response.at("error");
  require(error.at("code").is_number_integer() && error.at("message").is_string());
  if (error.contains("data")) require(!error.at("data").get<std::string>().empty());
}

void check_text(const std::string& text) {
  require(text.find_first_of("<>&") == std::string::npos);
  const json answer = json::parse(text);
  if (!answer.is_array()) return check_response(answer);
  require(answer.size() >= 2 && answer.size() <= kLimits.batch);
  for (const json& each : answer) check_response(each);
#ifdef PEERAGE_PLANTED_BUG
  // As if a method that is not known ended a batch.
  for (const json& each : answer) require(each.contains("result"));
#endif
}

void check_body(const std::string& body) {
  const cmd::HttpAnswer answer = cmd::answer_body(methods(), test::post(body), kLimits);
  require(answer.status == 200 || answer.status == 500);
  if (body.empty()) return;
  if (answer.body) check_text(*answer.body);
  const auto message = cmd::answer_message(methods(), body, kLimits);
  require(message.has_value() == (answer.body != nullptr));
  if (message) require(*message == *answer.body);
}

void check_query(const cmd::HttpRequest& request) {
  for (const cmd::RpcMethod& method : methods()) {
    const cmd::HttpAnswer answer = cmd::answer_query(method, request);
    check_text(*answer.body);
    require((answer.status == 200) == json::parse(*answer.body).contains("result"));
  }
}

// A text is written so that a strict reader reads the same, but for bytes of no valid UTF-8.
void check_written(const std::string& text) {
  std::string written;
  cmd::GoJson(written).string(text);
  const std::string read = json::parse(written).get<std::string>();
  if (written.find("\\ufffd") == std::string::npos) require(read == text);
  std::string again;
  cmd::GoJson(again).string(read);
  require(json::parse(again).get<std::string>() == read);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_body(text);
  check_query(test::get("/", text));
  cmd::HttpRequest form = test::post(text);
  form.headers.emplace_back("content-type", "application/x-www-form-urlencoded");
  check_query(form);
  check_written(text);
  return 0;
}
