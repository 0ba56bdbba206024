// A lookup's report as text, for people, and as JSON, for programs.
#include <nlohmann/json.hpp>

#include "cmd/base/report_text.h"
#include "cmd/base/text_wrap.h"
#include "cmd/discovery/lookup.h"
#include "cmd/discovery/node_facts.h"

namespace peerage::cmd {
namespace {

std::string networks_of(const pex::Contact& contact) {
  return text_or_nothing(contact.record ? networks_text(*contact.record) : "", 256);
}

}  // namespace

std::string to_text(const LookupReport& report) {
  std::string text = "target " + report.target.id.to_string() + '\n';
  Table table({0});
  table.row({"DISTANCE", "ID", "UDP", "NETWORKS"});
  for (const FoundNode& node : report.found) {
    table.row({std::to_string(node.distance), node.contact.id.brief(), node.contact.udp.to_string(),
               networks_of(node.contact)});
  }
  if (!report.found.empty()) text += table.text();
  text += std::to_string(report.answered) + " of " + std::to_string(report.asked) +
          " nodes answered, " + std::to_string(report.heard) + " were heard of, in " +
          took_text(report.lasted) + (report.finished ? "" : ", when it was cut short") + '\n';
  if (!report.failure) return text;
  text += "  FAILED  " + wrapped(explain(report.failure->reason), 10, kTextWidth, 10) + '\n';
  return text + "  " + wrapped(kSilenceHint, 2, kTextWidth, 2) + '\n';
}

std::string to_json(const LookupReport& report) {
  Json json = {{"target", report.target.id.to_string()},
               {"target_key", report.target.key ? Json(conn::to_hex(*report.target.key)) : Json()},
               {"finished", report.finished},
               {"asked", report.asked},
               {"answered", report.answered},
               {"heard", report.heard},
               {"rounds", report.rounds},
               {"lasted_ms", milliseconds_of(report.lasted)},
               {"failure", report.failure ? failure_json_of(*report.failure) : Json()}};
  Json& nodes = json["nodes"] = Json::array();
  for (const FoundNode& node : report.found) {
    Json one = {{"distance", node.distance}};
    one.update(contact_json(node.contact));
    nodes.push_back(std::move(one));
  }
  return json.dump();
}

}  // namespace peerage::cmd
