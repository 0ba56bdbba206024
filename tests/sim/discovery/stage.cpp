#include "tests/sim/discovery/stage.h"

#include <algorithm>
#include <utility>

#include "tests/sim/discovery/places.h"
#include "tests/sim/interrupt.h"

namespace peerage::sim::discovery {
namespace {

constexpr Duration kArrivals = 10s;
constexpr Duration kLookupsTake = 30s;  // longer than any is let run

double seconds(Duration span) {
  return std::chrono::duration<double>(span).count();
}

Internet::Options internet_options(const Options& options) {
  Internet::Options chosen;
  chosen.shortest = chosen.longest = options.delay;
  chosen.loss = options.loss;
  return chosen;
}

}  // namespace

Stage::Stage(std::string title, const Options& chosen)
    : options(chosen),
      world(chosen.seed),
      internet(world, internet_options(chosen)),
      began_(world.now()),
      counted_from_(world.now()),
      looked_at_(world.now()) {
  report.title = std::move(title);
  if (options.cryptography == Cryptography::cheap) report.title += ", with cheap cryptography";
  if (options.fault != Fault::none) {
    report.title += ", with a planted fault: " + std::string(name(options.fault));
  }
}

Member::Plan Stage::plan() const {
  Member::Plan plan;
  if (!members_.empty()) plan.boot = {members_.front()->contact()};
  plan.change = [fault = options.fault](pex::DiscoverySettings& settings) {
    using pex::Switched;
    switch (fault) {
      case Fault::own_lookups_only:
        settings.random_lookups = Switched::off;
        break;
      case Fault::forgetful:
        settings.limits.boot_visits = 0;
        break;
      case Fault::deaf:
        settings.external_ip = pex::ExternalIp::none;
        break;
      case Fault::no_records:
        settings.records = Switched::off;
        break;
      default:
        break;
    }
  };
  return plan;
}

Member& Stage::add(SimHost& host, Member::Plan plan) {
  members_.push_back(std::make_unique<Member>(world, host, std::move(plan)));
  Member& member = *members_.back();
  by_id_.emplace(member.id(), &member);
  return member;
}

Member& Stage::add_boot_node() {
  return add_node(plan());
}

Member& Stage::add_node(Member::Plan plan) {
  Member& member = add(world.add_host({internet.draw()}), std::move(plan));
  member.start();
  return member;
}

Member& Stage::add_hidden_node(Member::Plan plan, Duration nat_forgets) {
  plan.place = Member::Plan::Place::behind_nat;
  SimHost& host = world.add_host({IpAddress::v4(192, 168, 1, 2)});
  NatPlan nat;
  nat.outside = internet.draw();
  nat.idle = nat_forgets;
  world.add_nat(nat, {&host});
  Member& member = add(host, std::move(plan));
  member.start();
  return member;
}

void Stage::add_nodes(std::size_t count, const Member::Plan& plan) {
  for (std::size_t i = 0; i < count; ++i) {
    Member& member = add(world.add_host({internet.draw()}), plan);
    const auto most = static_cast<std::uint64_t>(kArrivals.count());
    world.after(Duration(static_cast<Duration::rep>(world.random() % most)),
                [&member] { member.start(); });
  }
}

// --- what tables hold ---

void Stage::find_open() {
  std::vector<Member*> open;
  for (const auto& each : members_) {
    if (each->is_running() && each->is_open()) open.push_back(each.get());
  }
  if (open == open_) return;
  open_ = std::move(open);
  places_.clear();
}

std::size_t Stage::places(const Member& member) {
  const auto [place, is_new] = places_.try_emplace(member.id());
  if (!is_new) return place->second;
  std::vector<Neighbour> neighbours;
  neighbours.reserve(open_.size());
  for (const Member* const each : open_) neighbours.push_back({each->id(), each->endpoint().ip});
  return place->second = possible_places(member.id(), neighbours, pex::DiscoveryLimits{});
}

bool Stage::is_there(const pex::TableNode& node) const {
  const auto found = by_id_.find(node.contact.id);
  if (found == by_id_.end()) return false;
  const Member& member = *found->second;
  return member.is_running() && member.is_open() && member.endpoint() == node.contact.udp;
}

double Stage::share(Member& member) {
  find_open();
  const std::size_t possible = places(member);
  std::size_t live = 0;
  member.table().for_each(
      [&](const pex::TableNode& each) { live += each.live() && is_there(each) ? 1 : 0; });
  if (possible == 0) return 1;
  return std::min(1.0, static_cast<double>(live) / static_cast<double>(possible));
}

Stage::State Stage::state() {
  State state;
  double sum = 0;
  for (const auto& each : members_) {
    if (!each->is_running()) continue;
    ++state.running;
    const double its = share(*each);
    sum += its;
    state.lowest = std::min(state.lowest, its);
    each->table().for_each([&](const pex::TableNode& node) {
      ++state.entries;
      state.dead += node.live() && !is_there(node) ? 1 : 0;
    });
  }
  if (state.running > 0) state.mean = sum / static_cast<double>(state.running);
  return state;
}

Stage::State Stage::look() {
  const State now = state();
  const double hour = minute() / 60;
  lowest_.add(hour, now.lowest);
  mean_.add(hour, now.mean);
  std::uint64_t sent = 0;
  for (const auto& each : members_) sent += each->datagrams_sent();
  const double passed = seconds(world.now() - looked_at_);
  if (passed > 0 && now.running > 0) {
    datagrams_.add(hour, static_cast<double>(sent - sent_at_look_) / passed /
                             static_cast<double>(now.running));
  }
  sent_at_look_ = sent;
  looked_at_ = world.now();
  if (options.progress) {
    options.progress(std::min(1.0, minute() / std::max(options.minutes, 1e-9)),
                     std::to_string(now.running) + " nodes, " + number_text(100 * now.mean) +
                         " % of the places live, " + number_text(100 * now.lowest) +
                         " % in the worst table");
  }
  return now;
}

// --- time ---

std::optional<Duration> Stage::go_on_until(const std::function<bool(const State&)>& holds,
                                           Duration limit, Duration pause) {
  const TimePoint from = world.now();
  while (world.now() - from < limit) {
    if (Interrupt::came()) {
      report.title += ", interrupted";
      throw Interrupted(finish());
    }
    world.run_for(std::min(pause, from + limit - world.now()));
    if (holds(look())) return world.now() - from;
  }
  return std::nullopt;
}

void Stage::go_on(Duration span, Duration pause) {
  (void)go_on_until([](const State&) { return false; }, span, pause);
}

void Stage::expect_whole_within(Duration limit, const std::string& then) {
  const auto healed =
      go_on_until([](const State& now) { return now.lowest >= kPromisedPlaces; }, limit);
  report.at_least("live places " + then + ", in the worst table", state().lowest, kPromisedPlaces);
  if (healed) report.figure("all tables are whole again after", seconds(*healed), "s");
  report.at_least("lookups that find their node", look_up(2 * options.nodes).share(),
                  kPromisedFound);
}

double Stage::minute() const {
  return seconds(world.now() - began_) / 60;
}

Duration Stage::span() const {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(60 * options.minutes));
}

