#include "cmd/ctl/discovery_verbs.h"

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "cmd/ctl/answers.h"
#include "cmd/discovery/identity.h"
#include "pex/discovery/server.h"

namespace peerage::cmd {
namespace {

using Json = nlohmann::ordered_json;

Json text_of(const std::optional<conn::Endpoint>& endpoint) {
  return endpoint ? Json(endpoint->to_string()) : Json(nullptr);
}

Json protocols_of(const pex::DiscoverySettings& settings) {
  Json names = Json::array();
  for (const pex::Protocol each : {pex::Protocol::v4, pex::Protocol::v5}) {
    const bool is_on = settings.protocols[pex::index_of(each)] == pex::Switched::on;
    if (is_on) names.push_back(name(each));
  }
  return names;
}

Json table_of(const pex::NodeTable::Counts& counts) {
  return {{"live", counts.live},
          {"unproven", counts.entries - counts.live},
          {"replacements", counts.replacements},
          {"buckets_used", counts.buckets_used}};
}

// Before the record's number is stored there is none.
Json state_of(const pex::DiscoveryCore& core) {
  const pex::EnrPtr& record = core.record();
  return {{"protocols", protocols_of(core.settings())},
          {"id", core.id().to_string()},
          {"listen", core.settings().bound.to_string()},
          {"external_v4", text_of(core.external_address(pex::IpFamily::v4))},
          {"external_v6", text_of(core.external_address(pex::IpFamily::v6))},
          {"seq", record ? Json(record->seq()) : Json(nullptr)},
          {"record", record ? Json(record->text()) : Json(nullptr)},
          {"enode", record ? Json(enode_of(*record)) : Json(nullptr)},
          {"table", table_of(core.table().counts())},
          {"lookups", core.lookups_under_way()},
          {"clock_suspect", core.counters().clock_suspect != 0}};
}

}  // namespace

std::vector<NamedVerb> discovery_verbs(const SharedContext& context) {
  const auto discovery = [context](const CtlCall& /*call*/, const CtlDone& done) {
    const pex::DiscoveryServer* const server = context->node.discovery();
    if (server != nullptr) return done(answer(state_of(server->core())));
    done(refuse("discovery_off", "discovery does not run",
                "set protocols in [peerage.discovery], and restart"));
  };
  return {{"discovery", discovery}};
}

}  // namespace peerage::cmd
