#include "cmd/ctl/live_settings.h"

#include <utility>

namespace peerage::cmd {

using conn::LogLevel;
using conn::Result;

namespace {

constexpr std::string_view kLogLevel = "log_level";

// What a node with these settings would not start with, besides the errors that were found.
std::vector<std::string> errors_in(const SettingsReading& reading) {
  std::vector<std::string> errors = errors_of(reading.findings);
  if (!errors.empty()) return errors;
  if (auto named = require_network(reading.settings); !named) {
    errors.push_back(std::move(named.error().detail));
  }
  if (auto has = require_peer_exchange(reading.settings); !has) {
    errors.push_back(std::move(has.error().detail));
  }
  return errors;
}

std::string keys_of(const std::vector<SettingChange>& changes) {
  std::string keys;
  for (const SettingChange& each : changes) keys.append(keys.empty() ? "" : ",").append(each.key);
  return keys;
}

Result<void> require_room(const ControlWords& words) {
  bool fits = true;
  const pex::NodeLists none;
  for_each_list(words, none, [&fits](const char*, const auto& of_list, const auto&) {
    fits = fits && of_list.size() <= ControlWords::kMostWords;
  });
  if (fits) return {};
  return conn::fail(conn::Stage::configuration, conn::Reason::invalid_argument,
                    "more than " + std::to_string(ControlWords::kMostWords) +
                        " entries of a list have been added or removed: put them into config.toml");
}

}  // namespace

LiveSettings::LiveSettings(Settings running, pex::Role role, Load load, Node node, conn::Log log)
    : role_(role),
      load_(std::move(load)),
      node_(std::move(node)),
      log_(std::move(log)),
      running_(std::move(running)),
      lists_(lists_of(running_.config)) {}

LiveSettings::Reload LiveSettings::reload() {
  const std::lock_guard lock(mutex_);
  Reload outcome;
  const SettingsReading fresh = load_();
  outcome.errors = errors_in(fresh);
  if (outcome.errors.empty() && node_.read_certificates) {
    if (const auto read = node_.read_certificates(); !read) {
      outcome.errors.push_back(read.error().detail);
    }
  }
  figures_.last_failed = !outcome.errors.empty();
  ++(figures_.last_failed ? figures_.failed : figures_.applied);
  if (!outcome.errors.empty()) {
    for (const std::string& each : outcome.errors) {
      log_.write(LogLevel::error, "the settings stay as they are", {{"why", each}});
    }
    return outcome;
  }
  for (SettingChange& each : change_set(running_, fresh.settings)) {
    each.key = key_in_file(fresh.settings.config, each.key);
    auto& list = each.what == AtReload::taken ? outcome.changed : outcome.ignored;
    list.push_back(std::move(each));
  }
  running_ = after_reload(running_, fresh.settings);
  const Config& config = running_.config;

  lists_.set_settings(lists_of(config));
  node_.set_lists(lists_.in_force());
  if (log_level_ == config.log_level) log_level_.reset();
  if (log_level_) {
    std::erase_if(outcome.changed, [&](SettingChange& each) {
      if (each.key != kLogLevel) return false;
      outcome.overruled.push_back(std::move(each));
      return true;
    });
  } else if (auto levels = LogLevels::parse(config.log_level)) {
    node_.set_log_levels(std::move(*levels));
  }
  node_.set_others(config);

  for (const Overruled& each : running_.overruled) {
    log_.write(LogLevel::warn,
               "a list of the file has no effect: a variable or an option overrides it",
               {{"list", each.key}, {"by", each.by}});
  }
  for (const SettingChange& each : outcome.ignored) {
    log_.write(LogLevel::warn, "a setting has changed that needs a restart",
               {{"key", each.key}, {"running", each.running}, {"read", each.read}});
  }
  log_.write(LogLevel::info, "lists read again",
             {{"persistent", config.p2p.persistent_peers.size()},
              {"seeds", config.seeds.size()},
              {"unconditional", config.p2p.unconditional_peer_ids.size()},
              {"private", config.p2p.private_peer_ids.size()},
              {"named", config.named_nodes.size()},
              {"changed", keys_of(outcome.changed)},
              {"ignored", keys_of(outcome.ignored)}});
  return outcome;
}

Result<bool> LiveSettings::say(const ControlWords& words, Save save) {
  const std::lock_guard lock(mutex_);
  OperatorLists lists = lists_;
  bool changed = lists.say(words);
  if (auto room = require_room(lists.since_start()); !room) return tl::unexpected(room.error());
  if (save == Save::yes) {
    const auto kept = keep(lists_.worth_saving(words));
    if (!kept) return kept;
    changed = changed || *kept;
    lists.saved(words);
    set_lists(running_.config, lists.settings());
  }
  lists_ = std::move(lists);
  node_.set_lists(lists_.in_force());
  return changed;
}

// Beside what the file has by now, which an operator may have edited.
Result<bool> LiveSettings::keep(const ControlWords& words) const {
  const auto file = control_file_of(running_.home);
  auto saved = read_control_file(file);
  if (!saved) return tl::unexpected(saved.error());
  if (!say_all(*saved, words)) return false;
  if (auto room = require_room(*saved); !room) return tl::unexpected(room.error());
  if (auto written = write_control_file(file, *saved); !written) {
    return tl::unexpected(written.error());
  }
  return true;
}

Result<bool> LiveSettings::set_log_level(const std::string& text) {
  auto levels = LogLevels::parse(text);
  if (!levels) return tl::unexpected(levels.error());
  const std::lock_guard lock(mutex_);
  const std::string before = log_level_.value_or(running_.config.log_level);
  log_level_ = text;
  if (text == running_.config.log_level) log_level_.reset();
  node_.set_log_levels(std::move(*levels));
  return before != text;
}

LiveSettings::Figures LiveSettings::figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

Settings LiveSettings::settings() const {
  const std::lock_guard lock(mutex_);
  return running_;
}

pex::NodeLists LiveSettings::lists() const {
  const std::lock_guard lock(mutex_);
  return lists_.in_force();
}

ConfigReport LiveSettings::report() const {
  const std::lock_guard lock(mutex_);
  const SettingsReading fresh = load_();
  // What is wrong with it is among the errors of `fresh`.
  const auto saved = read_control_file(control_file_of(running_.home));
  return config_report(
      {running_, role_, lists_, log_level_, fresh, saved.value_or(ControlWords())});
}

}  // namespace peerage::cmd
