#include "pex/discovery/lookups.h"

#include <algorithm>
#include <utility>

namespace peerage::pex {

using conn::TimePoint;

// --- the beginning ---

std::vector<Contact> Lookups::start_for(const ProtocolState& with, const LookupTarget& target,
                                        By by, DiscoveryTime now) const {
  const auto may_be_asked = [&](const TableNode& node) {
    if (!node.last_live[index_of(with.protocol())] || with.is_asking(node.contact.id)) return false;
    return by == By::command || with.is_rested(node.contact, now);
  };
  std::vector<Contact> start;
  const std::size_t most = shared_.settings.limits.lookup_results;
  for (const TableNode* node : shared_.table.closest(target.id, most, may_be_asked)) {
    start.push_back(node->contact);
  }
  return start;
}

bool Lookups::runs_timed(Protocol protocol) const {
  return std::any_of(running_.begin(), running_.end(), [&](const Running& each) {
    return each.by == By::timer && each.with.protocol() == protocol;
  });
}

Lookups::Begun Lookups::begin(ProtocolState& with, const LookupTarget& target, By by, Done done,
                              DiscoveryTime now) {
  return begin_from(start_for(with, target, by, now), with, target, by, std::move(done), now);
}

Lookups::Begun Lookups::begin_from(const std::vector<Contact>& start, ProtocolState& with,
                                   const LookupTarget& target, By by, Done done,
                                   DiscoveryTime now) {
  const DiscoveryLimits& limits = shared_.settings.limits;
  const auto of_commands = std::count_if(
      running_.begin(), running_.end(), [](const Running& each) { return each.by == By::command; });
  const bool is_full = by == By::timer
                           ? runs_timed(with.protocol())
                           : static_cast<std::size_t>(of_commands) >= limits.command_lookups;
  if (is_full) return Begun::too_many;
  if (start.empty()) return Begun::nobody;
  const bool is_random = by == By::timer && target.id != shared_.id;
  const Lookup::Settings settings{
      .target = target.id,
      .own = shared_.id,
      .results = is_random ? limits.lookup_results_random : limits.lookup_results,
      .parallel = limits.lookup_parallel};
  running_.push_back(
      {Lookup(settings, start), with, target, by, std::move(done), now.steady, {}, {}});
  ask_further(running_.back(), now);
  return Begun::yes;
}

// --- the way ---

void Lookups::ask_further(Running& running, DiscoveryTime now) {
  while (const auto node = running.lookup.next()) ask(running, *node, now);
}

void Lookups::ask(Running& running, const Contact& node, DiscoveryTime now) {
  const Word word = shared_.word_for(node);
  switch (running.with.find_node(node, running.target, word, now)) {
    case ProtocolState::Asked::refused:
      running.asked.erase(node.id);
      running.lookup.on_refused(node.id);
      return;
    case ProtocolState::Asked::already:
      running.busy.emplace(node.id, node);
      break;
    case ProtocolState::Asked::sent:
      break;
  }
  running.asked[node.id] = now.steady + shared_.settings.limits.lookup_step;
}

void Lookups::on_told(Protocol by, const EnodeId& from, std::span<const Contact> nodes, More more,
                      DiscoveryTime now) {
  for (Running& each : running_) {
    const bool is_asked = each.with.protocol() == by && each.asked.contains(from);
    if (!is_asked || each.busy.contains(from)) continue;
    each.lookup.on_answer(from, nodes);
    if (more == More::unlikely) each.lookup.on_done(from);
    ask_further(each, now);
  }
  settle(now);
}

// What comes before a FindNode may take as long as the step itself: it is no slowness of the node.
void Lookups::on_find_went_on(Protocol by, const EnodeId& from, DiscoveryTime now) {
  for (Running& each : running_) {
    const auto asked = each.asked.find(from);
    if (each.with.protocol() != by || asked == each.asked.end()) continue;
    if (asked->second) asked->second = now.steady + shared_.settings.limits.lookup_step;
  }
}

void Lookups::on_find_ended(Protocol by, const EnodeId& from, FindEnd end, DiscoveryTime now) {
  for (Running& each : running_) {
    if (each.with.protocol() != by || !each.asked.contains(from)) continue;
    if (const auto busy = each.busy.extract(from)) {
      ask(each, busy.mapped(), now);
    } else {
      each.asked.erase(from);
      if (end == FindEnd::answered) {
        each.lookup.on_done(from);
      } else {
        each.lookup.on_silent(from);
      }
    }
    ask_further(each, now);
  }
  settle(now);
}

// --- time, and the end ---

std::optional<TimePoint> Lookups::next_deadline() const {
  std::optional<TimePoint> next;
  const auto consider = [&next](TimePoint when) {
    if (!next || when < *next) next = when;
  };
  for (const Running& each : running_) {
    consider(each.began + shared_.settings.limits.lookup_time);
    if (each.lookup.finished()) consider(each.began);
    for (const auto& [id, slow_at] : each.asked) {
      if (slow_at) consider(*slow_at);
    }
  }
  return next;
}

void Lookups::on_time(DiscoveryTime now) {
  for (Running& each : running_) {
    for (auto& [id, slow_at] : each.asked) {
      if (!slow_at || *slow_at > now.steady) continue;
      slow_at.reset();
      each.lookup.on_slow(id);
    }
    ask_further(each, now);
  }
  settle(now);
}

void Lookups::settle(DiscoveryTime now) {
  for (auto at = running_.begin(); at != running_.end();) {
    const auto here = at++;
    const bool is_over = now.steady - here->began >= shared_.settings.limits.lookup_time;
    if (is_over || here->lookup.finished()) finish(here, now);
  }
}

void Lookups::finish(Position at, DiscoveryTime now) {
  const std::size_t index = index_of(at->with.protocol());
  auto& counters = shared_.counters.lookups[index];
  ++(at->lookup.finished() ? counters.finished : counters.timed_out);
  times_[index].observe(now.steady - at->began);
  const Done done = std::move(at->done);
  const Lookup lookup = std::move(at->lookup);
  running_.erase(at);
  if (done) done(lookup, now);
}

}  // namespace peerage::pex
