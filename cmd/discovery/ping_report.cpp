// A ping's report as text, for people, and as JSON, for programs.
#include <nlohmann/json.hpp>

#include "cmd/base/report_text.h"
#include "cmd/base/text_wrap.h"
#include "cmd/discovery/node_facts.h"
#include "cmd/discovery/ping.h"

namespace peerage::cmd {
namespace {

using conn::printable;

constexpr std::size_t kTextLimit = 1024;  // bytes of what was named, and of a detail

void failure_rows(const std::string& what, const conn::Failure& failure, Table& table) {
  std::string text(explain(failure.reason));
  if (!failure.detail.empty()) text += ": " + printable(failure.detail, kTextLimit);
  table.row({what, "FAILED", text});
}

void record_rows(const conn::Result<pex::EnrPtr>& answer, Table& table) {
  if (!answer) return failure_rows("record", answer.error(), table);
  const pex::Enr& record = **answer;
  table.row({"record", "seq " + std::to_string(record.seq()), record.text()});
  if (const std::string comet = comet_address(record); !comet.empty()) {
    table.row({"", "comet node", comet + " (a claim)"});
    table.row({"", "networks", networks_text(record)});
  }
}

}  // namespace

std::string to_text(const PingReport& report) {
  std::string text = printable(report.target, kTextLimit) + '\n';
  Table table;
  if (report.contact) {
    table.row({"  endpoint", report.contact->udp.to_string(), report.contact->id.to_string()});
  }
  if (report.failure) failure_rows("  target", *report.failure, table);
  std::size_t number = 0;
  for (const auto& ping : report.pings) {
    const std::string what = "  ping " + std::to_string(++number);
    if (!ping) {
      failure_rows(what, ping.error(), table);
      continue;
    }
    std::string seen = ping->sees_us_at ? "sees us at " + ping->sees_us_at->to_string() : "";
    if (ping->seq > 0) seen += ", record seq " + std::to_string(ping->seq);
    table.row({what, took_text(ping->round_trip), std::move(seen)});
  }
  if (report.record) record_rows(*report.record, table);
  text += table.text();
  if (report.pings.empty()) return text;
  if (report.other_id) {
    text += "  " +
            wrapped(
                "Another key answers there: the record or URL is of another node, or out "
                "of date. It is of ID " +
                    report.other_id->to_string(),
                2, kTextWidth, 2) +
            '\n';
  } else if (!report.proven()) {
    text += "  " + wrapped(kSilenceHint, 2, kTextWidth, 2) + '\n';
  }
  return text + "answered " + std::to_string(report.answered()) + " of " +
         std::to_string(report.pings.size()) +
         (report.proven() ? ": the endpoint is proven\n" : "\n");
}

std::string to_json(const PingReport& report) {
  Json json = {{"target", printable(report.target, kTextLimit)}, {"proven", report.proven()}};
  if (report.failure) json["failure"] = failure_json_of(*report.failure);
  if (report.contact) {
    json["id"] = report.contact->id.to_string();
    json["udp"] = report.contact->udp.to_string();
    json["enode"] = enode_text(*report.contact);
  }
  Json& pings = json["pings"] = Json::array();
  for (const auto& ping : report.pings) {
    if (!ping) {
      pings.push_back({{"answered", false}, {"failure", failure_json_of(ping.error())}});
      continue;
    }
    pings.push_back(
        {{"answered", true},
         {"round_trip_ms", milliseconds_of(ping->round_trip)},
         {"sees_us_at", ping->sees_us_at ? Json(ping->sees_us_at->to_string()) : Json()},
         {"seq", ping->seq > 0 ? Json(ping->seq) : Json()}});
  }
  if (report.other_id) json["answered_by"] = report.other_id->to_string();
  if (!report.record) return json.dump();
  if (*report.record) {
    json["record"] = record_json(***report.record);
  } else {
    json["record_failure"] = failure_json_of(report.record->error());
  }
  return json.dump();
}

}  // namespace peerage::cmd