// --- lookups and traffic ---

void Stage::look_up(Member& from, const Member& target, const std::shared_ptr<Found>& found) {
  ++found->asked;
  from.look_for(target.key(), [found, &target](const Member::Sighting& sighting) {
    const auto& closest = sighting.closest;
    const bool is_among = std::any_of(closest.begin(), closest.end(), [&target](const auto& each) {
      return each.id == target.id() && each.udp == target.endpoint();
    });
    found->found += is_among ? 1 : 0;
    found->most_rounds = std::max(found->most_rounds, sighting.rounds);
  });
}

Stage::Found Stage::look_up(std::size_t count) {
  find_open();
  const auto found = std::make_shared<Found>();
  std::vector<Member*> running;
  for (const auto& each : members_) {
    if (each->is_running()) running.push_back(each.get());
  }
  while (count > 0) {
    const std::size_t batch = std::min(count, running.size());
    for (std::size_t i = 0; i < batch; ++i) {
      const Member& target = *open_[world.random() % open_.size()];
      if (running[i] != &target) look_up(*running[i], target, found);
    }
    world.run_for(kLookupsTake);
    count -= batch;
  }
  return *found;
}

Stage::Found Stage::look_up(const Member& target) {
  const auto found = std::make_shared<Found>();
  for (const auto& each : members_) {
    if (each->is_running() && each.get() != &target) look_up(*each, target, found);
  }
  world.run_for(kLookupsTake);
  return *found;
}

std::size_t Stage::tables_with(const Member& member) const {
  return static_cast<std::size_t>(
      std::count_if(members_.begin(), members_.end(), [&member](const auto& each) {
        if (!each->is_running()) return false;
        const pex::TableNode* const node = each->table().find(member.id());
        return node != nullptr && node->live() && node->contact.udp == member.endpoint();
      }));
}

void Stage::count_datagrams() {
  counted_from_ = world.now();
  for (const auto& each : members_) sent_before_[each->id()] = each->datagrams_sent();
}

double Stage::busiest() const {
  double most = 0;
  for (const auto& each : members_) {
    const auto before = sent_before_.find(each->id());
    const std::uint64_t sent =
        each->datagrams_sent() - (before == sent_before_.end() ? 0 : before->second);
    most = std::max(most, static_cast<double>(sent) / seconds(world.now() - counted_from_));
  }
  return most;
}

double Stage::average() const {
  std::uint64_t sent = 0;
  for (const auto& each : members_) {
    const auto before = sent_before_.find(each->id());
    sent += each->datagrams_sent() - (before == sent_before_.end() ? 0 : before->second);
  }
  return static_cast<double>(sent) / seconds(world.now() - counted_from_) /
         static_cast<double>(members_.size());
}

Report Stage::finish() {
  const State now = state();
  report.figure("nodes running at the end", static_cast<double>(now.running));
  report.figure("entries of a table",
                static_cast<double>(now.entries) /
                    static_cast<double>(std::max<std::size_t>(now.running, 1)));
  report.figure("virtual minutes", minute(), "min");
  report.figure("trace hash", static_cast<double>(world.trace_hash() >> 32));
  report.curves = {lowest_, mean_, datagrams_};
  return std::move(report);
}

}  // namespace peerage::sim::discovery
