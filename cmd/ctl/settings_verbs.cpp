#include "cmd/ctl/settings_verbs.h"

#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "cmd/config/fields.h"
#include "cmd/ctl/answers.h"

namespace peerage::cmd {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostErrors = 20;  // that are named

Json to_json(const ControlWords& words) {
  Json object = Json::object();
  const pex::NodeLists none;
  for_each_list(words, none, [&object](const char* name, const auto& of_list, const auto&) {
    if (of_list.size() == 0) return;
    Json added = Json::array(), removed = Json::array();
    for (const auto& [entry, said] : of_list.said()) {
      (said.word == Word::added ? added : removed).push_back(entry);
    }
    object[full_name("p2p", name)] = {{"added", std::move(added)}, {"removed", std::move(removed)}};
  });
  return object;
}

Json to_json(const ConfigReport& report) {
  Json settings = Json::array();
  for (const ConfigReport::Setting& each : report.settings) {
    Json one = {{"key", each.name}, {"value", each.value}, {"from", each.from}};
    if (each.after_restart) one["after_restart"] = *each.after_restart;
    if (!each.note.empty()) one["note"] = each.note;
    settings.push_back(std::move(one));
  }
  return {{"config_file", report.config_file},
          {"networks", report.networks},
          {"settings", std::move(settings)},
          {"saved", to_json(report.saved)},
          {"until_restart", to_json(report.since_start)},
          {"errors", report.errors}};
}

std::string line_of(const std::vector<std::string>& errors) {
  std::string line;
  for (std::size_t i = 0; i < errors.size(); ++i) {
    if (i == kMostErrors) return line + "; and " + std::to_string(errors.size() - i) + " more";
    line.append(i == 0 ? "" : "; ").append(errors[i]);
  }
  return line;
}

CtlResult reload(LiveSettings& settings) {
  const LiveSettings::Reload outcome = settings.reload();
  if (!outcome.errors.empty()) {
    return refuse("config_malformed", line_of(outcome.errors),
                  "nothing has changed; `peerage check-config` shows all that is wrong");
  }
  Json changed = Json::array(), ignored = Json::array(), why = Json::object();
  for (const SettingChange& each : outcome.changed) changed.push_back(each.key);
  const auto ignore = [&](const SettingChange& each, const std::string& reason) {
    ignored.push_back(each.key);
    why[each.key] = reason;
  };
  for (const SettingChange& each : outcome.ignored) {
    ignore(each,
           "needs a restart: \"" + each.running + "\" is in force, not \"" + each.read + "\"");
  }
  for (const SettingChange& each : outcome.overruled) {
    ignore(each, "`peerage ctl log` has set another until a restart");
  }
  return answer({{"changed", std::move(changed)},
                 {"ignored", std::move(ignored)},
                 {"errors", Json::array()},
                 {"why", std::move(why)}});
}

CtlResult set_log_level(LiveSettings& settings, const std::string& level) {
  const auto changed = settings.set_log_level(level);
  if (!changed) return misused(changed.error().detail);
  return answer({{"level", level}, {"changed", *changed}});
}

}  // namespace

std::vector<NamedVerb> settings_verbs(const std::shared_ptr<LiveSettings>& settings) {
  static constexpr auto kApart = NodeControl::Runs::apart;
  const auto config = [settings](const CtlCall&, const CtlDone& done) {
    done(answer(to_json(settings->report())));
  };
  const auto again = [settings](const CtlCall&, const CtlDone& done) { done(reload(*settings)); };
  const auto log = [settings](const CtlCall& call, const CtlDone& done) {
    done(set_log_level(*settings, text_of(call, "level")));
  };
  return {{"config", config, kApart}, {"reload", again, kApart}, {"log", log, kApart}};
}

}  // namespace peerage::cmd
