// What a client of the RPC has sent, read: requests of a body, and a method's arguments, from JSON
// or from a query.
//
// Everything here is a stranger's. JSON is that of RFC 8259, strictly: invalid UTF-8, numbers that
// no double holds, and nesting beyond kMaxRpcDepth are refused. Of a name that stands twice in an
// object the last value counts, as in Go. How much there is to read, the server bounds.
//
// What is refused is told in a text for people, which may quote what was sent: it is shown as a
// JSON string alone.
//
// Source: comet v0.38 rpc/jsonrpc/types/types.go, server/http_json_handler.go, http_uri_handler.go.
// Threads: plain values and pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "cmd/http/message.h"

namespace peerage::cmd {

inline constexpr std::size_t kMaxRpcDepth = 64;  // brackets within brackets

template <typename T>
using RpcReading = tl::expected<T, std::string>;

struct RpcRequest {
  std::string id;      // as JSON, to be echoed; empty: a notification, which gets no answer
  std::string method;  // empty: none was named
  std::string params;  // as JSON; empty: none
};

// An object is one request, an array any number; `null` is none, as in Go. One that is wrong spoils
// all.
RpcReading<std::vector<RpcRequest>> read_rpc_requests(std::string_view body);

// --- arguments ---

enum class RpcType : std::uint8_t { text, list, flag };  // Go's string, []string and bool

struct RpcParameter {
  std::string_view name;  // a literal
  RpcType type = RpcType::text;
  // One that a comet node does not have is given by name alone: clients send its methods exactly
  // the list of arguments that they take there. In a query it may stand without quotes.
  enum class Origin : std::uint8_t { comet, ours } origin = Origin::comet;
};

// What was given; what was not is the type's empty value.
class RpcArguments {
 public:
  using List = std::vector<std::string>;
  using Value = std::variant<std::string, List, bool>;

  std::string text(std::string_view name) const { return get<std::string>(name); }
  List list(std::string_view name) const { return get<List>(name); }
  bool flag(std::string_view name) const { return get<bool>(name); }
  void set(std::string_view name, Value value) { values_.insert_or_assign(name, std::move(value)); }

 private:
  template <typename T>
  T get(std::string_view name) const {
    const auto found = values_.find(name);
    const T* value = found == values_.end() ? nullptr : std::get_if<T>(&found->second);
    return value == nullptr ? T{} : *value;
  }
  std::map<std::string_view, Value> values_;  // by the names of parameters
};

// Of `params` of a request: an object, by name; an array, by position, then all of them; nothing.
// Names that the method does not have are ignored.
RpcReading<RpcArguments> arguments_of_json(std::span<const RpcParameter> parameters,
                                           std::string_view params);

// Of the query, else of a form in the body: texts in quotes or as 0x and hex digits, lists as JSON,
// `true` and `false`. An empty value counts as none.
RpcReading<RpcArguments> arguments_of_query(std::span<const RpcParameter> parameters,
                                            const HttpRequest& request);

}  // namespace peerage::cmd
