// TOML as far as a configuration has it: a document of keys and tables of keys, and one such table
// read by type, which knows the keys that were not read.
//
// A value of the wrong type, or an impossible one, is a complaint that has the key's full
// name and line; the variable then keeps what it had, and reading goes on.
//
// Threads: one. The document must outlive its tables.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "cmd/config/setting_value.h"

namespace peerage::cmd {

struct TomlValue {
  struct Other {};  // a fraction, a date, an array, a table: no setting is written so
  std::size_t line = 0;
  std::variant<Other, bool, std::int64_t, std::string> is;
};

struct TomlDocument {
  using Keys = std::map<std::string, TomlValue, std::less<>>;
  Keys keys;                                        // the tables' names among them
  std::map<std::string, Keys, std::less<>> tables;  // those of the document, not of its tables

  const Keys* table(std::string_view name) const;  // null when it has none of that name

  struct Malformed {
    std::size_t line = 0;
    std::string what;
  };
  static tl::expected<TomlDocument, Malformed> parse(std::string_view text);
};

// As a string is written, with its quotes.
std::string toml_quoted(std::string_view text);

class TomlTable {
 public:
  // `key` is the full name: "p2p.laddr".
  using ComplainAt =
      std::function<void(std::size_t line, const std::string& key, const std::string& what)>;

  // `keys` may be null: a table that the document does not have. The document itself has no name.
  TomlTable(const TomlDocument::Keys* keys, std::string name, ComplainAt complain)
      : keys_(keys), name_(std::move(name)), complain_(std::move(complain)) {}

  // Whether the key is there.
  template <typename T>
  bool read(std::string_view key, T& into) {
    read_.push_back(key);
    const TomlValue* value = find(key);
    if (value == nullptr) return false;
    convert(*value, into,
            [&](const std::string& what) { complain_(value->line, full_name(key), what); });
    return true;
  }

  bool has(std::string_view key) const { return find(key) != nullptr; }
  std::size_t line_of(std::string_view key) const;  // 0: it is not there
  std::string full_name(std::string_view key) const;

  struct Unread {
    std::string key;
    std::size_t line = 0;
  };
  std::vector<Unread> unread() const;

 private:
  const TomlValue* find(std::string_view key) const;

  static void convert(const TomlValue& value, bool& into, const Complain& complain);
  static void convert_number(const TomlValue& value, std::uint64_t limit,
                             const std::function<void(std::uint64_t)>& take,
                             const Complain& complain);
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) static void convert(const TomlValue& value, T& into,
                                                       const Complain& complain) {
    convert_number(
        value, std::numeric_limits<T>::max(),
        [&into](std::uint64_t number) { into = static_cast<T>(number); }, complain);
  }
  static void convert(const TomlValue& value, std::optional<std::uint32_t>& into,
                      const Complain& complain) {
    convert_number(
        value, std::numeric_limits<std::uint32_t>::max(),
        [&into](std::uint64_t number) { into = static_cast<std::uint32_t>(number); }, complain);
  }
  // All others are written as strings.
  template <typename T>
  static void convert(const TomlValue& value, T& into, const Complain& complain) {
    const auto* text = std::get_if<std::string>(&value.is);
    if (text == nullptr) return complain("must be a string");
    set_value(into, *text, complain);
  }

  const TomlDocument::Keys* keys_;
  std::string name_;
  ComplainAt complain_;
  std::vector<std::string_view> read_;
};

}  // namespace peerage::cmd
