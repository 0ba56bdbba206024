#include "pex/node_discovery.h"

#include <algorithm>
#include <utility>

#include "p2p/base/listen_address.h"
#include "pex/books/discovery_memory.h"
#include "pex/discovery/key_file.h"

namespace peerage::pex {

using conn::fail;
using conn::Reason;
using conn::Result;
using conn::Stage;

namespace {

// How often the need for peers is told, at least: it changes without an event of its own.
constexpr conn::Duration kLook = std::chrono::seconds(1);

Switched switched(bool on) {
  return on ? Switched::on : Switched::off;
}

Result<void> add_boot_node(const std::string& text, DiscoveryServer::Settings& settings) {
  const auto wrong = [&text](const std::string& why) {
    return fail(Stage::configuration, Reason::invalid_argument,
                "bootnodes: " + conn::printable(text, 512) + ": " + why);
  };
  static const std::string kNoAddress = "it has no UDP address";
  if (text.starts_with("enr:")) {
    auto record = Enr::parse(text);
    if (!record) return wrong(record.error().detail);
    auto contact = Contact::of(std::move(*record));
    if (!contact) return wrong(kNoAddress);
    settings.core.boot.push_back(std::move(*contact));
    return {};
  }
  auto url = EnodeUrl::parse(text);
  if (!url) return wrong(url.error().detail);
  if (url->host.empty() || url->udp == 0) return wrong(kNoAddress);
  if (const auto at = url->udp_endpoint()) {
    settings.core.boot.push_back(Contact::at(url->key, *at, url->tcp));
  } else {
    settings.named_boot_nodes.push_back(std::move(*url));
  }
  return {};
}

Result<DiscoveryServer::Settings> settings_of(const DiscoveryConfig& config,
                                              const std::vector<conn::Cidr>& exempt) {
  DiscoveryServer::Settings settings;
  for (const std::string& each : config.bootnodes) {
    if (auto added = add_boot_node(each, settings); !added) return tl::unexpected(added.error());
  }
  auto source = ExternalIpSource::parse(config.external_ip);
  if (!source) return tl::unexpected(std::move(source.error()));
  settings.external_ip = std::move(*source);
  DiscoverySettings& core = settings.core;
  core.limits = config.limits;
  core.net_restrict = config.net_restrict;
  core.exempt = exempt;
  core.lookups = switched(config.lookups);
  core.random_lookups = switched(config.random_lookups);
  core.only_confirmed_neighbors = switched(config.only_confirmed_neighbors);
  return settings;
}

}  // namespace

Result<std::shared_ptr<NodeDiscovery>> NodeDiscovery::create(DiscoveryConfig config, World world) {
  auto settings = settings_of(config, world.exempt);
  if (!settings) return tl::unexpected(std::move(settings.error()));
  return std::shared_ptr<NodeDiscovery>(
      new NodeDiscovery(std::move(config), std::move(world), std::move(*settings)));
}

NodeDiscovery::NodeDiscovery(DiscoveryConfig config, World world,
                             DiscoveryServer::Settings settings)
    : config_(std::move(config)),
      world_(std::move(world)),
      control_(world_.runtime.shard(0)),
      settings_(std::move(settings)) {}

NodeDiscovery::~NodeDiscovery() = default;

Result<conn::Endpoint> NodeDiscovery::endpoint() const {
  if (config_.listen.empty()) return world_.connections.listen_endpoint();
  return p2p::listen_address(config_.listen);
}

Result<void> NodeDiscovery::start() {
  const auto random = [this](conn::MutableBytes bytes) { world_.runtime.random(bytes); };
  auto key = config_.key_file.empty() ? conn::Secp256k1Key::generate(random)
                                      : load_or_create_discovery_key(config_.key_file, random);
  if (!key) return tl::unexpected(std::move(key.error()));
  const auto at = endpoint();
  if (!at) return tl::unexpected(at.error());
  settings_.listen = *at;
  const std::uint16_t port =
      world_.external_port != 0 ? world_.external_port : world_.connections.listen_endpoint().port;
  settings_.core.p2p = P2pIdentity{world_.connections.id(), world_.books->networks(), port};
  auto server = DiscoveryServer::start(
      std::move(*key), settings_,
      {.runtime = world_.runtime,
       .shard = control_,
       .log = config_.log,
       .rows = std::make_shared<DiscoveryMemory>(world_.runtime, world_.books)});
  if (!server) return tl::unexpected(std::move(server.error()));
  server_ = std::move(*server);
  begin_feed();
  return {};
}

void NodeDiscovery::begin_feed() {
  DiscoveryFeed::Bans bans;
  bans.ban_id = [this](const EnodeId& id, conn::Duration span) {
    const auto until = world_.runtime.wall_now() + std::chrono::floor<std::chrono::seconds>(span);
    server_->ban(id, until, conn::BanOrigin::misbehaviour);
  };
  bans.ban_network = [this](const conn::Cidr& network, conn::TimePoint until) {
    server_->run([&](DiscoveryCore& core, DiscoveryTime now) { core.ban(network, until, now); });
  };
  bans.unban_network = [this](const conn::Cidr& network) {
    server_->run([&](DiscoveryCore& core, DiscoveryTime) { core.unban(network); });
  };
  feed_ = std::make_unique<DiscoveryFeed>(*world_.books, world_.connections.id(), config_.limits,
                                          std::move(bans), control_.now());
  subscription_ =
      server_->subscribe(control_, [weak = weak_from_this()](const std::vector<Update>& updates) {
        const auto self = weak.lock();
        if (!self || !self->feed_) return;
        for (const Update& each : updates) self->feed_->on_update(each, self->control_.now());
        self->arm();
      });
  timer_ = control_.make_timer([this] { on_time(); });
  tell_need();
  arm();
}

void NodeDiscovery::stop() {
  timer_.reset();
  subscription_.reset();
  if (server_) server_->stop();
  feed_.reset();
}

void NodeDiscovery::on_event(const p2p::SwitchEvent& event) {
  if (!feed_) return;
  feed_->on_event(event, control_.now());
  arm();
}

void NodeDiscovery::on_time() {
  feed_->on_time(control_.now());
  tell_need();
  arm();
}

void NodeDiscovery::arm() {
  const conn::TimePoint now = control_.now();
  timer_->arm(std::min(feed_->next_deadline(now), now + kLook));
}

// The fewer of the wanted peers there are, the sooner the next lookup.
void NodeDiscovery::tell_need() {
  const auto peers = world_.connections.snapshot();
  server_->run([&](DiscoveryCore& core, DiscoveryTime) {
    core.set_need(peers->outbound, peers->outbound_slots);
  });
}

DiscoveryFigures NodeDiscovery::figures() const {
  DiscoveryFigures figures;
  if (server_) figures.server = server_->snapshot();
  figures.kept = world_.books->discovery().nodes();
  if (!feed_) return figures;
  const Candidates& candidates = feed_->candidates();
  figures.candidates = candidates.counts();
  for (std::size_t i = 0; i < Candidates::kStates; ++i) {
    figures.states[i] = candidates.in(static_cast<Candidates::State>(i));
  }
  for (std::size_t i = 0; i < addrbook::kAddedCount; ++i) {
    figures.added[i] = feed_->added(static_cast<addrbook::Added>(i));
  }
  return figures;
}

}  // namespace peerage::pex
