#include "tests/sim/discovery/member.h"

#include <numeric>
#include <stdexcept>
#include <utility>

namespace peerage::sim::discovery {
namespace {

constexpr Duration kStorePause = 30s;

conn::Secp256k1Key draw_key(SimHost& host) {
  return conn::Secp256k1Key::generate([&host](conn::MutableBytes into) { host.random(into); });
}

std::uint64_t packets_out(const pex::DiscoveryCounters& counters) {
  std::uint64_t sum = 0;
  for (const auto& each : counters.traffic) {
    sum = std::accumulate(each.packets_out.begin(), each.packets_out.end(), sum);
  }
  return sum;
}

}  // namespace

// One life of it: the core, a socket and two timers.
class Member::Shell {
 public:
  Shell(Member& member, pex::DiscoverySettings settings)
      : member_(member),
        shard_(member.host_.shard(0)),
        core_(*conn::Secp256k1Key::from_secret(member.key_.secret()), std::move(settings),
              conn::random_value<conn::Random::Seed>(member.host_), member.time()),
        timer_(shard_.make_timer([this] { on_time(); })),
        store_timer_(shard_.make_timer([this] { store(); })) {
    auto socket = member.host_.open_datagrams(shard_, {IpAddress::v4(0, 0, 0, 0), kPort},
                                              pex::kMaxDatagram + 1);
    if (!socket) throw std::runtime_error("no socket: " + socket.error().text());
    socket_ = std::move(*socket);
    wait_for_datagrams();
    store_timer_->arm(shard_.now() + kStorePause);
    pump();
  }

  pex::DiscoveryCore& core() { return core_; }

  void hear(const Endpoint& from, ByteView bytes) {
    core_.receive({from, bytes, member_.host_.address()}, member_.time());
    pump();
  }

  // Takes out what the core has to say, until there is nothing.
  void pump() {
    if (const auto seq = core_.seq_to_store()) {
      member_.stored_.seq = *seq;
      shard_.post([this, seq = *seq] {
        core_.on_seq_stored(seq, member_.time());
        pump();
      });
    }
    for (const pex::Update& each : core_.take_updates()) {
      if (member_.on_update) member_.on_update(each);
    }
    for (const pex::OutDatagram& each : core_.take_datagrams()) {
      const conn::Datagram datagram{each.to, each.bytes, each.from};
      socket_->send({&datagram, 1});
    }
    for (const auto& done : core_.take_done()) done();
    timer_->arm(core_.next_deadline());
  }

 private:
  void wait_for_datagrams() {
    socket_->when_readable([this] { receive(); });
  }
  void receive() {
    for (const conn::Datagram& each : socket_->receive()) {
      core_.receive({each.peer, each.bytes, each.local}, member_.time());
    }
    wait_for_datagrams();
    pump();
  }
  void on_time() {
    core_.on_time(member_.time());
    pump();
  }
  void store() {
    member_.stored_.rows = core_.rows(member_.time());
    store_timer_->arm(shard_.now() + kStorePause);
  }

  Member& member_;
  conn::Shard& shard_;
  pex::DiscoveryCore core_;
  std::unique_ptr<conn::Timer> timer_, store_timer_;
  std::unique_ptr<conn::DatagramSocket> socket_;
};

Member::Member(SimWorld& world, SimHost& host, Plan plan)
    : world_(world),
      host_(host),
      plan_(std::move(plan)),
      key_(draw_key(host)),
      id_(pex::EnodeId::of(key_.public_key())) {}
Member::~Member() = default;

void Member::start() {
  pex::DiscoverySettings settings;
  settings.bound = {IpAddress::v4(0, 0, 0, 0), kPort};
  settings.boot = plan_.boot;
  settings.stored = stored_;
  if (plan_.rows == Plan::Rows::lost) settings.stored.rows.clear();
  // A comet node of our network; nobody dials it.
  settings.p2p = pex::P2pIdentity{
      conn::NodeId(conn::random_value<conn::ByteArray<conn::NodeId::kBytes>>(host_)),
      {std::string(kNetwork)},
      26656};
  if (plan_.change) plan_.change(settings);
  started_ = world_.now();
  shell_ = std::make_unique<Shell>(*this, std::move(settings));
}

void Member::crash() {
  sent_before_ = datagrams_sent();
  shell_.reset();
  host_.plug_in();  // what was posted is forgotten
}

pex::DiscoveryCore& Member::core() {
  return shell_->core();
}

const pex::NodeTable& Member::table() const {
  return shell_->core().table();
}

pex::DiscoveryTime Member::time() const {
  return {world_.now(), host_.wall_now()};
}

void Member::look_up(const conn::ByteArray<64>& key, LookedUp done) {
  core().lookup(pex::LookupTarget::of(key), pex::Protocol::v4, time(),
                [done = std::move(done)](const conn::Result<std::vector<pex::Contact>>& closest) {
                  done(closest ? *closest : std::vector<pex::Contact>{});
                });
  shell_->pump();
}

void Member::look_for(const conn::Secp256k1PublicKey& key, Sighted done) {
  core().look_for(pex::LookupTarget::of(key.xy()), pex::Protocol::v4, time(),
                  [done = std::move(done)](const conn::Result<Sighting>& sighting) {
                    done(sighting ? *sighting : Sighting{});
                  });
  shell_->pump();
}

void Member::hear(const Endpoint& from, ByteView bytes) {
  shell_->hear(from, bytes);
}

std::uint64_t Member::datagrams_sent() const {
  return sent_before_ + (shell_ ? packets_out(shell_->core().counters()) : 0);
}

}  // namespace peerage::sim::discovery
