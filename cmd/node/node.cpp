#include "cmd/node/node.h"

#include <algorithm>
#include <csignal>
#include <future>
#include <utility>

#include <unistd.h>

#include "addrbook/file/own_file.h"
#include "addrbook/record/book_reason.h"
#include "cmd/addrbook/addrbook.h"
#include "cmd/addrbook/takeover.h"
#include "cmd/base/process.h"
#include "cmd/base/unix_socket.h"
#include "cmd/cli/commands.h"
#include "cmd/config/node_config.h"
#include "cmd/config/sanity.h"
#include "cmd/config/start_rules.h"
#include "cmd/ctl/book_verbs.h"
#include "cmd/ctl/list_verbs.h"
#include "cmd/ctl/settings_verbs.h"
#include "conn/base/file.h"
#include "conn/base/file_reason.h"
#include "p2p/base/listen_address.h"

namespace peerage::cmd {

using conn::fail;
using conn::Failure;
using conn::LogLevel;
using conn::Reason;
using conn::Result;
using conn::Stage;

namespace {

Result<void> make_book_directory(const Settings& settings) {
  const auto directory = settings.book_file.parent_path();
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (!error) return {};
  return fail(Stage::configuration, conn::file_reason(error.value(), Reason::io_error),
              directory.string() + ": " + error.message());
}

// A home that has run before has all of these.
Result<void> require_home(const Settings& settings) {
  const std::pair<const std::filesystem::path&, Reason> needed[] = {
      {settings.home, conn::FileReason::missing},
      {settings.config_file, conn::FileReason::missing},
      {settings.node_key_file, Reason::key_file_missing},
      {settings.book_file, addrbook::BookReason::book_missing}};
  for (const auto& [path, reason] : needed) {
    std::error_code error;
    if (std::filesystem::exists(path, error)) continue;
    return fail(Stage::configuration, reason,
                path.string() + ": none is made, because of --must-exist");
  }
  return {};
}

Result<void> require_control_socket(const Settings& settings) {
  const std::filesystem::path socket = control_socket_of(settings);
  if (socket.empty()) return {};
  auto can = require_socket_path(socket);
  if (!can) can.error().detail.insert(0, "peerage.control_socket: ");
  return can;
}

// All names under which a home's files are written.
void clear_leftovers(const Settings& settings) {
  conn::remove_leftovers(settings.config_file);
  conn::remove_leftovers(settings.node_key_file);
  if (settings.config.discovery.is_on()) conn::remove_leftovers(settings.discovery_key_file);
  if (settings.json_book.empty()) return;
  conn::remove_leftovers(settings.json_book);
  for (const std::filesystem::path& original : names_of_originals(settings.json_book)) {
    conn::remove_leftovers(original);
  }
}

// "*" is every network that the book knows.
Result<void> settle_networks(Settings& settings) {
  std::vector<std::string> known;
  std::error_code error;
  if (settings.networks == std::vector<std::string>{"*"} &&
      std::filesystem::exists(settings.book_file, error)) {
    addrbook::Report report;
    const auto contents = addrbook::BookFile::read(settings.book_file, book_now(), report);
    if (!contents) return tl::unexpected(contents.error());
    for (const auto& [network, rows] : contents->addresses) known.push_back(network);
  }
  auto served = served_networks(settings, known);
  if (!served) return tl::unexpected(served.error());
  settings.networks = std::move(*served);
  return {};
}

pex::NodeConfig config_of(const Settings& settings, pex::Role role, const ProgramLog& log) {
  pex::NodeConfig node = node_config(settings.config, role);
  node.networks = settings.networks;
  node.book_file = settings.book_file;
  node.connections.log = log.module("p2p");
  node.exchange.log = log.module("pex");
  if (node.discovery) {
    node.discovery->key_file = settings.discovery_key_file;
    node.discovery->log = log.module("discovery");
  }
  return node;
}

}  // namespace

// --- the home ---

Result<std::unique_ptr<Node>> Node::prepare(Settings settings, pex::Role role,
                                            const ProgramLog& program_log, LiveSettings::Load load,
                                            Home home) {
  (void)allow_connections(0);  // as many as there may be
  if (home == Home::must_exist) {
    if (auto there = require_home(settings); !there) return tl::unexpected(there.error());
  }
  if (auto has = require_peer_exchange(settings); !has) return tl::unexpected(has.error());
  if (auto settled = settle_networks(settings); !settled) return tl::unexpected(settled.error());
  if (auto can = require_writable_files(settings); !can) return tl::unexpected(can.error());
  if (auto can = require_control_socket(settings); !can) return tl::unexpected(can.error());
  if (auto sound = require_discovery_key(settings); !sound) return tl::unexpected(sound.error());
  auto key = HomeKey::find(settings.node_key_file);
  if (!key) return tl::unexpected(key.error());
  auto node = std::unique_ptr<Node>(new Node(std::move(settings), role, program_log));
  conn::NodeKey node_key = key->take();
  const conn::PublicKey public_key = node_key.public_key();
  if (auto made = node->make(program_log, std::move(node_key)); !made) {
    return tl::unexpected(made.error());
  }
  node->make_control(std::move(load));
  if (auto taken = node->take_address(); !taken) {
    return tl::unexpected(node->why_not_taken(std::move(taken.error())));
  }
  if (auto opened = node->open_http(public_key); !opened) {
    return tl::unexpected(node->why_not_taken(std::move(opened.error())));
  }
  // Until here nothing has been changed.
  if (auto settled = node->settle_home(*key); !settled) return tl::unexpected(settled.error());
  if (auto opened = node->open_control_socket(); !opened) {
    return tl::unexpected(node->why_not_taken(std::move(opened.error())));
  }
  return node;
}

Node::Node(Settings settings, pex::Role role, const ProgramLog& log)
    : settings_(std::move(settings)),
      taken_(settings_.config),
      role_(role),
      program_log_(log),
      log_(log.module("main")),
      lines_(log_),
      runtime_(settings_.config.shards) {}

Result<void> Node::make(const ProgramLog& log, conn::NodeKey key) {
  const pex::NodeConfig config = config_of(settings_, role_, log);
  if (const auto allowed = allow_connections(connections_of(pex::settled(config))); !allowed) {
    // Those that there are no descriptors for wait in the backlog (conn/runtime/asio_runtime.h).
    log_.write(LogLevel::warn, "there are more slots than descriptors",
               {{"why", allowed.error().text()}});
  }
  auto node = pex::Node::create(runtime_, config, std::move(key));
  if (!node) {  // what is wrong with a setting is the configuration's
    return fail(Stage::configuration, Reason::config_malformed, std::move(node.error().detail));
  }
  node_ = std::move(*node);
  peer_lines_ = std::make_unique<PeerLines>(conn::Log(log.module("p2p")), runtime_.shard(0).now());
  node_->on_event([this](const p2p::SwitchEvent& event) {
    if (taken_.log_peers) peer_lines_->on_event(event, runtime_.shard(0).now());
  });
  node_->on_book_state([this](const addrbook::Store::State& state) { on_book_state(state); });
  return {};
}

// --- what operators see and steer ---

void Node::make_control(LiveSettings::Load load) {
  live_ = std::make_shared<LiveSettings>(
      settings_, role_, std::move(load),
      LiveSettings::Node{[this](pex::NodeLists lists) { node_->update_lists(std::move(lists)); },
                         [this](LogLevels levels) { program_log_.set_levels(std::move(levels)); },
                         [this](const Config& config) { take(config); },
                         [this] { return http_ ? http_->reload_tls() : Result<void>(); }},
      log_);
  control_ = std::make_unique<NodeControl>(
      *node_,
      NodeControl::Settings{
          PEERAGE_VERSION,
          [this] { return http_ ? http_->why_not_ready() : std::vector<std::string>{"starting"}; },
          [] { ::kill(::getpid(), SIGTERM); }});
  for (const auto& verbs :
       {list_verbs(*node_, live_), settings_verbs(live_), book_verbs(*node_, live_)}) {
    for (const NamedVerb& each : verbs) control_->add(each.name, each.run, each.where);
  }
}

Result<void> Node::open_http(const conn::PublicKey& key) {
  RpcHooks hooks;
  hooks.dial_seeds = [this](const RpcHooks::Addresses& addresses) -> Result<void> {
    for (const conn::HostAddress& each : addresses) node_->get_switch().dial(each);
    return {};
  };
  hooks.dial_peers = [this](const RpcHooks::Addresses& addresses, const DialMarks& marks) {
    return dial_peers(addresses, marks);
  };
  const pex::NodeConfig config = config_of(settings_, role_, program_log_);
  auto http = HttpSurface::open({settings_, *node_, config, key, program_log_, std::move(hooks),
                                 [this](ProgramFigures& figures) { add_figures(figures); }});
  if (!http) return tl::unexpected(std::move(http.error()));
  http_ = std::move(*http);
  return {};
}

Result<void> Node::open_control_socket() {
  const std::filesystem::path socket = control_socket_of(settings_);
  if (socket.empty()) return {};
  auto opened = CtlServer::open({.socket = socket}, log_);
  if (!opened) return tl::unexpected(std::move(opened.error()));
  ctl_ = std::move(*opened);
  return {};
}

// As a comet node's: said until the end of the process, and nothing takes it back but `ctl remove`.
Result<void> Node::dial_peers(const RpcHooks::Addresses& addresses, const DialMarks& marks) {
  ControlWords words;
  for (const conn::HostAddress& each : addresses) {
    if (marks.persistent) words.persistent_peers.say(each, Word::added);
    if (marks.unconditional) words.unconditional_ids.say(each.id, Word::added);
    if (marks.is_private) words.private_ids.say(each.id, Word::added);
  }
  if (!words.empty()) {
    if (auto said = live_->say(words, LiveSettings::Save::no); !said) {
      return tl::unexpected(std::move(said.error()));
    }
  }
  if (marks.persistent) return {};
  for (const conn::HostAddress& each : addresses) node_->get_switch().dial(each);
  return {};
}

void Node::add_figures(ProgramFigures& figures) const {
  if (ctl_) {
    for (const CtlFigure& each : ctl_->figures()) {
      figures.ctl.push_back({std::string(each.verb), std::string(each.result), each.requests});
    }
  }
  const LiveSettings::Figures reloads = live_->figures();
  figures.reloads = {reloads.applied, reloads.failed,
                     reloads.last_failed ? Reloads::Last::failed : Reloads::Last::applied};
}

// What a running node takes of its settings besides lists and levels.
void Node::take(const Config& config) {
  runtime_.shard(0).post([this, config] {
    taken_ = config;
    if (summary_) arm_summary();
  });
}

void Node::reload() {
  (void)live_->reload();
}

void Node::set_draining() {
  http_->status().set_draining();
}

Result<void> Node::take_address() {
  const auto at = p2p::listen_address(settings_.config.p2p.laddr);
  return at ? runtime_.hold(*at) : tl::unexpected(at.error());
}

// The port or the socket of the node of this very home says less than that it runs.
Failure Node::why_not_taken(Failure failure) const {
  if (failure.reason != Reason::address_in_use) return failure;
  const auto lock = addrbook::with_suffix(settings_.book_file, ".lock");
  if (!addrbook::FileLock::is_held(lock)) return failure;
  return {Stage::configuration, addrbook::BookReason::book_in_use,
          lock.string() + " is locked; and " + failure.detail};
}

Result<void> Node::settle_home(const HomeKey& key) {
  clear_leftovers(settings_);
  if (auto made = make_book_directory(settings_); !made) return made;
  if (auto saved = key.save(); !saved) return saved;
  const std::string path = settings_.node_key_file.string();
  if (key.is_new()) {
    log_.write(LogLevel::warn, "a new node key was made: the node has a new ID",
               {{"id", key.id().to_string()}, {"file", path}});
  }
  if (const auto mode = mode_open_to_others(settings_.node_key_file)) {
    log_.write(LogLevel::warn, "others on this machine can read or change the node key",
               {{"file", path}, {"mode", *mode}, {"run", "chmod 600 " + path}});
  }
  std::error_code error;
  book_is_new_ = !std::filesystem::exists(settings_.book_file, error);
  if (!settings_.json_book.empty()) take_over_json_book(key.id());
  return {};
}

void Node::take_over_json_book(const conn::NodeId& id) {
  const BookHome home = {
      settings_.home, settings_.config, settings_.networks, settings_.book_file, id, {}};
  if (!take_over_json(home, settings_.networks.front(), settings_.json_book, log_)) return;
  mirror_ = std::make_unique<JsonMirror>(
      runtime_, settings_.book_file, settings_.networks.front(), settings_.json_book,
      [this](JsonMirror::Event event, const Failure& why) { on_mirror(event, why); });
}

void Node::on_mirror(JsonMirror::Event event, const Failure& why) const {
  const std::string file = settings_.json_book.string();
  switch (event) {
    case JsonMirror::Event::not_kept:
      return log_.write(LogLevel::warn,
                        "addrbook.json is not kept up to date: nothing can be "
                        "written there; the address book itself is",
                        {{"file", file}, {"why", why.text()}});
    case JsonMirror::Event::failing:
      return log_.write(LogLevel::error, "addrbook.json cannot be written; trying again",
                        {{"file", file}, {"why", why.text()}});
    case JsonMirror::Event::written:
      return log_.write(LogLevel::info, "addrbook.json is written again", {{"file", file}});
  }
}

// Told when it begins and when it ends.
void Node::on_book_state(const addrbook::Store::State& state) {
  using Stored = addrbook::Store::State::Condition;
  if (state.condition == Stored::degraded) {
    book_unsaved_ = true;
    log_.write(LogLevel::error, "the address book cannot be saved; trying again",
               {{"why", state.failure ? state.failure->text() : ""}});
  } else if (state.condition == Stored::healthy && std::exchange(book_unsaved_, false)) {
    log_.write(LogLevel::info, "the address book is saved again",
               {{"file", settings_.book_file.string()}});
  }
}

Node::~Node() {
  if (node_ && !runtime_.stopped()) (void)stop();
}

// --- life ---

void Node::beat(conn::Duration interval, std::function<void()> sign) {
  heartbeat_ = std::make_unique<Heartbeat>(runtime_.shard(0), interval, std::move(sign));
}

Result<void> Node::start() {
  if (auto started = node_->start(); !started) return started;
  lines_.book(settings_.book_file, book_is_new_ ? NodeLines::Made::now : NodeLines::Made::before,
              node_->opened());
  if (const auto missing = missing_protocol(settings_.config.discovery); !missing.empty()) {
    log_.write(LogLevel::info, "only a part of the protocols of discovery runs",
               {{"why", std::string(missing)}});
  }
  if (knows_nobody(settings_.config, node_->opened().addresses)) {
    log_.write(LogLevel::warn, kKnowsNobody);
  }
  runtime_.shard(0).post([this] {
    summary_ = runtime_.shard(0).make_timer([this] { summarise(); });
    arm_summary();
    if (mirror_) mirror_->start();
  });
  if (heartbeat_) heartbeat_->start();
  node_->report([this](const pex::PexReport& report) { lines_.networks(report); });
  http_->start();
  if (ctl_) ctl_->start(*control_);
  return {};
}

Result<void> Node::stop() {
  if (http_) set_draining();
  static constexpr conn::Duration kQuiet = std::chrono::seconds(1);
  const auto quiet = std::make_shared<std::promise<void>>();
  runtime_.shard(0).post([this, quiet] {
    summary_.reset();
    if (mirror_) mirror_->stop();
    quiet->set_value();
  });
  if (mirror_ && quiet->get_future().wait_for(kQuiet) == std::future_status::ready) {
    mirror_->settle();
  }
  const auto saved = node_->stop(kStopLimit);
  if (ctl_) ctl_->stop();
  if (http_) http_->stop();
  // Logged now, because the runtime waits for the write under way, and may be killed meanwhile.
  if (!saved) {
    log_.write(LogLevel::error, "the address book is not saved", {{"why", saved.error().text()}});
  }
  if (heartbeat_) heartbeat_->stop();
  runtime_.stop();
  if (!saved) return saved;
  if (mirror_ && !mirror_->finish()) {
    return fail(Stage::configuration, addrbook::BookReason::address_file_unwritable,
                settings_.json_book.string());
  }
  return {};
}

// --- status ---

void Node::arm_summary() {
  const conn::Duration pause = summary_interval(taken_);
  if (pause > conn::Duration(0)) summary_->arm(runtime_.shard(0).now() + pause);
}

void Node::summarise() {
  arm_summary();
  node_->report(
      [this](const pex::PexReport& report) { lines_.summary(node_->get_switch(), report); });
}

std::string Node::status_line() const {
  const auto now = node_->get_switch().snapshot();
  return std::to_string(count_of(*now, p2p::Direction::inbound)) + " peers in, " +
         std::to_string(count_of(*now, p2p::Direction::outbound)) + " out";
}

}  // namespace peerage::cmd
