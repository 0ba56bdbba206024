#include "cmd/base/control_output.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "cmd/base/report_text.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

using Json = nlohmann::ordered_json;
using Texts = std::vector<std::string>;

constexpr std::size_t kCell = 48;       // bytes of a table's cell at a narrow terminal
constexpr std::size_t kText = 1024;     // of any other
constexpr std::size_t kShortId = 10;    // digits; `ctl peer` takes as few
constexpr std::size_t kIdDigits = 40;   // of a node ID
constexpr std::size_t kMostNested = 4;  // levels that are laid out; deeper ones stay JSON
constexpr std::size_t kGap = 2;         // between columns

// The columns of lists that have more than a terminal holds, in order. Others are shown behind.
struct Preferred {
  std::string_view verb;
  std::array<std::string_view, 7> columns;
};
constexpr std::array<Preferred, 2> kPreferred = {
    {{"peers", {"id", "address", "direction", "kind", "moniker", "age_s", "version"}},
     {"book list", {"id", "address", "kind", "last_verified", "network", "attempts", "failure"}}}};

bool is_scalar(const Json& value) {
  return !value.is_object() && !value.is_array();
}

bool all_scalar(const Json& values) {
  return std::all_of(values.begin(), values.end(), is_scalar);
}

// A table: a list of objects, or an object of them, whose names are the first column.
bool is_table(const Json& value) {
  return !is_scalar(value) && !value.empty() &&
         std::all_of(value.begin(), value.end(), [](const Json& each) { return each.is_object(); });
}

// "age_s" is shown as "age".
std::string heading(std::string_view name) {
  if (name == "ms") return "took";
  for (const std::string_view unit : {"_s", "_ms"}) {
    if (name.ends_with(unit)) name.remove_suffix(unit.size());
  }
  std::string text = conn::printable(name, kCell);
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

std::string number_text(std::string_view name, const Json& number) {
  if (name == "ms" || name.ends_with("_ms")) return number.dump() + " ms";
  if (name.ends_with("_s") && number >= 0 && number <= INT32_MAX) {
    return span_text(std::chrono::seconds(number.get<std::int64_t>()));
  }
  return number.dump();
}

std::string json_text(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string value_text(std::string_view name, const Json& value, std::size_t limit) {
  if (value.is_null()) return std::string(kNothing);
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_number()) return number_text(name, value);
  if (value.is_string()) return text_or_nothing(value.get_ref<const std::string&>(), limit);
  if (value.empty()) return std::string(kNothing);
  if (!all_scalar(value)) return conn::printable(json_text(value), limit);
  std::string text;
  for (const auto& [key, each] : value.items()) {
    if (!text.empty()) text += ", ";
    if (value.is_object()) text += heading(key) + " ";
    text += value_text(key, each, limit);
  }
  return text;
}

// --- tables ---

Texts columns_of(std::string_view verb, const Json& rows) {
  Texts columns;
  const auto add = [&columns](std::string_view name) {
    if (std::find(columns.begin(), columns.end(), name) == columns.end()) {
      columns.emplace_back(name);
    }
  };
  Texts there;
  for (const Json& row : rows) {
    for (const auto& member : row.items()) there.push_back(member.key());
  }
  std::sort(there.begin(), there.end());
  for (const Preferred& each : kPreferred) {
    if (each.verb != verb) continue;
    for (const std::string_view name : each.columns) {
      if (std::binary_search(there.begin(), there.end(), name)) add(name);
    }
  }
  for (const Json& row : rows) {
    for (const auto& member : row.items()) add(member.key());
  }
  return columns;
}

std::string cell_of(const std::string& name, const Json& value, std::size_t width) {
  std::string text = value_text(name, value, width == 0 ? kText : kCell);
  if (width != 0 && name == "id" && text.size() == kIdDigits) text.resize(kShortId);
  return text;
}

// A column: what stands above it, and below.
struct Column {
  Texts cells;
  std::size_t width = 0;
  bool numbers = false;

  void add(std::string cell) {
    width = std::max(width, cell.size());
    cells.push_back(std::move(cell));
  }
};

Column make_column(const std::string& name, const Json& rows, std::size_t width) {
  Column column;
  column.add(heading(name));
  column.numbers = true;
  for (const Json& row : rows) {
    const auto value = row.find(name);
    column.add(cell_of(name, value == row.end() ? Json() : *value, width));
    column.numbers =
        column.numbers && (value == row.end() || value->is_null() || value->is_number());
  }
  return column;
}

std::string table_text(std::string_view verb, const Json& rows, std::size_t width) {
  std::vector<Column> columns;
  if (rows.is_object()) {
    Column& names = columns.emplace_back();
    names.add("");
    for (const auto& each : rows.items()) names.add(conn::printable(each.key(), kCell));
  }
  std::size_t used = columns.empty() ? 0 : columns.front().width;
  for (const std::string& name : columns_of(verb, rows)) {
    Column column = make_column(name, rows, width);
    const std::size_t more = column.width + (columns.empty() ? 0 : kGap);
    if (width != 0 && !columns.empty() && used + more > width) continue;
    used += more;
    columns.push_back(std::move(column));
  }
  std::set<std::size_t> numbers;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].numbers) numbers.insert(i);
  }
  Table table(numbers);
  for (std::size_t row = 0; row <= rows.size(); ++row) {
    Texts cells;
    for (const Column& each : columns) cells.push_back(each.cells[row]);
    table.row(std::move(cells));
  }
  return table.text();
}

