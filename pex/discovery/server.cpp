#include "pex/discovery/server.h"

#include <algorithm>
#include <array>

#include "pex/discovery/server_shell.h"

namespace peerage::pex {

using conn::LogLevel;
using conn::TimePoint;
using Shell = DiscoveryServer::Shell;

namespace {

// One byte more than any packet has, so that longer ones are known.
constexpr std::size_t kLongestRead = kMaxDatagram + 1;

DiscoverySettings complete(DiscoverySettings settings, const ExternalIpSource& external_ip,
                           const conn::Endpoint& bound, NodeRows* rows) {
  settings.bound = bound;
  settings.known_ip = external_ip.known(bound.ip);
  const bool is_v4 = bound.ip.is_v4();
  const bool is_both = !is_v4 && bound.ip.unspecified();
  settings.reach_v4 = is_v4 || is_both ? Switched::on : Switched::off;
  settings.reach_v6 = is_v4 ? Switched::off : Switched::on;
  using Kind = ExternalIpSource::Kind;
  settings.external_ip = external_ip.kind == Kind::vote   ? ExternalIp::vote
                         : external_ip.kind == Kind::none ? ExternalIp::none
                                                          : ExternalIp::given;
  if (rows != nullptr) settings.stored = rows->load();
  return settings;
}

std::vector<IpFamily> families_of(const conn::Endpoint& bound) {
  if (bound.ip.is_v4()) return {IpFamily::v4};
  if (bound.ip.unspecified()) return {IpFamily::v4, IpFamily::v6};
  return {IpFamily::v6};
}

}  // namespace

// --- the beginning and the end ---

conn::Result<std::unique_ptr<DiscoveryServer>> DiscoveryServer::start(conn::Secp256k1Key key,
                                                                      Settings settings,
                                                                      World world) {
  auto socket = world.runtime.open_datagrams(world.shard, settings.listen, kLongestRead);
  if (!socket) return tl::unexpected(socket.error());
  const auto shell = std::make_shared<Shell>(std::move(key), std::move(settings), std::move(world),
                                             *std::move(socket));
  shell->begin();
  return std::unique_ptr<DiscoveryServer>(new DiscoveryServer(shell));
}

DiscoveryServer::~DiscoveryServer() {
  stop();
}

void DiscoveryServer::stop() {
  shell_->stop();
}

Shell::Shell(conn::Secp256k1Key key, Settings settings, World world,
             std::unique_ptr<conn::DatagramSocket> socket)
    : world_(std::move(world)),
      log_(world_.log),
      peer_log_(world_.log),
      socket_(std::move(socket)),
      core_(std::move(key),
            complete(std::move(settings.core), settings.external_ip, socket_->local_endpoint(),
                     world_.rows.get()),
            conn::random_value<conn::Random::Seed>(world_.runtime), now()),
      names_(world_.runtime, world_.shard,
             {settings.external_ip, std::move(settings.named_boot_nodes), world_.interfaces,
              families_of(socket_->local_endpoint())},
             {.on_boot_node =
                  [this](const Contact& node) {
                    core_.add_boot_node(node, now());
                    settle();
                  },
              .on_own_ip =
                  [this](IpFamily family, std::optional<conn::IpAddress> ip) {
                    if (ip) core_.set_external_ip(*ip, now());
                    if (!ip) core_.remove_external_ip(family, now());
                    settle();
                  }}) {}

void Shell::begin() {
  const std::weak_ptr<Shell> self = weak_from_this();
  timer_ = world_.shard.make_timer([self] {
    if (const auto shell = self.lock()) shell->on_timer();
  });
  socket_->when_readable([this] { on_readable(); });
  names_.on_time(now().steady);
  names_.look_up_boot_nodes();
  publish_snapshot();
  next_rows_ = now().steady + kRowsInterval;
  settle();
}

void Shell::stop() {
  if (stopped_.exchange(true)) return;
  core_.stop(now());
  hand_out();
  store_rows();
  names_.stop();
  timer_.reset();
  socket_->close();
  publish_snapshot();
  log_.write(LogLevel::info, "discovery stopped", {{"protocol", protocols()}});
}

// --- one turn ---

void Shell::on_readable() {
  const auto self = shared_from_this();
  hand_out();
  const DiscoveryTime at = now();
  for (const conn::Datagram& each : socket_->receive()) {
    core_.receive({each.peer, each.bytes, each.local}, at);
  }
  core_.on_time(at);
  settle();
  warn_of_clock();
  if (!stopped_) socket_->when_readable([this] { on_readable(); });
}

void Shell::on_timer() {
  const DiscoveryTime at = now();
  core_.on_time(at);
  names_.on_time(at.steady);
  if (at.steady >= store_again_ && unstored_seq_) store_seq(*unstored_seq_);
  if (at.steady >= next_rows_) store_rows();
  if (at.steady >= next_snapshot_) publish_snapshot();
  settle();
}

void Shell::settle() {
  if (stopped_) return;
  if (const auto seq = core_.seq_to_store()) store_seq(*seq);
  if (core_.boot_nodes_wanted()) names_.look_up_boot_nodes();
  hand_out();
  send();
  arm_timer();
}

void Shell::hand_out() {
  const std::vector<Update> updates = core_.take_updates();
  for (const Update& each : updates) log_update(each);
  subscribers_.hand_out(updates);
  for (auto& done : core_.take_done()) world_.shard.post(std::move(done));
}

void Shell::send() {
  while (!awaits_room_) {
    if (unsent_.empty()) unsent_ = core_.take_datagrams(conn::kDatagramBatch);
    if (unsent_.empty()) return;
    std::array<conn::Datagram, conn::kDatagramBatch> batch;
    for (std::size_t i = 0; i < unsent_.size(); ++i) {
      batch[i] = {unsent_[i].to, unsent_[i].bytes, unsent_[i].from};
    }
    const std::size_t taken = socket_->send(std::span(batch).first(unsent_.size()));
    unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(taken));
    if (unsent_.empty()) continue;
    awaits_room_ = true;
    socket_->when_writable([this] {
      awaits_room_ = false;
      settle();
    });
  }
}

