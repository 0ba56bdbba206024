#include "cmd/discovery/node_facts.h"

#include <cstdio>

#include <nlohmann/json.hpp>

#include "conn/base/bytes.h"
#include "pex/discovery/record/enode_url.h"
#include "pex/discovery/record/rlp.h"

namespace peerage::cmd {
namespace {

using conn::printable;

constexpr std::size_t kTextLimit = 64;  // bytes of what a record says of itself

Json endpoint_json(const std::optional<conn::Endpoint>& endpoint) {
  return endpoint ? Json(endpoint->to_string()) : Json();
}

Json or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

Json comet_json(const pex::Enr& record) {
  const auto cmt = pex::Cmt::of(record);
  if (!cmt) return {};
  Json networks = Json::array();
  for (const std::string& network : cmt->networks) networks.push_back(printable(network));
  return {{"id", cmt->node_id.to_string()},
          {"address", comet_address(record)},
          {"port", cmt->port},
          {"networks", std::move(networks)}};
}

}  // namespace

std::string comet_address(const pex::Enr& record) {
  const auto cmt = pex::Cmt::of(record);
  if (!cmt) return {};
  std::string text = cmt->node_id.to_string();
  const auto ip = record.ip4() ? record.ip4() : record.ip6();
  const auto tcp = record.ip4() ? record.tcp4() : record.tcp6();
  const std::uint16_t port = cmt->port != 0 || !tcp ? cmt->port : tcp->port;
  if (!ip || port == 0) return text;
  return text + "@" + conn::Endpoint{*ip, port}.to_string();
}

std::string networks_text(const pex::Enr& record) {
  std::string text;
  const auto cmt = pex::Cmt::of(record);
  if (!cmt) return text;
  for (const std::string& network : cmt->networks) {
    if (!text.empty()) text += ", ";
    text += printable(network, kTextLimit);
  }
  return text;
}

std::string client_text(const pex::Enr& record) {
  const auto pair = record.pair("client");
  auto words = pair ? pex::RlpReader::list(*pair) : std::nullopt;
  std::string text;
  while (words) {
    const auto word = words->string();
    if (!word) break;
    if (!text.empty()) text += ' ';
    text += printable(conn::as_text(*word), kTextLimit);
  }
  return text;
}

std::string enode_text(const pex::Contact& contact) {
  return pex::EnodeUrl{contact.key, contact.udp.ip.to_string(), contact.tcp, contact.udp.port}
      .to_string();
}

double milliseconds_of(conn::Duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

std::string took_text(conn::Duration time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f ms", milliseconds_of(time));
  return text;
}

Json record_json(const pex::Enr& record) {
  Json others = Json::object();
  for (const auto& [key, value] : record.pairs()) {
    if (!pex::is_reserved_pair(key)) others[printable(key)] = conn::to_hex(value);
  }
  return {{"text", record.text()},
          {"bytes", record.bytes().size()},
          {"seq", record.seq()},
          {"id", record.id().to_string()},
          {"key", conn::to_hex(record.key().compressed())},
          {"udp", endpoint_json(record.udp4())},
          {"udp6", endpoint_json(record.udp6())},
          {"tcp", endpoint_json(record.tcp4())},
          {"tcp6", endpoint_json(record.tcp6())},
          {"comet", comet_json(record)},
          {"client", or_null(client_text(record))},
          {"pairs", std::move(others)}};
}

Json contact_json(const pex::Contact& contact) {
  return {{"id", contact.id.to_string()},
          {"udp", contact.udp.to_string()},
          {"tcp", contact.tcp},
          {"enode", enode_text(contact)},
          {"record", contact.record ? record_json(*contact.record) : Json()}};
}

Json failure_json_of(const conn::Failure& failure) {
  return {{"stage", name(failure.stage)},
          {"reason", name(failure.reason)},
          {"text", explain(failure.reason)},
          {"detail", printable(failure.detail, 1024)},
          {"hint", hint(failure.reason)}};
}

}  // namespace peerage::cmd
