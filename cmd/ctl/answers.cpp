#include "cmd/ctl/answers.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "cmd/ctl/verbs.h"

namespace peerage::cmd {
namespace {

template <typename T>
std::optional<T> value_of(const CtlCall& call, std::string_view name) {
  const auto found = call.params.find(name);
  if (found == call.params.end()) return std::nullopt;
  const auto* value = std::get_if<T>(&found->second);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

}  // namespace

std::string text_of(const CtlCall& call, std::string_view name) {
  return value_of<std::string>(call, name).value_or(std::string());
}
bool flag_of(const CtlCall& call, std::string_view name) {
  return truth_of(call, name).value_or(false);
}
std::optional<bool> truth_of(const CtlCall& call, std::string_view name) {
  return value_of<bool>(call, name);
}
std::optional<conn::Duration> duration_of(const CtlCall& call, std::string_view name) {
  return ctl_duration(text_of(call, name));
}

CtlResult answer(const nlohmann::ordered_json& object) {
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

tl::unexpected<CtlError> refuse(std::string reason, std::string message, std::string hint) {
  return tl::unexpected(CtlError{-1, std::move(reason), std::move(message), std::move(hint)});
}
tl::unexpected<CtlError> refuse(const conn::Failure& failure) {
  // Where the caller's own words make no sense, the detail says it all.
  const bool says_all = failure.reason == conn::Reason::invalid_argument && !failure.detail.empty();
  return refuse(std::string(name(failure.reason)), says_all ? failure.detail : failure.text(),
                std::string(hint(failure.reason)));
}
tl::unexpected<CtlError> misused(std::string message, std::string hint) {
  return tl::unexpected(CtlError{-2, "invalid_params", std::move(message), std::move(hint)});
}

}  // namespace peerage::cmd
