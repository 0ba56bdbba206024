#include "cmd/node/node.h"

#include <algorithm>
#include <utility>

#include "addrbook/file/own_file.h"
#include "addrbook/record/book_reason.h"
#include "cmd/addrbook/addrbook.h"
#include "cmd/addrbook/takeover.h"
#include "cmd/base/process.h"
#include "cmd/base/report_text.h"
#include "cmd/config/node_config.h"
#include "cmd/config/sanity.h"
#include "cmd/config/start_rules.h"
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

// All names under which a home's files are written.
void clear_leftovers(const Settings& settings) {
  conn::remove_leftovers(settings.config_file);
  conn::remove_leftovers(settings.node_key_file);
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
  return node;
}

conn::LogValue count(std::uint64_t number) {
  return number;
}

// All connected peers: also those that need no slot, as an operator's own.
conn::LogValue count_of(const p2p::SwitchSnapshot& snapshot, p2p::Direction direction) {
  return count(static_cast<std::size_t>(
      std::count_if(snapshot.peers.begin(), snapshot.peers.end(),
                    [direction](const auto& peer) { return peer->direction() == direction; })));
}

}  // namespace

// --- the home ---

Result<std::unique_ptr<Node>> Node::prepare(Settings settings, pex::Role role,
                                            const ProgramLog& program_log, Home home) {
  (void)allow_connections(0);  // as many as there may be
  if (home == Home::must_exist) {
    if (auto there = require_home(settings); !there) return tl::unexpected(there.error());
  }
  if (auto has = require_peer_exchange(settings); !has) return tl::unexpected(has.error());
  if (auto settled = settle_networks(settings); !settled) return tl::unexpected(settled.error());
  if (auto can = require_writable_files(settings); !can) return tl::unexpected(can.error());
  auto key = HomeKey::find(settings.node_key_file);
  if (!key) return tl::unexpected(key.error());
  auto node = std::unique_ptr<Node>(new Node(std::move(settings), program_log));
  if (auto made = node->make(role, program_log, key->take()); !made) {
    return tl::unexpected(made.error());
  }
  if (auto taken = node->take_address(); !taken) return tl::unexpected(taken.error());
  // Until here nothing has been changed.
  if (auto settled = node->settle_home(*key); !settled) return tl::unexpected(settled.error());
  return node;
}

Node::Node(Settings settings, const ProgramLog& log)
    : settings_(std::move(settings)), log_(log.module("main")), runtime_(settings_.config.shards) {}

Result<void> Node::make(pex::Role role, const ProgramLog& log, conn::NodeKey key) {
  const pex::NodeConfig config = config_of(settings_, role, log);
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
  if (settings_.config.log_peers) {
    peer_lines_ =
        std::make_unique<PeerLines>(conn::Log(log.module("p2p")), runtime_.shard(0).now());
    node_->on_event([this](const p2p::SwitchEvent& event) {
      peer_lines_->on_event(event, runtime_.shard(0).now());
    });
  }
  node_->on_book_state([this](const addrbook::Store::State& state) { on_book_state(state); });
  return {};
}