// --- whole answers ---

std::string indented(const std::string& text) {
  std::string all;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size() - 1);
    if (text[begin] != '\n') all += "  ";
    all.append(text, begin, end + 1 - begin);
    begin = end + 1;
  }
  return all;
}

std::string object_text(std::string_view verb, const Json& object, std::size_t width,
                        std::size_t nested);

// What takes more than a line, below its name; alone, without it.
std::string section(std::string_view verb, const std::string& name, const Json& value,
                    std::size_t width, std::size_t nested, bool alone) {
  const std::string text = is_table(value) ? table_text(verb, value, width)
                                           : object_text(verb, value, width, nested + 1);
  return alone ? text : "\n" + heading(name) + ":\n" + indented(text);
}

std::string object_text(std::string_view verb, const Json& object, std::size_t width,
                        std::size_t nested) {
  Table lines;
  std::string sections;
  bool any = false;
  for (const auto& [name, value] : object.items()) {
    const bool short_one = is_scalar(value) || all_scalar(value);
    const bool laid_out = is_table(value) || (value.is_object() && nested < kMostNested);
    if (!short_one && laid_out) {
      sections += section(verb, name, value, width, nested, object.size() == 1);
      continue;
    }
    any = true;
    // An empty list is the answer to its question.
    const bool none = nested == 0 && object.size() == 1 && value.is_array() && value.empty();
    if (none) return "no " + heading(name) + '\n';
    lines.row({heading(name), value_text(name, value, kText)});
  }
  return (any ? lines.text() : std::string()) + sections;
}

}  // namespace

std::string result_text(std::string_view verb, std::string_view result, std::size_t columns) {
  const Json json = Json::parse(result, nullptr, false);
  if (!json.is_object()) return conn::printable(result, kText) + '\n';
  return object_text(verb, json, columns, 0);
}

std::string event_text(std::string_view event) {
  const Json json = Json::parse(event, nullptr, false);
  if (!json.is_object()) return conn::printable(event, kText);
  std::string text;
  const auto add = [&text](std::string_view cell) {
    text.append(text.empty() ? "" : "  ").append(cell);
  };
  for (const char* const name : {"time", "event"}) {
    if (json.contains(name)) add(value_text(name, json[name], kText));
  }
  for (const auto& [name, value] : json.items()) {
    if (name == "time" || name == "event") continue;
    add(heading(name) + " " + value_text(name, value, kText));
  }
  return text;
}

std::optional<bool> ready_in(std::string_view result) {
  const Json json = Json::parse(result, nullptr, false);
  const auto ready = json.is_object() ? json.find("ready") : json.end();
  if (ready == json.end() || !ready->is_boolean()) return {};
  return ready->get<bool>();
}

bool dial_failed_in(std::string_view result) {
  const Json json = Json::parse(result, nullptr, false);
  return json.is_object() && json.value("result", Json()) == "failed";
}

}  // namespace peerage::cmd