void Shell::arm_timer() {
  timer_->arm(std::min(
      {core_.next_deadline(), names_.next_deadline(), store_again_, next_rows_, next_snapshot_}));
}

// --- what is kept ---

void Shell::store_seq(std::uint64_t seq) {
  unstored_seq_.reset();
  store_again_ = TimePoint::max();
  if (!world_.rows) return on_stored(seq, {});
  const std::weak_ptr<Shell> self = weak_from_this();
  world_.rows->save_seq(seq, [self, seq](const conn::Result<void>& result) {
    const auto shell = self.lock();
    if (!shell || shell->stopped_) return;
    shell->on_stored(seq, result);
    shell->settle();
  });
}

void Shell::on_stored(std::uint64_t seq, const conn::Result<void>& result) {
  if (!result) {
    log_.write(LogLevel::error, "discovery's sequence could not be stored, so it is not used",
               {{"error", result.error().text()}});
    unstored_seq_ = seq;
    store_again_ = now().steady + kStoreAgain;
    return;
  }
  core_.on_seq_stored(seq, now());
  publish_snapshot();
  if (!std::exchange(logged_start_, true)) log_started();
}

void Shell::store_rows() {
  next_rows_ = now().steady + kRowsInterval;
  if (world_.rows && core_.has_begun()) world_.rows->save(core_.rows(now()));
}

// --- what others may know ---

void Shell::publish_snapshot() {
  next_snapshot_ = now().steady + kSnapshotInterval;
  auto snapshot = std::make_shared<DiscoverySnapshot>();
  snapshot->local = socket_->local_endpoint();
  snapshot->id = core_.id();
  snapshot->record = core_.record();
  snapshot->external_v4 = core_.external_address(IpFamily::v4);
  snapshot->external_v6 = core_.external_address(IpFamily::v6);
  snapshot->counters = core_.counters();
  snapshot->table = core_.table().counts();
  snapshot->lookups = core_.lookups_under_way();
  for (const Protocol each : {Protocol::v4, Protocol::v5}) {
    snapshot->lookup_times[index_of(each)] = core_.lookup_times(each);
  }
  snapshot->socket = socket_->figures();
  const std::lock_guard lock(snapshot_guard_);
  snapshot_ = std::move(snapshot);
}

