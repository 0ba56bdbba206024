#include "cmd/ctl/request.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 4> kMembers = {"jsonrpc", "id", "method", "params"};
enum class Member : std::uint8_t { version, id, method, params };

// Levels of what is refused that are still passed over, to find the id behind them.
constexpr std::size_t kMostNested = 16;

std::string in_quotes(std::string_view text) {
  return "\"" + conn::printable(text, 64) + "\"";
}

// Takes the parser's events. The first mistake is kept, and the rest still read for its id.
class Reader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Reader(CtlRequest& request) : request_(request) {}

  bool null() override { return take(nullptr); }
  bool boolean(bool value) override { return take(value); }
  bool number_integer(number_integer_t value) override { return take(std::int64_t{value}); }
  bool number_unsigned(number_unsigned_t value) override {
    const bool fits = value <= std::uint64_t{std::numeric_limits<std::int64_t>::max()};
    return fits ? take(static_cast<std::int64_t>(value)) : take(Other{});
  }
  bool number_float(number_float_t, const string_t&) override { return take(Other{}); }
  bool string(string_t& text) override { return take(std::move(text)); }
  bool binary(binary_t&) override { return take(Other{}); }

  bool start_object(std::size_t) override {
    if (nested_ > 0) return deeper();
    if (at_ == At::outside) {
      at_ = At::request;
    } else if (at_ == At::request && member_ == Member::params) {
      at_ = At::params;
    } else {
      return deeper();
    }
    return true;
  }
  bool end_object() override {
    if (nested_ > 0) return --nested_, true;
    at_ = at_ == At::params ? At::request : At::outside;
    return true;
  }
  bool start_array(std::size_t) override {
    if (nested_ > 0 || at_ != At::params) return deeper();
    at_ = At::list;
    list_.clear();
    return true;
  }
  bool end_array() override {
    if (nested_ > 0) return --nested_, true;
    at_ = At::params;
    set_parameter(std::move(list_));
    list_.clear();
    return true;
  }

  bool key(string_t& name) override {
    if (nested_ > 0) return true;
    if (at_ == At::params) {
      name_ = std::move(name);
      return true;
    }
    const auto* const known = std::find(kMembers.begin(), kMembers.end(), name);
    member_.reset();
    if (known == kMembers.end()) {
      refuse("a request has no member " + in_quotes(name));
      return true;
    }
    const auto index = static_cast<std::size_t>(known - kMembers.begin());
    member_ = static_cast<Member>(index);
    if (seen_.test(index)) refuse(std::string(*known) + " is there twice");
    seen_.set(index);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception&) override {
    request_.error = CtlError{-2, "malformed", "no JSON: at byte " + std::to_string(position),
                              "a request is a line with one JSON object"};
    return false;
  }

  void refuse(std::string message) {
    if (!request_.error) {
      request_.error = CtlError{-2, "invalid_request", std::move(message), {}};
    }
  }

 private:
  struct Other {};  // a number that is not whole, or too large
  using Scalar = std::variant<std::nullptr_t, bool, std::int64_t, std::string, Other>;

  bool take(Scalar value) {
    if (nested_ > 0) return true;
    switch (at_) {
      case At::outside:
        refuse("a request is a JSON object");
        break;
      case At::request:
        set_member(std::move(value));
        break;
      case At::params:
        set_parameter(std::move(value));
        break;
      case At::list:
        if (auto* const text = std::get_if<std::string>(&value)) {
          list_.push_back(std::move(*text));
        } else {
          refuse(in_quotes(name_) + ": an array has strings");
        }
        break;
    }
    return true;
  }

  void set_member(Scalar value) {
    if (!member_) return;
    auto* const text = std::get_if<std::string>(&value);
    switch (*member_) {
      case Member::version:
        if (text == nullptr || *text != "2.0") refuse("jsonrpc is not \"2.0\"");
        break;
      case Member::id:
        set_id(value);
        break;
      case Member::method:
        if (text == nullptr) return refuse("method is no string");
        request_.method = std::move(*text);
        break;
      case Member::params:
        refuse("params is no object");
        break;
    }
  }

  void set_id(const Scalar& value) {
    if (const auto* const number = std::get_if<std::int64_t>(&value)) {
      request_.id = std::to_string(*number);
    } else if (const auto* const text = std::get_if<std::string>(&value)) {
      request_.id = Json(*text).dump();
    } else if (!std::holds_alternative<std::nullptr_t>(value)) {
      refuse("id is no whole number and no string");
    }
  }

  void set_parameter(Scalar value) {
    if (auto* const text = std::get_if<std::string>(&value)) {
      set_parameter(CtlValue(std::move(*text)));
    } else if (const auto* const number = std::get_if<std::int64_t>(&value)) {
      set_parameter(CtlValue(*number));
    } else if (const bool* const truth = std::get_if<bool>(&value)) {
      set_parameter(CtlValue(*truth));
    } else {
      refuse(in_quotes(name_) + " is no string, whole number, true, false or array");
    }
  }
  void set_parameter(std::vector<std::string> list) { set_parameter(CtlValue(std::move(list))); }
  void set_parameter(CtlValue value) {
    if (!request_.params.emplace(name_, std::move(value)).second) {
      refuse(in_quotes(name_) + " is there twice");
    }
  }

  // An object or array where none belongs.
  bool deeper() {
    if (at_ == At::outside) {
      refuse("a request is a JSON object");
    } else if (at_ != At::request) {
      refuse(in_quotes(name_) + " is no string, whole number, true, false or array");
    } else if (member_ == Member::params) {
      refuse("params is no object");
    } else if (member_) {
      refuse(std::string(kMembers.at(static_cast<std::size_t>(*member_))) + " has a wrong type");
    }
    return ++nested_ <= kMostNested;
  }

  CtlRequest& request_;
  enum class At : std::uint8_t { outside, request, params, list } at_ = At::outside;
  std::optional<Member> member_;  // the one whose value comes; none: an unknown one
  std::bitset<kMembers.size()> seen_;
  std::string name_;  // of the parameter whose value comes
  std::vector<std::string> list_;
  std::size_t nested_ = 0;  // levels that are passed over
};

// What others sent may be no UTF-8.
std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json json_of(const CtlParams& params) {
  Json json = Json::object();
  for (const auto& each : params) {
    std::visit([&json, &each](const auto& value) { json[each.first] = value; }, each.second);
  }
  return json;
}

}  // namespace

CtlRequest parse_request(std::string_view line) {
  CtlRequest request;
  Reader reader(request);
  const bool read = nlohmann::json::sax_parse(line.begin(), line.end(), &reader);
  if (!read) reader.refuse("it is nested too deeply");
  if (request.method.empty()) reader.refuse("it has no method");
  return request;
}

std::string params_text(const CtlParams& params) {
  return text_of(json_of(params));
}

std::string answer_line(std::string_view id, const CtlResult& result) {
  std::string line = "{\"id\":";
  line += id;
  if (result) {
    const std::size_t begin = line.append(",\"result\":").size();
    line += *result;
    // Between values a line end is white space, and inside of them there is none.
    std::replace(line.begin() + static_cast<std::ptrdiff_t>(begin), line.end(), '\n', ' ');
  } else {
    const CtlError& error = result.error();
    line += ",\"error\":" + text_of({{"code", error.code},
                                     {"reason", error.reason},
                                     {"message", error.message},
                                     {"hint", error.hint}});
  }
  return line += "}\n";
}

}  // namespace peerage::cmd
