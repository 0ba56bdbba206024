// One table of a TOML document: its keys read by type, and which of them nobody read.
//
// A value of the wrong type, or one that makes no sense, is a complaint that has the key's full
// name and line; the variable then keeps what it had, and reading goes on.
//
// Threads: one. The document must outlive it.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <toml++/toml.h>

#include "cmd/setting_value.h"

namespace peerage::cmd {

class TomlTable {
 public:
  // `key` is the full name: "p2p.laddr".
  using ComplainAt =
      std::function<void(std::size_t line, const std::string& key, const std::string& what)>;

  // `table` may be null: a table that the document does not have. The document itself has no name.
  TomlTable(const toml::table* table, std::string name, ComplainAt complain)
      : table_(table), name_(std::move(name)), complain_(std::move(complain)) {}

  // Whether the key is there.
  template <typename T>
  bool read(std::string_view key, T& into) {
    read_.push_back(key);
    const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
    if (node == nullptr) return false;
    convert(*node, into, [&](const std::string& what) {
      complain_(node->source().begin.line, full_name(key), what);
    });
    return true;
  }

  bool has(std::string_view key) const { return table_ != nullptr && table_->contains(key); }
  std::size_t line_of(std::string_view key) const;  // 0: it is not there
  std::string full_name(std::string_view key) const;

  struct Unread {
    std::string key;
    std::size_t line = 0;
    const toml::table* table = nullptr;  // when it is one
  };
  std::vector<Unread> unread() const;

 private:
  static void convert(const toml::node& node, bool& into, const Complain& complain);
  static void convert_number(const toml::node& node, std::uint64_t limit,
                             const std::function<void(std::uint64_t)>& take,
                             const Complain& complain);
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) static void convert(const toml::node& node, T& into,
                                                       const Complain& complain) {
    convert_number(
        node, std::numeric_limits<T>::max(),
        [&into](std::uint64_t number) { into = static_cast<T>(number); }, complain);
  }
  static void convert(const toml::node& node, std::optional<std::uint32_t>& into,
                      const Complain& complain) {
    convert_number(
        node, std::numeric_limits<std::uint32_t>::max(),
        [&into](std::uint64_t number) { into = static_cast<std::uint32_t>(number); }, complain);
  }
  // All others are written as strings.
  template <typename T>
  static void convert(const toml::node& node, T& into, const Complain& complain) {
    const auto text = node.value_exact<std::string>();
    if (!text) return complain("must be a string");
    set_value(into, *text, complain);
  }

  const toml::table* table_;
  std::string name_;
  ComplainAt complain_;
  std::vector<std::string_view> read_;
};

}  // namespace peerage::cmd
