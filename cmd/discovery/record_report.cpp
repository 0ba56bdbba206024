#include "cmd/discovery/record_report.h"

#include <nlohmann/json.hpp>

#include "cmd/base/report_text.h"
#include "cmd/discovery/node_facts.h"

namespace peerage::cmd {
namespace {

using conn::printable;

constexpr std::size_t kTextLimit = 1024;  // bytes of what was named

std::string endpoints_text(const std::optional<conn::Endpoint>& v4,
                           const std::optional<conn::Endpoint>& v6) {
  if (v4 && v6) return v4->to_string() + ", " + v6->to_string();
  if (!v4 && !v6) return std::string(kNothing);
  return (v4 ? v4 : v6)->to_string();
}

void describe(const pex::Enr& record, Table& table) {
  table.row({"record", std::to_string(record.bytes().size()) + " bytes, signed by its key"});
  table.row({"sequence", std::to_string(record.seq())});
  table.row({"ID", record.id().to_string()});
  table.row({"UDP", endpoints_text(record.udp4(), record.udp6())});
  table.row({"TCP", endpoints_text(record.tcp4(), record.tcp6())});
  if (const std::string comet = comet_address(record); !comet.empty()) {
    table.row({"comet node", comet + " (a claim)"});
    table.row({"networks", networks_text(record)});
  } else if (record.pair("cmt")) {
    table.row({"comet node", "its cmt pair is malformed, and counts as none"});
  }
  if (const std::string client = client_text(record); !client.empty()) {
    table.row({"client", client});
  }
  for (const auto& [key, value] : record.pairs()) {
    if (pex::is_reserved_pair(key)) continue;
    table.row({"pair " + printable(key, 32), conn::to_hex(value)});
  }
}

void describe(const pex::EnodeUrl& url, Table& table) {
  table.row({"enode URL", "not signed, without a sequence"});
  table.row({"ID", pex::EnodeId::of(url.key).to_string()});
  if (url.host.empty()) {
    table.row({"address", "none: it names a key alone"});
    return;
  }
  const bool is_v6 = url.host.find(':') != std::string::npos;
  const std::string host = is_v6 ? "[" + url.host + "]" : url.host;
  table.row({"UDP", host + ":" + std::to_string(url.udp)});
  table.row({"TCP", host + ":" + std::to_string(url.tcp)});
}

}  // namespace

std::string to_text(const NamedNode& named) {
  Table table;
  if (!named.node) {
    const conn::Failure& failure = named.node.error();
    table.row({"FAILED", std::string(explain(failure.reason)) + ": " +
                             printable(failure.detail, kTextLimit)});
    if (!hint(failure.reason).empty()) table.row({"hint", std::string(hint(failure.reason))});
  } else if (const auto* record = std::get_if<pex::EnrPtr>(&*named.node)) {
    describe(**record, table);
  } else {
    describe(std::get<pex::EnodeUrl>(*named.node), table);
  }
  return printable(named.text, kTextLimit) + '\n' + table.text();
}

std::string to_json(const NamedNode& named) {
  Json json = {{"input", printable(named.text, kTextLimit)}, {"valid", named.node.has_value()}};
  if (!named.node) {
    json["failure"] = failure_json_of(named.node.error());
  } else if (const auto* record = std::get_if<pex::EnrPtr>(&*named.node)) {
    json["signed"] = true;
    json["record"] = record_json(**record);
  } else {
    const auto& url = std::get<pex::EnodeUrl>(*named.node);
    json["signed"] = false;
    json["enode"] = {{"text", url.to_string()},
                     {"id", pex::EnodeId::of(url.key).to_string()},
                     {"host", url.host.empty() ? Json() : Json(url.host)},
                     {"udp", url.udp},
                     {"tcp", url.tcp}};
  }
  return json.dump();
}

}  // namespace peerage::cmd