Result<void> Node::take_address() {
  const auto at = p2p::listen_address(settings_.config.p2p.laddr);
  auto held = at ? runtime_.hold(*at) : tl::unexpected(at.error());
  const auto lock = addrbook::with_suffix(settings_.book_file, ".lock");
  if (!held && addrbook::FileLock::is_held(lock)) {  // by the node of this very home
    return fail(Stage::configuration, addrbook::BookReason::book_in_use,
                lock.string() + " is locked; and " + held.error().detail);
  }
  return held;
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
  const BookHome home = {settings_.home, settings_.config, settings_.networks, settings_.book_file,
                         id};
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
  using Condition = addrbook::Store::State::Condition;
  if (state.condition == Condition::degraded) {
    book_unsaved_ = true;
    log_.write(LogLevel::error, "the address book cannot be saved; trying again",
               {{"why", state.failure ? state.failure->text() : ""}});
  } else if (state.condition == Condition::healthy && std::exchange(book_unsaved_, false)) {
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
  log_book(node_->opened());
  runtime_.shard(0).post([this] {
    summary_ = runtime_.shard(0).make_timer([this] { summarise(); });
    arm_summary();
    if (mirror_) mirror_->start();
  });
  if (heartbeat_) heartbeat_->start();
  node_->report([this](const pex::PexReport& report) { log_networks(report); });
  return {};
}

void Node::log_book(const pex::NetworkBooks::Opened& opened) {
  const addrbook::Report& report = opened.report;
  if (!report.moved_to.empty()) {
    log_.write(LogLevel::warn, "the address book was moved aside",
               {{"to", report.moved_to.string()},
                {"why", report.why},
                {"salvaged", count(report.salvaged)}});
  }
  if (report.dropped.total() > 0) {
    log_.write(LogLevel::warn, "rows of the address book were dropped",
               {{"rows", report.dropped.text()}});
  }
  if (book_is_new_ || report.found == addrbook::Report::Found::nothing) {
    log_.write(LogLevel::warn, "a new address book was made",
               {{"file", settings_.book_file.string()}});
  }
  if (report.kept == addrbook::Report::Kept::by_journal) {
    log_.write(LogLevel::warn,
               "the file system has no shared memory: the address book is kept without a "
               "write-ahead log; saving is slower, and readers and the node wait for each other",
               {{"file", settings_.book_file.string()}});
  }
  log_.write(LogLevel::info, "address book",
             {{"file", settings_.book_file.string()},
              {"addresses", count(opened.addresses)},
              {"bans", count(opened.bans)}});
  if (knows_nobody(settings_.config, opened.addresses)) {
    log_.write(LogLevel::warn, kKnowsNobody);
  }
}

Result<void> Node::stop() {
  runtime_.shard(0).post([this] {
    summary_.reset();
    if (mirror_) mirror_->stop();
  });
  const auto saved = node_->stop(kStopLimit);
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

// --- reloading the lists ---

void Node::reload(const Settings& fresh) {
  const P2pConfig& to = fresh.config.p2p;
  node_->update_lists({fresh.config.seeds, to.persistent_peers, to.unconditional_peer_ids,
                       to.private_peer_ids, fresh.config.named_nodes});
  for (const Overruled& each : fresh.overruled) {
    log_.write(LogLevel::warn,
               "a list of the file has no effect: a variable or an option overrides it",
               {{"list", each.key}, {"by", each.by}});
  }
  log_.write(LogLevel::info, "lists read again",
             {{"persistent", count(to.persistent_peers.size())},
              {"seeds", count(fresh.config.seeds.size())},
              {"unconditional", count(to.unconditional_peer_ids.size())},
              {"private", count(to.private_peer_ids.size())},
              {"named", count(fresh.config.named_nodes.size())}});
}

// --- status ---

void Node::arm_summary() {
  const conn::Duration pause = summary_interval(settings_.config);
  if (pause > conn::Duration(0)) summary_->arm(runtime_.shard(0).now() + pause);
}

void Node::summarise() {
  arm_summary();
  node_->report([this](const pex::PexReport& report) { write_summary(report); });
}

void Node::log_networks(const pex::PexReport& report) {
  if (report.books.size() < 2) return;
  for (const auto& book : report.books) {
    log_.write(LogLevel::info, "network",
               {{"network", conn::printable(book.network)},
                {"book_new", book.in_new},
                {"book_old", book.in_tried},
                {"book_verified", book.verified},
                {"served", book.answers}});
  }
}

void Node::write_summary(const pex::PexReport& report) {
  const auto now = node_->get_switch().snapshot();
  pex::PexReport::Book all;
  for (const auto& book : report.books) {
    all.in_new += book.in_new;
    all.in_tried += book.in_tried;
    all.verified += book.verified;
  }
  std::vector<conn::LogField> fields = {{"in", count_of(*now, p2p::Direction::inbound)},
                                        {"out", count_of(*now, p2p::Direction::outbound)},
                                        {"peers", count(now->peers.size())},
                                        {"dialling", count(now->dialling)},
                                        {"book_new", count(all.in_new)},
                                        {"book_old", count(all.in_tried)},
                                        {"book_verified", count(all.verified)},
                                        {"served", report.counts.answers},
                                        {"visits", report.visits_made},
                                        {"bans", count(report.bans)},
                                        {"held_back", node_->get_switch().peer_log().held_back()}};
  if (now->persistent_named > 0) {
    fields.push_back({"persistent", std::to_string(now->persistent) + "/" +
                                        std::to_string(now->persistent_named)});
  }
  for (auto& field : refusals_.since_last(node_->get_switch().counters())) {
    fields.push_back(std::move(field));
  }
  log_.write(LogLevel::info, "summary", fields);
  log_networks(report);
}

std::string Node::status_line() const {
  const auto now = node_->get_switch().snapshot();
  return count_of(*now, p2p::Direction::inbound).text() + " peers in, " +
         count_of(*now, p2p::Direction::outbound).text() + " out";
}

}  // namespace peerage::cmd
