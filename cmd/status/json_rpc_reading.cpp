#include "cmd/status/json_rpc_reading.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "cmd/status/go_json.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {

using nlohmann::json;

namespace {

tl::unexpected<std::string> wrong(std::string why) {
  return tl::unexpected<std::string>(std::move(why));
}

// How deep brackets stand within brackets, in text that need not be JSON.
std::size_t depth_of(std::string_view text) {
  std::size_t depth = 0;
  std::size_t most = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string && (c == '[' || c == '{')) {
      most = std::max(most, ++depth);
    } else if (!in_string && (c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return most;
}

RpcReading<json> parse(std::string_view text) {
  if (depth_of(text) > kMaxRpcDepth) {
    return wrong("nested deeper than " + std::to_string(kMaxRpcDepth) + " levels");
  }
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    // Go's words for it, which people search for.
    if (error.byte > text.size()) return wrong("unexpected end of JSON input");
    return wrong("no JSON at byte " + std::to_string(error.byte));
  } catch (const json::exception&) {  // a number
    return wrong("a number is out of range");
  }
}

// --- requests ---

// Go's int64(float64): the fraction is cut off. What does not fit, Go makes something else of; a
// client would wait for its answer in vain.
RpcReading<std::string> id_of(double number) {
  const double whole = std::trunc(number);
  static constexpr double kBeyond = 9223372036854775808.0;  // 2^63
  if (whole < -kBeyond || whole >= kBeyond) return wrong("json-rpc ID is out of range");
  return std::to_string(static_cast<std::int64_t>(whole));
}

RpcReading<std::string> id_of(const json& value) {
  if (value.is_null()) return std::string();
  if (value.is_number_float()) return id_of(value.get<double>());
  if (value.is_number()) return value.dump();
  if (!value.is_string()) {
    return wrong(std::string("json-rpc ID is of unknown type (") + value.type_name() + ")");
  }
  std::string text;
  GoJson(text).string(value.get_ref<const std::string&>());
  return text;
}

// A field that is a text where it is there.
RpcReading<std::string> text_field(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return std::string();
  if (!found->is_string()) {
    return wrong(std::string(name) + " is expected to be a string, not " + found->type_name());
  }
  return found->get<std::string>();
}

RpcReading<RpcRequest> request_of(const json& value) {
  RpcRequest request;
  if (value.is_null()) return request;
  if (!value.is_object()) {
    return wrong(std::string("a request is expected to be an object, not ") + value.type_name());
  }
  const auto version = text_field(value, "jsonrpc");  // a comet node takes any
  if (!version) return wrong(version.error());
  auto method = text_field(value, "method");
  if (!method) return wrong(std::move(method.error()));
  if (const auto id = value.find("id"); id != value.end()) {
    auto text = id_of(*id);
    if (!text) return wrong(std::move(text.error()));
    request.id = std::move(*text);
  }
  request.method = std::move(*method);
  if (const auto params = value.find("params"); params != value.end()) {
    request.params = params->dump();
  }
  return request;
}

// --- arguments ---

std::string_view expected_by(RpcType type) {
  switch (type) {
    case RpcType::text:
      return "a string";
    case RpcType::list:
      return "a list of strings";
    case RpcType::flag:
      return "true or false";
  }
  return "";
}

tl::unexpected<std::string> unfit(const RpcParameter& parameter, std::string_view got) {
  return wrong(std::string(parameter.name) + ": " + std::string(expected_by(parameter.type)) +
               " is expected, not " + std::string(got));
}

std::optional<RpcArguments::List> list_of(const json& value) {
  if (!value.is_array()) return std::nullopt;
  RpcArguments::List list;
  for (const json& each : value) {
    if (!each.is_string() && !each.is_null()) return std::nullopt;
    list.push_back(each.is_null() ? std::string() : each.get<std::string>());
  }
  return list;
}

RpcReading<void> take(const RpcParameter& parameter, const json& value, RpcArguments& into) {
  if (value.is_null()) return {};
  if (parameter.type == RpcType::text && value.is_string()) {
    into.set(parameter.name, value.get<std::string>());
    return {};
  }
  if (parameter.type == RpcType::flag && value.is_boolean()) {
    into.set(parameter.name, value.get<bool>());
    return {};
  }
  if (parameter.type == RpcType::list) {
    if (auto list = list_of(value)) {
      into.set(parameter.name, std::move(*list));
      return {};
    }
  }
  return unfit(parameter, value.type_name());
}

// For people: "[peers persistent]".
std::string names_of(const std::vector<const RpcParameter*>& parameters) {
  std::string names = "[";
  for (const RpcParameter* each : parameters) {
    if (names.size() > 1) names += ' ';
    names += each->name;
  }
  return names + "]";
}

RpcReading<RpcArguments> by_position(std::span<const RpcParameter> parameters, const json& given) {
  std::vector<const RpcParameter*> placed;
  for (const RpcParameter& each : parameters) {
    if (each.origin == RpcParameter::Origin::comet) placed.push_back(&each);
  }
  if (given.size() != placed.size()) {
    return wrong("expected " + std::to_string(placed.size()) + " parameters (" + names_of(placed) +
                 "), got " + std::to_string(given.size()));
  }
  RpcArguments arguments;
  for (std::size_t i = 0; i < placed.size(); ++i) {
    if (auto taken = take(*placed[i], given[i], arguments); !taken) return wrong(taken.error());
  }
  return arguments;
}

bool is_hex_form(std::string_view text) {
  return text.starts_with("0x") || text.starts_with("0X");
}

RpcReading<void> take_query(const RpcParameter& parameter, const std::string& given,
                            RpcArguments& into) {
  if (parameter.origin == RpcParameter::Origin::ours && !given.starts_with('"')) {
    into.set(parameter.name, given);
    return {};
  }
  if (is_hex_form(given)) {
    if (parameter.type != RpcType::text) return unfit(parameter, "hex digits");
    const auto bytes = conn::from_hex(std::string_view(given).substr(2));
    if (!bytes) return unfit(parameter, "0x with something else than hex digits");
    into.set(parameter.name, std::string(conn::as_text(*bytes)));
    return {};
  }
  const auto value = parse(given);
  if (!value) {
    return wrong(std::string(parameter.name) + ": " + std::string(expected_by(parameter.type)) +
                 " is expected, as JSON: " + value.error());
  }
  return take(parameter, *value, into);
}

bool has_form(const HttpRequest& request) {
  static constexpr std::string_view kForm = "application/x-www-form-urlencoded";
  const std::string* type = request.header("content-type");
  return request.method == "POST" && type != nullptr && type->starts_with(kForm) &&
         (type->size() == kForm.size() || (*type)[kForm.size()] == ';' ||
          (*type)[kForm.size()] == ' ');
}

}  // namespace

