#include "cmd/config/genesis_scan.h"

#include <algorithm>
#include <cstring>

#include <nlohmann/json.hpp>

namespace peerage::cmd {
namespace {

constexpr std::size_t kMaxChainId = 50;  // comet types/genesis.go: MaxChainIDLen
// A string that is compared: a chain ID with every character written as \uNNNN.
constexpr std::size_t kMaxString = 6 * kMaxChainId;

constexpr std::string_view kKey = "chain_id";

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// What is between a string's quotes, without its escapes; nothing if it is none or too long.
std::optional<std::string> decoded(std::string_view text) {
  if (text.size() > kMaxString) return std::nullopt;
  std::string quoted = "\"";
  quoted.append(text).append("\"");
  const auto value = nlohmann::json::parse(quoted, nullptr, false);
  if (!value.is_string()) return std::nullopt;
  return value.get<std::string>();
}

std::optional<std::string> as_chain_id(std::string_view text) {
  auto value = decoded(text);
  if (!value || value->empty() || value->size() > kMaxChainId) return std::nullopt;
  return value;
}

bool is_key(std::string_view text, std::string_view key) {
  if (text.find('\\') == std::string_view::npos) return text == key;
  return decoded(text) == key;
}

}  // namespace

// --- from the beginning ---

void GenesisScan::take(std::string_view text) {
  while (!text.empty() && state_ == State::under_way) {
    if (in_string_) {
      text.remove_prefix(take_in_string(text));
    } else {
      take(text.front());
      text.remove_prefix(1);
    }
  }
}

// Returns how much of it was the string's, with its end.
std::size_t GenesisScan::take_in_string(std::string_view text) {
  std::size_t next = 0, quote = 0;  // `quote`: the first from `next` on, or behind all
  bool known = false;
  const auto length = [&](std::size_t to) { string_length_ += to; };
  const auto keep = [&](std::size_t from, std::size_t to) {
    // One byte too many shows that it is too long.
    if (depth_ > kPath || string_.size() > kMaxString) return;
    string_ += text.substr(from, std::min(to - from, kMaxString + 1 - string_.size()));
  };
  while (next < text.size()) {
    if (escaped_) {
      escaped_ = false;
      keep(next, next + 1);
      ++next;
      continue;
    }
    if (!known || quote < next) {
      quote = std::min(text.find('"', next), text.size());
      known = true;
    }
    const void* slash = std::memchr(text.data() + next, '\\', quote - next);
    if (slash != nullptr) {
      const auto at = static_cast<std::size_t>(static_cast<const char*>(slash) - text.data());
      keep(next, at + 1);
      escaped_ = true;
      next = at + 1;
      continue;
    }
    keep(next, quote);
    if (quote == text.size()) break;
    length(quote);
    in_string_ = false;
    end_string();
    return quote + 1;
  }
  length(text.size());
  return text.size();
}

void GenesisScan::take(char c) {
  if (is_space(c)) return;
  if (depth_ == 0 && c != '{') return end(State::no_object);
  const bool is_value_of_it = depth_ == 1 && path_[0] == kKey && !is_key_;
  switch (c) {
    case '"':
      in_string_ = true;
      string_.clear();
      string_length_ = 0;
      return;
    case '{':
    case '[':
      if (is_value_of_it) return end(State::no_string);
      return open(c);
    case '}':
    case ']':
      if (is_value_of_it) return end(State::no_string);
      if (--depth_ == 0) return end(State::over);
      is_key_ = false;
      return;
    case ',':
      if (is_value_of_it) return end(State::no_string);
      is_key_ = depth_ <= kPath && is_object_[depth_];
      return;
    default:
      return;
  }
}

void GenesisScan::open(char c) {
  ++depth_;
  is_key_ = false;
  if (depth_ > kPath) return;
  is_object_[depth_] = is_key_ = c == '{';
  path_[depth_ - 1].clear();
}

void GenesisScan::end_string() {
  if (depth_ == 0 || depth_ > kPath) return;
  if (is_key_) {
    is_key_ = false;
    std::string& key = path_[depth_ - 1];
    key = string_;
    if (is_key(key, kKey)) key = kKey;
    if (depth_ == 1) rpc_ = rpc_ || key == "jsonrpc" || key == "result";
    return;
  }
  if (path_[depth_ - 1] != kKey) return;
  const bool inside = depth_ == kPath && path_[0] == "result" && path_[1] == "genesis";
  if (depth_ != 1 && !inside) return;
  auto id = as_chain_id(string_);
  if (!id && inside) return;
  if (!id) return end(State::no_string);
  chain_id_ = std::move(*id);
  end(inside ? State::rpc_answer : State::found);
}

// --- from the end ---

namespace {

class TailScan {
 public:
  explicit TailScan(std::string_view text) : text_(text) {}

