#include "cmd/toml_table.h"

#include <algorithm>

namespace peerage::cmd {

std::string TomlTable::full_name(std::string_view key) const {
  return name_.empty() ? std::string(key) : name_ + "." + std::string(key);
}

std::size_t TomlTable::line_of(std::string_view key) const {
  const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
  return node == nullptr ? 0 : node->source().begin.line;
}

std::vector<TomlTable::Unread> TomlTable::unread() const {
  std::vector<Unread> keys;
  if (table_ == nullptr) return keys;
  for (const auto& [key, node] : *table_) {
    if (std::find(read_.begin(), read_.end(), key.str()) != read_.end()) continue;
    keys.push_back({std::string(key.str()), node.source().begin.line, node.as_table()});
  }
  std::stable_sort(keys.begin(), keys.end(),
                   [](const Unread& a, const Unread& b) { return a.line < b.line; });
  return keys;
}

void TomlTable::convert(const toml::node& node, bool& into, const Complain& complain) {
  const auto flag = node.value_exact<bool>();
  if (!flag) return complain("must be true or false");
  into = *flag;
}

void TomlTable::convert_number(const toml::node& node, std::uint64_t limit,
                               const std::function<void(std::uint64_t)>& take,
                               const Complain& complain) {
  const auto number = node.value_exact<std::int64_t>();
  if (!number) return complain("must be a whole number");
  if (*number < 0 || static_cast<std::uint64_t>(*number) > limit) {
    return complain("is out of range");
  }
  take(static_cast<std::uint64_t>(*number));
}

}  // namespace peerage::cmd
