#include "tests/sim/eclipse/outcome.h"

#include <stdexcept>

#include <nlohmann/json.hpp>

namespace peerage::sim::eclipse {
namespace {

using Json = nlohmann::json;

Json to_json(const std::optional<Restart>& restart) {
  if (!restart) return nullptr;
  return Json::array({restart->eclipsed, restart->outbound});
}

std::optional<Restart> restart_of(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return Restart{json.at(0).get<bool>(), json.at(1).get<double>()};
}

Json to_json(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

std::optional<double> number_of(const Json& json) {
  return json.is_null() ? std::nullopt : std::optional(json.get<double>());
}

Json to_json(const Standing& now) {
  return Json::array({now.in_new, now.in_tried, now.outbound, now.inbound, now.told,
                      now.outbound_peers, now.known});
}

Standing standing_of(const Json& json) {
  return {json.at(0).get<double>(),     json.at(1).get<double>(), json.at(2).get<double>(),
          json.at(3).get<double>(),     json.at(4).get<double>(), json.at(5).get<std::size_t>(),
          json.at(6).get<std::size_t>()};
}

}  // namespace

std::string Outcome::to_text() const {
  Json json;
  Json& points = json["checkpoints"] = Json::array();
  for (const Checkpoint& each : checkpoints) {
    points.push_back(Json::array({each.hours, each.eclipsed, to_json(each.standing),
                                  to_json(each.plain), to_json(each.timed)}));
  }
  json["eclipsed_at"] = to_json(eclipsed_at);
  json["full_at"] = to_json(full_at);
  json["dials"] = dials_per_hour;
  json["visits"] = visits;
  json["trace"] = trace;
  json["seconds"] = seconds;
  return json.dump();
}

Outcome Outcome::from_text(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    Outcome outcome;
    for (const Json& each : json.at("checkpoints")) {
      outcome.checkpoints.push_back({each.at(0).get<double>(), each.at(1).get<bool>(),
                                     standing_of(each.at(2)), restart_of(each.at(3)),
                                     restart_of(each.at(4))});
    }
    outcome.eclipsed_at = number_of(json.at("eclipsed_at"));
    outcome.full_at = number_of(json.at("full_at"));
    outcome.dials_per_hour = json.at("dials").get<double>();
    outcome.visits = json.at("visits").get<std::uint64_t>();
    outcome.trace = json.at("trace").get<std::uint64_t>();
    outcome.seconds = json.at("seconds").get<double>();
    return outcome;
  } catch (const Json::exception& error) {
    throw std::invalid_argument(error.what());
  }
}

}  // namespace peerage::sim::eclipse
