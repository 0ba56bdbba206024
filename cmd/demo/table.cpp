#include "cmd/demo/table.h"

#include <cstdio>

#include <nlohmann/json.hpp>

#include "cmd/base/report_text.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {

using Json = nlohmann::json;

namespace {

constexpr std::size_t kEventLimit = 60;
constexpr std::size_t kShownEvent = 22;  // what a line of a narrow terminal has room for

std::string text_of(const Json& record, const char* key) {
  const auto found = record.find(key);
  if (found == record.end() || !found->is_string()) return {};
  return found->get<std::string>();
}

std::size_t number_of(const Json& record, const char* key) {
  const auto found = record.find(key);
  return found != record.end() && found->is_number_unsigned() ? found->get<std::size_t>() : 0;
}

std::string name_of(const std::string& id, const Names& names) {
  const auto found = names.find(id);
  return found == names.end() ? id.substr(0, 10) : found->second;
}

void take_summary(NodeView& node, const Json& record) {
  node.in = number_of(record, "in");
  node.out = number_of(record, "out");
  node.peers = number_of(record, "peers");
  node.book_new = number_of(record, "book_new");
  node.book_old = number_of(record, "book_old");
  node.verified = number_of(record, "book_verified");
  ++node.summaries;
}

std::optional<std::string> event_of(NodeView& node, const Json& record, const Names& names) {
  const std::string message = text_of(record, "_msg");
  const std::string peer = name_of(text_of(record, "peer"), names);
  if (message == "peer connected") {
    const bool dialled = text_of(record, "direction") == "outbound";
    return (dialled ? "dialled " : "was dialled by ") + peer;
  }
  if (message == "peer gone") return "lost " + peer + " (" + text_of(record, "why") + ")";
  if (message == "address book") {
    node.book_at_start = number_of(record, "addresses");
    return "opened its book of " + std::to_string(*node.book_at_start) + " addresses";
  }
  if (message == "node started" || message == "seed started") {
    node.started = true;
    return "started";
  }
  return std::nullopt;
}

}  // namespace

void NodeView::begin_life() {
  up = true;
  started = false;
  in = out = peers = 0;
  summaries = 0;
  book_at_start.reset();
  error.clear();
}

void NodeView::end_life(std::string event) {
  up = started = false;
  in = out = peers = 0;
  last_event = std::move(event);
}

std::optional<std::string> take_log_line(NodeView& node, std::string_view line,
                                         const Names& names) {
  const Json record = Json::parse(line, nullptr, false);
  if (!record.is_object()) return std::nullopt;
  if (text_of(record, "_msg") == "summary") {
    take_summary(node, record);
    return std::nullopt;
  }
  if (text_of(record, "level") == "error") {
    node.error = conn::printable(text_of(record, "_msg") + " " + text_of(record, "why"));
  }
  auto event = event_of(node, record, names);
  if (!event) return std::nullopt;
  node.last_event = conn::printable(*event, kEventLimit);
  return node.last_event;
}

std::string table_text(const std::vector<NodeView>& nodes) {
  Table table({2, 3, 4, 5, 6});
  table.row({"NODE", "ADDRESS", "IN", "OUT", "NEW", "OLD", "VERIFIED", "LAST EVENT"});
  for (const NodeView& node : nodes) {
    const auto figure = [&node](std::size_t value) {
      return node.up ? std::to_string(value) : std::string(kNothing);
    };
    table.row({node.name, node.address, figure(node.in), figure(node.out), figure(node.book_new),
               figure(node.book_old), figure(node.verified),
               text_or_nothing(node.last_event, kShownEvent)});
  }
  return table.text();
}

std::string seconds_text(conn::Duration span) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f s", std::chrono::duration<double>(span).count());
  return text;
}

}  // namespace peerage::cmd