RpcReading<std::vector<RpcRequest>> read_rpc_requests(std::string_view body) {
  const auto parsed = parse(body);
  if (!parsed) return wrong(parsed.error());
  std::vector<RpcRequest> requests;
  if (parsed->is_null()) return requests;
  const auto read = [&requests](const json& value) -> RpcReading<void> {
    auto request = request_of(value);
    if (!request) return wrong(std::move(request.error()));
    requests.push_back(std::move(*request));
    return {};
  };
  if (!parsed->is_array()) {
    if (auto done = read(*parsed); !done) return wrong(done.error());
    return requests;
  }
  for (const json& each : *parsed) {
    if (auto done = read(each); !done) return wrong(done.error());
  }
  return requests;
}

RpcReading<RpcArguments> arguments_of_json(std::span<const RpcParameter> parameters,
                                           std::string_view params) {
  RpcArguments arguments;
  if (params.empty()) return arguments;
  const auto given = parse(params);
  if (!given) return wrong(given.error());
  if (given->is_null()) return arguments;
  if (given->is_array()) return by_position(parameters, *given);
  if (!given->is_object()) {
    return wrong(std::string("unknown type for JSON params: ") + given->type_name() +
                 ". Expected map or array");
  }
  for (const RpcParameter& each : parameters) {
    const auto found = given->find(each.name);
    if (found == given->end()) continue;
    if (auto taken = take(each, *found, arguments); !taken) return wrong(taken.error());
  }
  return arguments;
}

RpcReading<RpcArguments> arguments_of_query(std::span<const RpcParameter> parameters,
                                            const HttpRequest& request) {
  RpcArguments arguments;
  if (parameters.empty()) return arguments;
  const auto query = parse_parameters(request.query);
  const auto form = parse_parameters(has_form(request) ? request.body : std::string());
  if (!query || !form) return wrong("a percent sign is not followed by two hex digits");
  for (const RpcParameter& each : parameters) {
    auto given = find_parameter(*query, each.name);
    if (!given || given->empty()) given = find_parameter(*form, each.name);
    if (!given || given->empty()) continue;
    if (auto taken = take_query(each, std::string(*given), arguments); !taken) {
      return wrong(taken.error());
    }
  }
  return arguments;
}

}  // namespace peerage::cmd
