#include "tests/sim/sim_world.h"

#include <utility>

#include "tests/sim/sim_connection.h"
#include "tests/sim/sim_datagrams.h"

namespace peerage::sim {

SimWorld::SimWorld(std::uint64_t seed)
    : random_state_(seed), datagrams_(std::make_unique<SimDatagrams>(*this)) {}

SimWorld::~SimWorld() {
  // What tasks own may touch the world while it is torn down, and a task on an
  // executor may own that executor.
  do {
    while (!events_.empty()) (void)events_.pop();
    for (const auto& host : hosts_) host->drop_executor_tasks();
  } while (!events_.empty());
  // What a black hole has swallowed keeps its connection alive.
  for (const auto& weak : connections_) {
    if (const auto connection = weak.lock()) connection->abandon();
  }
}

SimHost& SimWorld::add_host(std::vector<IpAddress> addresses, std::size_t shards) {
  hosts_.push_back(std::make_unique<SimHost>(*this, std::move(addresses), shards));
  hosts_.back()->appear();
  return *hosts_.back();
}

void SimWorld::add_nat(const NatPlan& plan, const std::vector<SimHost*>& hosts) {
  SimNat& nat = datagrams_->add_nat(plan);
  for (SimHost* const host : hosts) {
    host->disappear();
    host->nat_ = &nat;
    host->appear();
  }
}

// SplitMix64.
std::uint64_t SimWorld::random() {
  std::uint64_t z = (random_state_ += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

bool SimWorld::step() {
  if (events_.empty()) return false;
  EventQueue::Event event = events_.pop();
  now_ = event.when;
  trace(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
  if (SimHost* const host = event.owner.host; host != nullptr) {
    if (!host->lives(event.owner.life)) return true;
    if (now_ < host->paused_until_) {
      ++harm_.slept;
      events_.push(host->paused_until_, std::move(event.action), event.owner);
      return true;
    }
  }
  event.action();
  return true;
}

void SimWorld::run_for(Duration span) {
  const TimePoint end = now_ + span;
  while (!events_.empty() && events_.next() <= end) step();
  now_ = end;
}

bool SimWorld::run_until(const std::function<bool()>& done, Duration limit) {
  const TimePoint end = now_ + limit;
  while (!done()) {
    if (events_.empty() || events_.next() > end) return false;
    step();
  }
  return true;
}

void SimWorld::set_link(const IpAddress& a, const IpAddress& b, const LinkPlan& plan) {
  links_[std::minmax(a, b)] = plan;
}

LinkPlan SimWorld::link(const IpAddress& from, const IpAddress& to) const {
  const auto found = links_.find(std::minmax(from, to));
  if (found != links_.end()) return found->second;
  return link_rule_ ? link_rule_(from, to) : default_link_;
}

void SimWorld::add_connection(const std::shared_ptr<SimConnection>& connection) {
  if (connections_.size() >= sweep_at_) {
    std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
    sweep_at_ = std::max<std::size_t>(2 * connections_.size(), 1024);
  }
  connections_.push_back(connection);
}

SimWorld::Between SimWorld::between(const IpAddress& a, const IpAddress& b) {
  return [a, b](const IpAddress& dialler, const IpAddress& acceptor) {
    return (dialler == a && acceptor == b) || (dialler == b && acceptor == a);
  };
}

void SimWorld::for_each_connection(const Between& which,
                                   const std::function<void(SimConnection&)>& action) {
  const auto all = connections_;  // the action may end some, and begin others
  for (const auto& weak : all) {
    const auto connection = weak.lock();
    if (!connection) continue;
    if (which(connection->endpoint(SimConnection::End::dialler).ip,
              connection->endpoint(SimConnection::End::acceptor).ip)) {
      action(*connection);
    }
  }
}

void SimWorld::black_hole(const Between& which) {
  for_each_connection(which, [](SimConnection& connection) { connection.black_hole(); });
}
void SimWorld::heal(const Between& which) {
  for_each_connection(which, [](SimConnection& connection) { connection.heal(); });
}
void SimWorld::reset(const Between& which) {
  for_each_connection(which, [this](SimConnection& connection) {
    harm_.reset += connection.is_open() ? 1 : 0;
    connection.reset();
  });
}
void SimWorld::apply_links(const Between& which) {
  for_each_connection(which, [this](SimConnection& connection) {
    connection.set_plan(link(connection.endpoint(SimConnection::End::dialler).ip,
                             connection.endpoint(SimConnection::End::acceptor).ip));
  });
}

void SimWorld::set_name(const std::string& host, std::optional<std::vector<IpAddress>> addresses) {
  names_[host] = std::move(addresses);
}

std::uint64_t SimWorld::lookups(const std::string& host) const {
  const auto found = lookups_.find(host);
  return found == lookups_.end() ? 0 : found->second;
}

void SimWorld::set_txt(const std::string& name, std::optional<std::vector<std::string>> records) {
  if (records) {
    std::erase_if(*records, [](const auto& each) { return each.size() > conn::kMaxTxtBytes; });
  }
  txt_[name] = std::move(records);
}

std::uint64_t SimWorld::txt_lookups(const std::string& name) const {
  const auto found = txt_lookups_.find(name);
  return found == txt_lookups_.end() ? 0 : found->second;
}

void SimWorld::set_wall_clock(conn::WallTime now) {
  wall_base_ = now - std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch());
}

std::size_t SimWorld::open_connections() const {
  return static_cast<std::size_t>(std::count_if(connections_.begin(), connections_.end(),
                                                [](const auto& weak) { return !weak.expired(); }));
}

std::size_t SimWorld::open_connections(const IpAddress& a, const IpAddress& b) {
  std::size_t open = 0;
  for_each_connection(between(a, b),
                      [&open](const SimConnection& each) { open += each.is_open() ? 1 : 0; });
  return open;
}

SimHost* SimWorld::host_of(const IpAddress& address) const {
  const auto found = host_of_.find(address);
  return found == host_of_.end() ? nullptr : found->second;
}

SimHost* SimWorld::host_of(const IpAddress& address, const SimHost& from) const {
  SimHost* const beside = from.nat_ == nullptr ? nullptr : from.nat_->host_of(address);
  return beside == nullptr ? host_of(address) : beside;
}

Duration SimWorld::delay_by_loss(const LinkPlan& plan) {
  Duration delay{0};
  for (Duration again = 200ms; plan.loss > 0 && again < 10s; again *= 2) {
    if (static_cast<double>(random() >> 11) * 0x1p-53 >= plan.loss) break;
    delay += again;
  }
  harm_.lost += delay.count() > 0 ? 1 : 0;
  return delay;
}

}  // namespace peerage::sim
