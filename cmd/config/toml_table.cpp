#include "cmd/config/toml_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <sstream>

#include <toml++/toml.h>

namespace peerage::cmd {
namespace {

// A list's entry, as a string has it.
std::optional<std::string> entry_of(const TomlValue& value) {
  if (const auto* text = std::get_if<std::string>(&value.is)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&value.is)) return std::to_string(*number);
  return std::nullopt;
}

TomlValue value_of(const toml::node& node) {
  TomlValue value;
  value.line = node.source().begin.line;
  if (const toml::array* array = node.as_array()) {
    TomlValue::List list;
    for (const toml::node& each : *array) {
      const bool nested = each.is_array();  // it stays out of our own depth
      auto entry = nested ? std::nullopt : entry_of(value_of(each));
      if (!entry) return value;
      list.push_back(std::move(*entry));
    }
    value.is = std::move(list);
  } else if (const auto flag = node.value_exact<bool>()) {
    value.is = *flag;
  } else if (const auto number = node.value_exact<std::int64_t>()) {
    value.is = *number;
  } else if (const auto fraction = node.value_exact<double>()) {
    value.is = *fraction;
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

// As Go prints it: the shortest digits that are this number, without an exponent.
std::string number_as_text(double number) {
  std::array<char, 512> text;  // the longest has 309 digits before the point, or 324 behind it
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  return {text.data(), end.ptr};
}

// Whether two keys are one to viper, which does not distinguish the case of letters.
bool is_same_key(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [lower](char x, char y) { return lower(x) == lower(y); });
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
  auto found = tables.find(name);
  if (found == tables.end()) {
    found = std::find_if(tables.begin(), tables.end(),
                         [name](const auto& each) { return is_same_key(each.first, name); });
  }
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
      const toml::table* section = node.as_table();
      if (section == nullptr) continue;
      document.tables.emplace(key.str(), keys_of(*section));
      for (const auto& [name, inner] : *section) {
        const toml::table* part = inner.as_table();
        if (part == nullptr) continue;
        std::string full(key.str());
        document.tables.emplace(full.append(".").append(name.str()), keys_of(*part));
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
  auto found = keys_->find(key);
  if (found == keys_->end()) {
    found = std::find_if(keys_->begin(), keys_->end(),
                         [key](const auto& each) { return is_same_key(each.first, key); });
  }
  return found == keys_->end() ? nullptr : &found->second;
}

const TomlValue* TomlTable::take(std::string_view key) {
  const TomlValue* value = find(key);
  if (value != nullptr) read_.push_back(value);
  return value;
}

Complain TomlTable::complaint_of(const TomlValue& value, std::string_view key) const {
  return [this, line = value.line, name = full_name(key)](const std::string& what) {
    complain_(line, name, what);
  };
}

bool TomlTable::read_list(std::string_view key, std::string& into) {
  const TomlValue* value = take(key);
  if (value == nullptr) return false;
  if (auto text = list_text(*value, complaint_of(*value, key))) into = std::move(*text);
  return true;
}

std::size_t TomlTable::line_of(std::string_view key) const {
  const TomlValue* value = find(key);
  return value == nullptr ? 0 : value->line;
}

std::vector<TomlTable::Unread> TomlTable::unread() const {
  std::vector<Unread> keys;
  if (keys_ == nullptr) return keys;
  for (const auto& [key, value] : *keys_) {
    if (std::find(read_.begin(), read_.end(), &value) != read_.end()) continue;
    keys.push_back({key, value.line, &value});
  }
  std::stable_sort(keys.begin(), keys.end(),
                   [](const Unread& a, const Unread& b) { return a.line < b.line; });
  return keys;
}

void TomlTable::convert(const TomlValue& value, bool& into, const Complain& complain) {
  if (const auto* flag = std::get_if<bool>(&value.is)) {
    into = *flag;
  } else if (const auto* number = std::get_if<std::int64_t>(&value.is)) {
    into = *number != 0;
  } else if (const auto* fraction = std::get_if<double>(&value.is)) {
    into = *fraction != 0;
  } else if (const auto* text = std::get_if<std::string>(&value.is)) {
    set_value(into, *text, complain);
  } else {
    complain("must be true or false");
  }
}

void TomlTable::convert(const TomlValue& value, std::string& into, const Complain& complain) {
  if (const auto* text = std::get_if<std::string>(&value.is)) {
    into = *text;
  } else if (const auto* number = std::get_if<std::int64_t>(&value.is)) {
    into = std::to_string(*number);
  } else if (const auto* fraction = std::get_if<double>(&value.is)) {
    into = number_as_text(*fraction);
  } else if (const auto* flag = std::get_if<bool>(&value.is)) {
    into = *flag ? "1" : "0";  // as mapstructure has it
  } else {
    complain("must be a string");
  }
}

std::optional<std::string> TomlTable::number_text(const TomlValue& value, const char* wanted,
                                                  const Complain& complain) {
  if (const auto* text = std::get_if<std::string>(&value.is)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&value.is)) return std::to_string(*number);
  if (const auto* fraction = std::get_if<double>(&value.is)) return number_as_text(*fraction);
  complain("must be " + std::string(wanted));
  return std::nullopt;
}

std::optional<std::string> TomlTable::list_text(const TomlValue& value, const Complain& complain) {
  std::string text;
  if (const auto* list = std::get_if<TomlValue::List>(&value.is)) {
    for (const std::string& each : *list) text += (text.empty() ? "" : ",") + each;
    return text;
  }
  bool fine = true;
  convert(value, text, [&](const std::string&) { fine = false; });
  if (fine) return text;
  complain("must be a string, or an array of strings");
  return std::nullopt;
}

}  // namespace peerage::cmd