  GenesisTail run() {
    skip_space();
    if (text_.empty() || text_.back() != '}') return cut_off();
    text_.remove_suffix(1);
    depth_ = 1;
    behind_ = '}';
    while (skip_space(), !text_.empty()) {
      if (text_.back() == '"') {
        if (slashes_before(text_.size() - 1) % 2 != 0) return cut_off();  // it ends no string
        const auto found = string_length();
        if (!found) break;
        if (!take_string(*found)) return cut_off();
      } else if (!take(text_.back())) {
        return cut_off();
      }
    }
    if (found_) tail_.is = GenesisTail::Is::found;
    return std::move(tail_);
  }

 private:
  // What is between ',' and ':' at the top level: a string alone, or something else.
  enum class Value : std::uint8_t { nothing, string, other };

  static GenesisTail cut_off() { return {GenesisTail::Is::cut_off, {}, 0, 0}; }

  void skip_space() {
    while (!text_.empty() && is_space(text_.back())) text_.remove_suffix(1);
  }

  std::size_t slashes_before(std::size_t quote) const {
    std::size_t slashes = 0;
    while (slashes < quote && text_[quote - slashes - 1] == '\\') ++slashes;
    return slashes;
  }

  // Of the string that ends the text, without its quotes; nothing when it begins before the text.
  std::optional<std::size_t> string_length() {
    const std::string_view before = text_.substr(0, text_.size() - 1);
    std::size_t from = before.size();
    while (true) {
      const std::size_t quote = from == 0 ? std::string_view::npos : before.rfind('"', from - 1);
      if (quote == std::string_view::npos) break;
      const std::size_t slashes = slashes_before(quote);
      if (slashes == quote) break;  // there may be one more
      if (slashes % 2 == 0) return before.size() - quote - 1;
      from = quote;
    }
    tail_.depth = depth_;
    tail_.string_length = before.size();
    return std::nullopt;
  }

  bool take_string(std::size_t length) {
    if (behind_ != ':' && behind_ != ',' && behind_ != '}' && behind_ != ']') return false;
    const std::string_view string = text_.substr(text_.size() - 1 - length, length);
    text_.remove_suffix(length + 2);
    behind_ = '"';
    if (depth_ != 1) return true;
    if (!key_next_) {
      value_ = value_ == Value::nothing ? Value::string : Value::other;
      string_ = string;
      return true;
    }
    key_next_ = false;
    if (!found_ && value_ == Value::string && is_key(string, kKey)) {
      if (auto id = as_chain_id(string_)) {
        tail_.chain_id = std::move(*id);
        found_ = true;
      }
    }
    return true;
  }

  bool take(char c) {
    const bool opens = c == '{' || c == '[';
    const bool closes = c == '}' || c == ']';
    const bool separates = c == ',' || c == ':';
    if (behind_ == '"' && !opens && !separates) return false;
    if (key_next_) return false;  // a key is a string
    if (!opens && !closes && !separates && !is_of_a_word(c)) return false;
    text_.remove_suffix(1);
    behind_ = c;
    if (opens) return --depth_ > 0;
    if (closes) {
      ++depth_;
      value_ = Value::other;
    } else if (depth_ == 1 && c == ',') {
      value_ = Value::nothing;
    } else if (depth_ == 1 && c == ':') {
      key_next_ = true;
    } else if (depth_ == 1) {
      value_ = Value::other;
    }
    return true;
  }

  // A number, or true, false, null.
  static bool is_of_a_word(char c) {
    return std::string_view("0123456789+-.eEtrufalsn").find(c) != std::string_view::npos;
  }

  std::string_view text_;  // what is still to be read
  std::size_t depth_ = 0;
  char behind_ = 0;        // the token behind
  bool key_next_ = false;  // a ':' of the top level has been read
  Value value_ = Value::nothing;
  std::string_view string_;
  bool found_ = false;
  GenesisTail tail_;
};

}  // namespace

GenesisTail scan_from_end(std::string_view text) {
  return TailScan(text).run();
}

}  // namespace peerage::cmd
