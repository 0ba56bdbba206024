#include "cmd/config/toml_table.h"

#include <algorithm>
#include <optional>
#include <sstream>

#include <toml++/toml.h>

namespace peerage::cmd {
namespace {

TomlValue value_of(const toml::node& node) {
  TomlValue value;
  value.line = node.source().begin.line;
  if (const auto flag = node.value_exact<bool>()) {
    value.is = *flag;
  } else if (const auto number = node.value_exact<std::int64_t>()) {
    value.is = *number;
  } else if (auto text = node.value_exact<std::string>()) {
    value.is = std::move(*text);
  }
  return value;
}

TomlDocument::Keys keys_of(const toml::table& table) {
  TomlDocument::Keys keys;
  for (const auto& [key, node] : table) keys.emplace(key.str(), value_of(node));
  return keys;
}

// No configuration nests deeper, and toml++ has stack for hundreds of times as much.
constexpr std::size_t kMaxNesting = 32;

// Finds where a document nests more than kMaxNesting deep: in tables and arrays, or in the
// components of one key. It knows strings and comments, and no more of TOML. To be asked before
// toml++ is, whose stack overflows when it frees a key of some ten thousand components.
class NestingScan {
 public:
  explicit NestingScan(std::string_view text) : rest_(text) {}

  // The line of the first that is too deep.
  std::optional<std::size_t> too_deep() {
    while (!rest_.empty()) {
      if (skip_string() || skip_comment()) continue;
      take(rest_.front());
      rest_.remove_prefix(1);
      if (dots_ > kMaxNesting || depth_ > kMaxNesting) return line_;
    }
    return std::nullopt;
  }

 private:
  void take(char c) {
    switch (c) {
      case '\n':
        ++line_;
        dots_ = 0;
        return;
      case '.':
        ++dots_;
        return;
      case '[':
      case '{':
        ++depth_;
        dots_ = 0;
        return;
      case ']':
      case '}':
        if (depth_ > 0) --depth_;
        return;
      case '=':
      case ',':
        dots_ = 0;
        return;
      default:
        return;
    }
  }
  bool skip_comment() {
    if (rest_.front() != '#') return false;
    rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
    return true;
  }
  bool skip_string() {
    const char quote = rest_.front();
    if (quote != '"' && quote != '\'') return false;
    const std::string three(3, quote);
    const bool many_lines = rest_.starts_with(three);
    const std::string_view end = std::string_view(three).substr(0, many_lines ? 3 : 1);
    rest_.remove_prefix(end.size());
    while (!rest_.empty() && !rest_.starts_with(end)) {
      if (rest_.front() == '\n') {
        if (!many_lines) return true;  // it is not closed: the parser says so
        ++line_;
      }
      const bool escapes = quote == '"' && rest_.front() == '\\';
      rest_.remove_prefix(std::min<std::size_t>(escapes ? 2 : 1, rest_.size()));
    }
    rest_.remove_prefix(std::min(end.size(), rest_.size()));
    return true;
  }

  std::string_view rest_;
  std::size_t line_ = 1, depth_ = 0, dots_ = 0;
};

}  // namespace

const TomlDocument::Keys* TomlDocument::table(std::string_view name) const {
  const auto found = tables.find(name);
  return found == tables.end() ? nullptr : &found->second;
}

tl::expected<TomlDocument, TomlDocument::Malformed> TomlDocument::parse(std::string_view text) {
  if (const auto line = NestingScan(text).too_deep()) {
    return tl::unexpected(Malformed{*line, "nested too deeply"});
  }
  // Debian's toml++ reports errors by exception; they end here.
  try {
    const toml::table parsed = toml::parse(text);
    TomlDocument document{keys_of(parsed), {}};
    for (const auto& [key, node] : parsed) {
      if (const toml::table* section = node.as_table()) {
        document.tables.emplace(key.str(), keys_of(*section));
      }
    }
    return document;
  } catch (const toml::parse_error& error) {
    return tl::unexpected(Malformed{error.source().begin.line, std::string(error.description())});
  }
}

std::string toml_quoted(std::string_view text) {
  std::ostringstream out;
  out << toml::value<std::string>(std::string(text));
  return out.str();
}

std::string TomlTable::full_name(std::string_view key) const {
  return name_.empty() ? std::string(key) : name_ + "." + std::string(key);
}

const TomlValue* TomlTable::find(std::string_view key) const {
  if (keys_ == nullptr) return nullptr;
  const auto found = keys_->find(key);
  return found == keys_->end() ? nullptr : &found->second;
}

std::size_t TomlTable::line_of(std::string_view key) const {
  const TomlValue* value = find(key);
  return value == nullptr ? 0 : value->line;
}

std::vector<TomlTable::Unread> TomlTable::unread() const {
  std::vector<Unread> keys;
  if (keys_ == nullptr) return keys;
  for (const auto& [key, value] : *keys_) {
    if (std::find(read_.begin(), read_.end(), key) != read_.end()) continue;
    keys.push_back({key, value.line});
  }
  std::stable_sort(keys.begin(), keys.end(),
                   [](const Unread& a, const Unread& b) { return a.line < b.line; });
  return keys;
}

void TomlTable::convert(const TomlValue& value, bool& into, const Complain& complain) {
  const bool* flag = std::get_if<bool>(&value.is);
  if (flag == nullptr) return complain("must be true or false");
  into = *flag;
}

void TomlTable::convert_number(const TomlValue& value, std::uint64_t limit,
                               const std::function<void(std::uint64_t)>& take,
                               const Complain& complain) {
  const auto* number = std::get_if<std::int64_t>(&value.is);
  if (number == nullptr) return complain("must be a whole number");
  if (*number < 0 || static_cast<std::uint64_t>(*number) > limit) {
    return complain("is out of range");
  }
  take(static_cast<std::uint64_t>(*number));
}

}  // namespace peerage::cmd