std::shared_ptr<const DiscoverySnapshot> Shell::snapshot() const {
  const std::lock_guard lock(snapshot_guard_);
  return snapshot_;
}

// "discv4", or "discv4,discv5".
std::string Shell::protocols() const {
  std::string names;
  for (const Protocol each : {Protocol::v4, Protocol::v5}) {
    if (core_.settings().protocols[index_of(each)] == Switched::off) continue;
    if (!names.empty()) names += ',';
    names += name(each);
  }
  return names;
}

void Shell::log_started() {
  log_.write(LogLevel::info, "discovery started",
             {{"protocol", protocols()},
              {"address", socket_->local_endpoint().to_string()},
              {"id", core_.id().to_string()},
              {"record", core_.record()->text()}});
}

void Shell::warn_of_clock() {
  const TimePoint at = now().steady;
  if (core_.counters().clock_suspect == 0 || at < next_clock_warning_) return;
  next_clock_warning_ = at + kClockWarning;
  log_.write(LogLevel::warn,
             "clock may be wrong: most packets of discovery have expired when they come",
             {{"protocol", std::string(name(Protocol::v4))},
              {"dropped", core_.counters().of(Drop::expired)},
              {"hint", "compare the machine's clock with others'"}});
}

void Shell::log_update(const Update& update) {
  if (const auto* const moved = std::get_if<update::ExternalAddress>(&update)) {
    log_.write(LogLevel::info, "external address changed",
               {{"protocol", protocols()},
                {"address", conn::Endpoint{moved->ip, moved->udp}.to_string()}});
  } else if (const auto* const added = std::get_if<update::Added>(&update)) {
    peer_log_.write(added->node.udp.ip, now().steady, LogLevel::debug, "discovered a node",
                    {{"protocol", protocols()},
                     {"id", added->node.id.brief()},
                     {"port", added->node.udp.port}});
  }
}

// --- commands ---

bool Shell::post(Command command) {
  const std::size_t limit = core_.settings().limits.commands;
  if (stopped_) return false;
  if (commands_waiting_.fetch_add(1) >= limit) {
    --commands_waiting_;
    return false;
  }
  world_.shard.post([self = shared_from_this(), command = std::move(command)] {
    --self->commands_waiting_;
    self->run(command);
  });
  return true;
}

void Shell::run(const Command& command) {
  if (stopped_) return;
  command(core_, now());
  settle();
}

bool DiscoveryServer::post(Command command) {
  return shell_->post(std::move(command));
}
void DiscoveryServer::run(const Command& command) {
  shell_->run(command);
}
std::shared_ptr<const DiscoverySnapshot> DiscoveryServer::snapshot() const {
  return shell_->snapshot();
}
const DiscoveryCore& DiscoveryServer::core() const noexcept {
  return shell_->core();
}

DiscoveryBans::Added DiscoveryServer::ban(const EnodeId& id, std::optional<conn::WallTime> until,
                                          conn::BanOrigin origin) {
  auto added = DiscoveryBans::Added::ended;
  shell_->run([&](DiscoveryCore& core, DiscoveryTime now) {
    DiscoveryBans::Until ends;
    if (until) ends = now.steady + (*until - now.wall);
    added = core.ban(id, ends, origin, now);
  });
  if (added == DiscoveryBans::Added::yes && shell_->rows() != nullptr) {
    shell_->rows()->save_ban(id, until);
  }
  return added;
}

bool DiscoveryServer::unban(const EnodeId& id) {
  if (shell_->rows() != nullptr) shell_->rows()->remove_ban(id);
  bool was_banned = false;
  shell_->run([&](DiscoveryCore& core, DiscoveryTime) { was_banned = core.unban(id); });
  return was_banned;
}

std::shared_ptr<UpdateSubscription> DiscoveryServer::subscribe(
    conn::Shard& shard, UpdateSubscription::OnUpdates on_updates) {
  const std::size_t limit = shell_->core().settings().limits.updates;
  auto subscription = std::make_shared<UpdateSubscription>(shard, limit, std::move(on_updates));
  shell_->subscribers().add(subscription);
  return subscription;
}

}  // namespace peerage::pex
