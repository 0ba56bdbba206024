// TOML as far as a configuration has it: a document of keys and tables of keys, and one such table
// read by type, which knows the keys that were not read.
//
// Values are read as weakly as a comet node reads them: a number or a boolean may stand in quotes,
// and a string without them; a list may be a string or an array. The case of a key does not count,
// unless the table has it in ours, too. What cannot be a value of the key's type, or is an
// impossible one, is a complaint that has the key's full name and line; the variable then keeps
// what it had, and reading goes on.
//
// Source: viper, which a comet node reads its file with, and its mapstructure.
// Threads: one. The document must outlive its tables.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
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
  struct Other {};  // a date, a table, an array of such: no setting is written so
  using List = std::vector<std::string>;  // an array of strings, or of what may stand for them
  std::size_t line = 0;
  std::variant<Other, bool, std::int64_t, double, std::string, List> is;
};

struct TomlDocument {
  using Keys = std::map<std::string, TomlValue, std::less<>>;
  Keys keys;  // the tables' names among them
  // Those of the document, and those of its tables ("peerage.discovery").
  std::map<std::string, Keys, std::less<>> tables;

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
    const TomlValue* value = take(key);
    if (value == nullptr) return false;
    convert(*value, into, complaint_of(*value, key));
    return true;
  }
  // The same of a list that is kept as it is written.
  bool read_list(std::string_view key, std::string& into);

  bool has(std::string_view key) const { return find(key) != nullptr; }
  std::size_t line_of(std::string_view key) const;  // 0: it is not there
  std::string full_name(std::string_view key) const;

  struct Unread {
    std::string key;
    std::size_t line = 0;
    const TomlValue* value = nullptr;  // the document's
  };
  std::vector<Unread> unread() const;

 private:
  const TomlValue* find(std::string_view key) const;
  const TomlValue* take(std::string_view key);  // it counts as read
  Complain complaint_of(const TomlValue& value, std::string_view key) const;

  static void convert(const TomlValue& value, bool& into, const Complain& complain);
  static void convert(const TomlValue& value, std::string& into, const Complain& complain);
  // Of a number or a duration, as a string has it; nothing for what is none, with a complaint.
  static std::optional<std::string> number_text(const TomlValue& value, const char* wanted,
                                                const Complain& complain);
  static std::optional<std::string> list_text(const TomlValue& value, const Complain& complain);

  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) static void convert(const TomlValue& value, T& into,
                                                       const Complain& complain) {
    convert_number(value, into, complain);
  }
  static void convert(const TomlValue& value, std::optional<std::uint32_t>& into,
                      const Complain& complain) {
    convert_number(value, into, complain);
  }
  static void convert(const TomlValue& value, conn::Duration& into, const Complain& complain) {
    if (const auto text = number_text(value, "a duration such as \"10s\" or \"1h30m\"", complain)) {
      set_value(into, *text, complain);
    }
  }
  template <typename T>
  static void convert(const TomlValue& value, std::vector<T>& into, const Complain& complain) {
    if (const auto text = list_text(value, complain)) set_value(into, *text, complain);
  }
  template <typename T>
  static void convert_number(const TomlValue& value, T& into, const Complain& complain) {
    if (const auto text = number_text(value, "a whole number", complain)) {
      set_value(into, *text, complain);
    }
  }

  const TomlDocument::Keys* keys_;
  std::string name_;
  ComplainAt complain_;
  std::vector<const TomlValue*> read_;
};

}  // namespace peerage::cmd
