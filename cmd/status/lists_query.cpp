#include "cmd/status/lists_query.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>
#include <vector>

#include "cmd/addrbook/addrbook.h"
#include "cmd/http/message.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

using Names = std::vector<std::string_view>;

Names names_of(ListsForm form) {
  switch (form) {
    case ListsForm::line:
      return {"n", "network", "version", "max_age", "sep"};
    case ListsForm::rows:
      return {"n", "network", "version", "max_age"};
    case ListsForm::of_network:
      return {"n", "version", "max_age"};
    case ListsForm::file:
      return {"network"};
    case ListsForm::bare:
      break;
  }
  return {};
}

std::string known_names(const Names& names) {
  if (names.empty()) return "there are no parameters here";
  std::string text = "there are";
  for (const std::string_view each : names) {
    text.append(each == names.front() ? " " : ", ").append(each);
  }
  return text;
}

tl::unexpected<ListsProblem> bad(std::string error, std::string hint) {
  return tl::unexpected(ListsProblem{400, std::move(error), std::move(hint)});
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

// "2h", "7d", or seconds.
std::optional<addrbook::Seconds> age_of(std::string_view text) {
  static constexpr std::uint64_t kMost = std::uint64_t{365} * 24 * 60 * 60;
  const auto seconds = whole_number(text);
  const auto age = seconds && *seconds <= kMost
                       ? std::optional(addrbook::Seconds(static_cast<std::int64_t>(*seconds)))
                       : parse_span(text);
  return age && *age > addrbook::Seconds(0) ? age : std::nullopt;
}

// What is wrong with it, or nothing.
std::optional<ListsProblem> take(std::string_view name, const std::string& value, ListsForm form,
                                 ListsQuery& into) {
  if (name == "network") {
    into.network = value;
  } else if (name == "version") {
    into.served.version_prefix = value;
  } else if (name == "sep") {
    if (value != "lf") return ListsProblem{400, "sep is not lf", "leave it out for commas"};
    into.separator = '\n';
  } else if (name == "max_age") {
    into.served.max_age = age_of(value);
    if (!into.served.max_age) {
      return ListsProblem{400, "max_age is no duration", "such as 2h, 90m or 3600 (seconds)"};
    }
  } else if (name == "n") {
    const std::size_t most =
        form == ListsForm::rows ? std::numeric_limits<std::size_t>::max() : kLongestLine;
    const auto number = whole_number(value);
    if (!number || *number == 0 || *number > most) {
      return ListsProblem{400, "n is out of range",
                          form == ListsForm::rows ? "a whole number from 1 on"
                                                  : "1 to " + std::to_string(kLongestLine) +
                                                        "; /peers.json and /peers.csv have more"};
    }
    into.served.most = static_cast<std::size_t>(*number);
  }
  return std::nullopt;
}

bool is_of_places(std::string_view name) {
  return name == "country" || name == "asn";
}

}  // namespace

tl::expected<ListsQuery, ListsProblem> parse_lists_query(std::string_view query, ListsForm form) {
  const auto parameters = parse_parameters(query);
  if (!parameters) return bad("the query is malformed", "a percent sign begins two hex digits");
  const Names names = names_of(form);
  ListsQuery parsed;
  if (form == ListsForm::rows) parsed.served.spread = ServedQuery::Spread::no;
  std::set<std::string_view> seen;
  for (const auto& [name, value] : *parameters) {
    const std::string shown = conn::printable(name, 32);
    if (is_of_places(name) && form != ListsForm::bare && form != ListsForm::file) {
      return bad(shown + " is not known of any address",
                 "no file that tells countries and networks by address is configured");
    }
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return bad("unknown parameter " + shown, known_names(names));
    }
    if (!seen.insert(name).second) return bad(shown + " is there twice", "once is enough");
    if (const auto problem = take(name, value, form, parsed)) return tl::unexpected(*problem);
  }
  return parsed;
}

}  // namespace peerage::cmd
