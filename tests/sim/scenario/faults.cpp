#include "tests/sim/scenario/faults.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "tests/sim/scenario/node.h"

namespace peerage::sim {
namespace {

constexpr std::array<std::string_view, Faults::kKinds> kNames = {"loss",
                                                                 "delay",
                                                                 "resets",
                                                                 "cut connections",
                                                                 "silently cut connections",
                                                                 "black hole",
                                                                 "two halves",
                                                                 "cut off",
                                                                 "asleep",
                                                                 "crash",
                                                                 "crash and loss of the disk",
                                                                 "restart",
                                                                 "clock an hour ahead",
                                                                 "clock an hour back",
                                                                 "clock a day ahead",
                                                                 "clock a day back",
                                                                 "clock ten years ahead",
                                                                 "clock in 1970",
                                                                 "seed's name not found",
                                                                 "seed's name unanswered",
                                                                 "seed's name leads elsewhere",
                                                                 "seed's name of many addresses",
                                                                 "disk full",
                                                                 "disk fails",
                                                                 "disk busy",
                                                                 "disk writes by half",
                                                                 "port taken",
                                                                 "dials refused",
                                                                 "dials unreachable",
                                                                 "operator's ban"};
// Before a node that is down begins again.
constexpr Duration kServicePause = 10s;
constexpr Duration kOperatorsBan = 1h;
constexpr std::size_t kAddressesOfName = 300;
// In one of this many decks.
constexpr std::size_t kHalvesOf = 3;

}  // namespace

std::string_view Faults::name(Kind kind) {
  return kNames[index(kind)];
}

Faults::Faults(Stage& stage, Trouble& trouble, Setup setup)
    : stage_(stage), trouble_(trouble), setup_(std::move(setup)), next_(stage.world.now()) {
  start_again_.resize(stage_.population.size());
  clock_is_wrong_.resize(stage_.population.size());
  asleep_until_.resize(stage_.population.size());
  for (std::size_t i = 0; i < spoilt_calls_before_.size(); ++i) {
    spoilt_calls_before_[i] = test::FaultyVfs::spoilt_calls(static_cast<test::Fault>(i));
  }
}

std::uint64_t Faults::begun() const {
  return std::accumulate(begun_.begin(), begun_.end(), std::uint64_t{0});
}

std::uint64_t Faults::hits(Kind kind) const {
  const SimWorld::Harm& harm = stage_.world.harm();
  switch (kind) {
    case Kind::loss:
      return harm.lost;
    case Kind::delay:
      return trouble_.delayed();
    case Kind::reset:
      return harm.reset;
    case Kind::cut:
      return harm.cut;
    case Kind::silent_cut:
      return harm.silently_cut;
    case Kind::sleep:
      return harm.slept;
    case Kind::disk_full:
    case Kind::disk_error:
    case Kind::disk_busy:
    case Kind::disk_short_write: {
      const test::Fault fault = disk_fault(kind);
      return test::FaultyVfs::spoilt_calls(fault) -
             spoilt_calls_before_[static_cast<std::size_t>(fault)];
    }
    case Kind::port_taken:
      return harm.listening_refused;
    case Kind::refused:
      return harm.refused;
    case Kind::unreachable:
      return harm.unreachable;
    default:
      return hits_[index(kind)];
  }
}

test::Fault Faults::disk_fault(Kind kind) {
  switch (kind) {
    case Kind::disk_full:
      return test::Fault::full;
    case Kind::disk_busy:
      return test::Fault::busy;
    case Kind::disk_short_write:
      return test::Fault::short_write;
    default:
      return test::Fault::io_error;
  }
}

// --- spread ---

double Faults::fraction() {
  return static_cast<double>(stage_.world.random() >> 11) * 0x1p-53;
}

// More often short than long, as most faults are.
Duration Faults::between(Duration shortest, Duration longest) {
  const double drawn = fraction();
  return shortest + std::chrono::duration_cast<Duration>((longest - shortest) * (drawn * drawn));
}

// One of each kind, in another order each time; but for two halves, which are a fault to every node
// at once, and rarer.
Faults::Kind Faults::deal() {
  if (deck_.empty()) {
    const bool with_halves = decks_++ % kHalvesOf == 0;
    for (std::size_t i = 0; i < kKinds; ++i) {
      if (!with_halves && static_cast<Kind>(i) == Kind::halves) continue;
      const auto at = static_cast<std::ptrdiff_t>(below(deck_.size() + 1));
      deck_.insert(deck_.begin() + at, static_cast<Kind>(i));
    }
  }
  const Kind dealt = deck_.back();
  deck_.pop_back();
  return dealt;
}

std::optional<std::size_t> Faults::draw(const std::function<bool(std::size_t)>& fit) {
  for (int tries = 0; tries < 1000; ++tries) {
    const std::size_t node = below(stage_.population.size());
    if (stage_.population.at(node).is_running() && (!fit || fit(node))) return node;
  }
  return std::nullopt;
}

// --- time ---

void Faults::on_second() {
  const TimePoint now = stage_.world.now();
  for (std::size_t i = 0; i < under_way_.size();) {
    if (under_way_[i].until > now) {
      ++i;
      continue;
    }
    const UnderWay over = std::move(under_way_[i]);
    under_way_.erase(under_way_.begin() + static_cast<std::ptrdiff_t>(i));
    over.end();
  }
  start_those_due();
  while (next_ <= now) {
    // Some cannot happen now: another.
    for (int tries = 0; tries < 10 && !begin(deal()); ++tries) continue;
    next_ += std::chrono::duration_cast<Duration>(setup_.pause * (0.2 + 1.6 * fraction()));
  }
}

void Faults::end() {
  next_ = TimePoint::max();
  for (const UnderWay& each : std::exchange(under_way_, {})) each.end();
  trouble_.end_all();
}

void Faults::for_a_while(std::size_t node, Duration span, std::function<void()> end) {
  under_way_.push_back({stage_.world.now() + span, node, std::move(end)});
}

void Faults::start_those_due() {
  const TimePoint now = stage_.world.now();
  for (std::size_t node = 0; node < start_again_.size(); ++node) {
    Member& member = stage_.population.at(node);
    if (member.state() != Member::State::down) continue;
    std::optional<TimePoint>& when = start_again_[node];
    if (!when) when = now + kServicePause;
    if (*when > now) continue;
    when.reset();
    member.start();
  }
}

// --- what goes wrong ---

bool Faults::begin(Kind kind) {
  // A node that cannot be dialled anyway does not notice.
  const bool is_dialled = kind == Kind::refused || kind == Kind::unreachable;
  const bool by_name = kind >= Kind::name_not_found && kind <= Kind::name_of_many;
  // Seeds keep their disks: when both have lost their books, there is no way into the network.
  const bool loses_disk = kind == Kind::crash_and_loss || by_name;
  const auto node = draw([&](std::size_t each) {
    if (is_dialled && stage_.internet.is_hidden(ip(each))) return false;
    if (by_name && !setup_.uses_names(each)) return false;
    // A node that sleeps does not take commands.
    if (kind == Kind::ban && asleep_until_[each] > stage_.world.now()) return false;
    return !(loses_disk && stage_.population.at(each).is_seed());
  });
  const bool on_disk = kind >= Kind::disk_full && kind <= Kind::disk_short_write;
  if (!node || (by_name && names_are_) || (on_disk && disk_is_spoilt(*node))) return false;
  ++begun_[index(kind)];
  if (kind <= Kind::island || is_dialled) {
    begin_on_links(kind, *node);
  } else if (kind >= Kind::hour_ahead && kind <= Kind::year_1970) {
    begin_on_clock(kind, *node);
  } else if (by_name) {
    begin_on_names(kind, *node);
  } else {
    begin_on_life(kind, *node);
  }
  return true;
}

void Faults::on_links_of(std::size_t node, const LinkTrouble& what, Duration span) {
  const Trouble::Id id = trouble_.trouble(ip(node), what);
  for_a_while(node, span, [this, id] { trouble_.end(id); });
}

void Faults::sever(Kind kind, std::size_t node, Trouble::Severed between, Duration span) {
  const Trouble::Id id = trouble_.sever(std::move(between));
  hits_[index(kind)] += trouble_.last_met();
  for_a_while(node, span, [this, id] { trouble_.end(id); });
}

void Faults::begin_on_links(Kind kind, std::size_t node) {
  const IpAddress at = ip(node);
  const auto touches = [at](const IpAddress& a, const IpAddress& b) { return a == at || b == at; };
  LinkTrouble what;
  switch (kind) {
    case Kind::loss:
      what.loss = 0.02 + 0.4 * fraction();
      return on_links_of(node, what, between(2min, 15min));
    case Kind::delay:
      what.delay = between(100ms, 3s);
      return on_links_of(node, what, between(2min, 15min));
    case Kind::cut:
    case Kind::silent_cut:
      what.cut_after = 100 + below(30'000);
      what.cut = kind == Kind::cut ? LinkPlan::Cut::reset : LinkPlan::Cut::black_hole;
      return on_links_of(node, what, between(2min, 15min));
    case Kind::black_hole: {
      const auto peers = stage_.population.at(node).peers();
      if (peers.empty()) return;
      return sever(kind, node, SimWorld::between(at, peers[below(peers.size())]->socket().ip),
                   between(1min, 30min));
    }
    case Kind::halves: {
      const std::size_t byte = 13 + below(3);
      const auto bit = static_cast<unsigned>(below(4));
      const auto side = [byte, bit](const IpAddress& ip) { return ip.bytes()[byte] >> bit & 1U; };
      return sever(
          kind, node, [side](const IpAddress& a, const IpAddress& b) { return side(a) != side(b); },
          between(1min, 20min));
    }
    case Kind::island:
      return sever(kind, node, touches, between(1min, 20min));
    case Kind::refused:
    case Kind::unreachable:
      what.connect =
          kind == Kind::refused ? LinkPlan::Connect::refused : LinkPlan::Connect::unreachable;
      on_links_of(node, what, between(2min, 15min));
      [[fallthrough]];
    default:
      stage_.world.reset(touches);
  }
}

void Faults::begin_on_life(Kind kind, std::size_t node) {
  Member& member = stage_.population.at(node);
  switch (kind) {
    case Kind::sleep:
      asleep_until_[node] = stage_.world.now() + between(5s, 15min);
      return member.host().pause_until(asleep_until_[node]);
    case Kind::crash:
      ++hits_[index(kind)];
      return crash(node, Member::Disk::kept);
    case Kind::crash_and_loss:
      ++hits_[index(kind)];
      return crash(node, Member::Disk::lost);
    case Kind::restart:
      ++hits_[index(kind)];
      return stop(node);
    case Kind::port_taken:
      member.host().set_listening(SimHost::Listening::refused);
      for_a_while(node, between(1min, 5min),
                  [&member] { member.host().set_listening(SimHost::Listening::allowed); });
      return stop(node);
    case Kind::ban: {
      conn::ByteArray<conn::NodeId::kBytes> stranger{};
      for (std::uint8_t& byte : stranger) byte = static_cast<std::uint8_t>(below(256));
      ++hits_[index(kind)];
      member.node().ban(conn::NodeId(stranger), kOperatorsBan, Member::kOperatorsBan);
      if (on_ban) on_ban(node, conn::NodeId(stranger), kOperatorsBan);
      return;
    }
    default: {  // a disk
      const auto folder = setup_.folder(node);
      spoilt_.push_back(node);
      test::FaultyVfs::spoil(folder, disk_fault(kind));
      for_a_while(node, between(2min, 20min), [this, node, folder] {
        std::erase(spoilt_, node);
        test::FaultyVfs::mend(folder);
      });
    }
  }
}

// Nodes that start meanwhile notice it: half of them do.
void Faults::begin_on_clock(Kind kind, std::size_t node) {
  SimHost& host = stage_.population.at(node).host();
  const std::chrono::milliseconds since_1970 = host.wall_now().time_since_epoch();
  std::chrono::milliseconds ahead{0};
  switch (kind) {
    case Kind::hour_ahead:
      ahead = 1h;
      break;
    case Kind::hour_back:
      ahead = -1h;
      break;
    case Kind::day_ahead:
      ahead = 24h;
      break;
    case Kind::day_back:
      ahead = -24h;
      break;
    case Kind::ten_years_ahead:
      ahead = 24h * 3652;
      break;
    default:
      ahead = -since_1970 + 5min;
  }
  ++hits_[index(kind)];
  host.set_clock_ahead(ahead);
  clock_is_wrong_[node] = true;
  for_a_while(node, between(5min, 40min), [this, &host, node] {
    host.set_clock_ahead(0ms);
    clock_is_wrong_[node] = false;
  });
  if (fraction() < 0.5) crash(node, Member::Disk::kept);
}

void Faults::begin_on_names(Kind kind, std::size_t node) {
  names_are_ = kind;
  std::vector<std::uint64_t> lookups;
  for (std::size_t seed = 0; seed < setup_.names.size(); ++seed) {
    const std::string& name = setup_.names[seed];
    lookups.push_back(stage_.world.lookups(name));
    std::vector<IpAddress> addresses;
    switch (kind) {
      case Kind::name_unanswered:
        stage_.world.set_name(name, std::nullopt);
        continue;
      case Kind::name_moved:
        addresses = {ip(below(stage_.population.size()))};
        break;
      case Kind::name_of_many:
        while (addresses.size() < kAddressesOfName) {
          addresses.push_back(IpAddress::v4(9, static_cast<std::uint8_t>(below(256)),
                                            static_cast<std::uint8_t>(below(256)), 1));
        }
        addresses[below(conn::kMaxResolvedAddresses)] = ip(seed);
        break;
      default:
        break;
    }
    stage_.world.set_name(name, addresses);
  }
  for_a_while(node, between(1min, 8min), [this, kind, lookups] {
    names_are_.reset();
    for (std::size_t seed = 0; seed < setup_.names.size(); ++seed) {
      const std::string& name = setup_.names[seed];
      hits_[index(kind)] += stage_.world.lookups(name) - lookups[seed];
      stage_.world.set_name(name, std::vector{ip(seed)});
    }
  });
  crash(node, Member::Disk::lost);
}

// --- up and down ---

bool Faults::disk_is_spoilt(std::size_t node) const {
  return std::find(spoilt_.begin(), spoilt_.end(), node) != spoilt_.end();
}

void Faults::going_down(std::size_t node, Member::Disk disk) {
  start_again_[node] = stage_.world.now() + between(5s, 2min);
  if (!on_down) return;
  const Disk state = disk == Member::Disk::lost ? Disk::lost
                     : disk_is_spoilt(node)     ? Disk::spoilt
                                                : Disk::sound;
  on_down(node, state, clock_is_wrong_[node] ? Clock::wrong : Clock::right);
}

void Faults::crash(std::size_t node, Member::Disk disk) {
  going_down(node, disk);
  stage_.population.at(node).crash(disk);
  asleep_until_[node] = stage_.world.now();
  stage_.population.at(node).host().pause_until(stage_.world.now());
}

void Faults::stop(std::size_t node) {
  going_down(node, Member::Disk::kept);
  stage_.population.at(node).stop();
}

}  // namespace peerage::sim
