#include "cmd/addrbook/running_node.h"

#include <chrono>

#include <nlohmann/json.hpp>

#include "addrbook/record/book_reason.h"

namespace peerage::cmd {
namespace {

using Json = nlohmann::ordered_json;

// A large file is taken in between the node's other work.
constexpr std::chrono::minutes kPatience{2};

}  // namespace

std::optional<NodeAnswer> ask_running_node(const BookHome& home, const conn::Failure& failure,
                                           const std::string& verb, const NodeParams& params) {
  const bool in_use = failure.reason == addrbook::BookReason::book_in_use;
  if (!in_use || home.control_socket.empty()) return {};
  Json given = Json::object();
  for (const auto& [name, value] : params) {
    if (!value.empty()) given[std::string(name)] = value;
  }
  auto answer =
      control_request(home.control_socket, verb,
                      given.dump(-1, ' ', false, Json::error_handler_t::replace), kPatience);
  if (!answer && answer.error().exit_code == ControlExit::kNoNode) return {};
  return answer;
}

bool has_changed(const std::string& answer) {
  const Json json = Json::parse(answer, nullptr, false);
  return json.is_object() && json.value("changed", Json()) == Json(true);
}

}  // namespace peerage::cmd
