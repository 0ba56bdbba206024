// A probe's report as text, for people, and as JSON, for programs.
#include <cstdio>

#include <nlohmann/json.hpp>

#include "cmd/base/text_wrap.h"
#include "cmd/probe/probe.h"

namespace peerage::cmd {
namespace {

using conn::Duration;
using conn::Failure;
using conn::printable;
using conn::Stage;

constexpr std::size_t kMaxDetail = 1024;  // bytes

double milliseconds(Duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

std::string line(std::string_view label, std::string_view outcome, std::string_view detail = {}) {
  char text[64];
  std::snprintf(text, sizeof text, "  %-14s%-12s", std::string(label).c_str(),
                std::string(outcome).c_str());
  std::string whole = text;
  whole += detail;
  whole.erase(whole.find_last_not_of(' ') + 1);
  return whole + '\n';
}

std::string took(Duration time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f ms", milliseconds(time));
  return text;
}

std::string channels_text(const p2p::NodeInfo& info) {
  conn::Bytes ids;
  for (const conn::ChannelId id : info.channels) ids.push_back(static_cast<std::uint8_t>(id));
  const std::string hex = conn::to_hex(ids);
  std::string text;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    if (i > 0) text += ' ';
    text += hex.substr(i, 2);
  }
  return text.empty() ? "none" : text;
}

// Sentences, which break between words.
std::string prose(std::string_view label, std::string_view outcome, std::string_view text) {
  static constexpr std::size_t kColumn = 28;  // where a line's detail begins
  return line(label, outcome, wrapped(text, kColumn, kTextWidth, kColumn));
}

std::string hint_lines(const Failure& failure) {
  if (hint(failure.reason).empty()) return {};
  return prose("", "", "hint: " + std::string(hint(failure.reason)));
}

std::string failure_lines(std::string_view label, const Failure& failure) {
  std::string text = prose(label, "FAILED", explain(failure.reason));
  if (!failure.detail.empty()) text += prose("", "", printable(failure.detail, kMaxDetail));
  return text + hint_lines(failure);
}

std::string_view label_of(Stage stage) {
  switch (stage) {
    case Stage::configuration:
      return "target";
    case Stage::resolve:
      return "resolve";
    case Stage::connect:
      return "connect";
    case Stage::key_exchange:
      return "keys";
    case Stage::authentication:
      return "identity";
    case Stage::node_info:
      return "node info";
    case Stage::admission:
    case Stage::established:
      break;
  }
  return "peer exchange";
}

std::string info_lines(const p2p::NodeInfo& info) {
  const auto detail = [](std::string_view name, const std::string& value) {
    static constexpr std::size_t kColumn = 37;  // where the value begins
    return line("", "", std::string(name) + " " + wrapped(value, kColumn, kTextWidth, kColumn));
  };
  return detail("moniker ", printable(info.moniker, 64)) +
         detail("network ", printable(info.network, 64)) +
         detail("version ", printable(info.version, 64) + " (p2p " +
                                std::to_string(info.p2p_version) + ", block " +
                                std::to_string(info.block_version) + ", app " +
                                std::to_string(info.app_version) + ")") +
         detail("channels", channels_text(info)) +
         detail("listens ", printable(info.listen_addr, 96));
}

}  // namespace

std::string to_text(const ProbeReport& report) {
  std::string text = report.target.to_string() + '\n';
  if (report.resolved) {
    text += line("resolve", took(*report.resolved),
                 report.endpoint ? report.endpoint->to_string() : "");
  }
  if (report.connected) text += line("connect", took(*report.connected));
  if (report.keys_exchanged) text += line("keys", took(*report.keys_exchanged));
  if (report.authenticated) {
    text += line("identity", took(*report.authenticated), report.remote_id->to_string());
  }
  if (report.node_info_received) {
    text += line("node info", took(*report.node_info_received));
    text += info_lines(*report.info);
  }
  if (report.failure) {
    text += failure_lines(label_of(report.failure->stage), *report.failure);
    return text + "not proven\n";
  }
  if (report.pex_answered) {
    std::string count = std::to_string(report.addresses.size()) + " addresses";
    if (report.addresses_refused > 0) {
      count += ", and " + std::to_string(report.addresses_refused) + " that are none";
    }
    text += line("peer exchange", took(*report.pex_answered), count);
  } else if (report.pex_failure) {
    text += prose("peer exchange", "no answer", explain(report.pex_failure->reason));
    text += hint_lines(*report.pex_failure);
  }
  return text + "reached and proven\n";
}

std::string to_json(const ProbeReport& report) {
  nlohmann::ordered_json json;
  const auto failure_json = [](const Failure& failure) {
    return nlohmann::ordered_json{{"stage", name(failure.stage)},
                                  {"reason", name(failure.reason)},
                                  {"text", explain(failure.reason)},
                                  {"detail", printable(failure.detail, kMaxDetail)},
                                  {"hint", hint(failure.reason)}};
  };
  json["target"] = report.target.to_string();
  json["proven"] = report.proven();
  json["endpoint"] = report.endpoint ? nlohmann::ordered_json(report.endpoint->to_string())
                                     : nlohmann::ordered_json();
  auto& times = json["stages_ms"] = nlohmann::ordered_json::object();
  const auto time = [&times](const char* stage, const std::optional<Duration>& took_time) {
    if (took_time) times[stage] = milliseconds(*took_time);
  };
  time("resolve", report.resolved);
  time("connect", report.connected);
  time("key_exchange", report.keys_exchanged);
  time("authentication", report.authenticated);
  time("node_info", report.node_info_received);
  time("pex", report.pex_answered);
  if (report.remote_id) json["id"] = report.remote_id->to_string();
  if (report.info) {
    const p2p::NodeInfo& info = *report.info;
    nlohmann::ordered_json channels = nlohmann::ordered_json::array();
    for (const conn::ChannelId id : info.channels) channels.push_back(static_cast<unsigned>(id));
    json["node_info"] = {{"moniker", printable(info.moniker)},
                         {"network", printable(info.network)},
                         {"version", printable(info.version)},
                         {"p2p", info.p2p_version},
                         {"block", info.block_version},
                         {"app", info.app_version},
                         {"channels", channels},
                         {"listen_addr", printable(info.listen_addr)},
                         {"tx_index", printable(info.tx_index)},
                         {"rpc_address", printable(info.rpc_address)}};
  }
  if (report.failure) json["failure"] = failure_json(*report.failure);
  if (report.pex_answered) {
    auto& list = json["addresses"] = nlohmann::ordered_json::array();
    for (const conn::NetAddress& address : report.addresses) list.push_back(address.to_string());
    json["addresses_refused"] = report.addresses_refused;
  }
  if (report.pex_failure) json["pex_failure"] = failure_json(*report.pex_failure);
  return json.dump();
}

}  // namespace peerage::cmd
