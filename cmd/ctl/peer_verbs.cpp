#include "cmd/ctl/peer_verbs.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "cmd/ctl/answers.h"
#include "cmd/ctl/peer_json.h"
#include "cmd/ctl/target.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

using conn::NodeId;
using p2p::PeerPtr;

constexpr conn::Duration kPatience = std::chrono::seconds(10);  // of a dial
constexpr conn::Duration kMostPatience = std::chrono::minutes(5);

std::string_view purpose_text(p2p::DialPurpose purpose) {
  switch (purpose) {
    case p2p::DialPurpose::persistent:
      return "a persistent peer";
    case p2p::DialPurpose::sticky:
      return "a peer of long standing that was lost";
    case p2p::DialPurpose::requested:
      return "an address of the book, or asked for";
    case p2p::DialPurpose::feeler:
      return "to see whether the address is alive";
    case p2p::DialPurpose::rotation:
      return "to replace another peer";
  }
  return "";
}

std::string_view name(PeerHistory::Ended::What what) {
  using What = PeerHistory::Ended::What;
  return what == What::dial ? "dial" : what == What::arrival ? "arrival" : "connection";
}

// A row of `peers`, and what it can be sorted by.
struct Row {
  Json json;
  std::string id, moniker;
  double age = 0, rtt = 0, sent = 0, received = 0, queued = 0;
};

Row row_of(const PeerPtr& peer) {
  const p2p::PeerStatus status = peer->status();
  const conn::ConnectionStatus& connection = status.connection;
  Row row;
  row.json = peer_json(*peer);
  row.id = row.json["id"];
  row.moniker = row.json["moniker"];
  row.age = seconds_of(connection.age);
  row.rtt = connection.round_trip ? seconds_of(*connection.round_trip) : -1;
  row.sent = static_cast<double>(connection.sent_bytes);
  row.received = static_cast<double>(connection.received_bytes);
  row.queued = static_cast<double>(connection.queued_bytes);
  row.json["age_s"] = row.age;
  row.json["rtt_ms"] = milliseconds_of(connection.round_trip);
  row.json["sent"] = connection.sent_bytes;
  row.json["received"] = connection.received_bytes;
  row.json["queued"] = connection.queued_bytes;
  return row;
}

// The most first; texts in their order.
void sort_by(std::vector<Row>& rows, const std::string& key) {
  const auto most = [&rows](double Row::*of) {
    std::stable_sort(rows.begin(), rows.end(),
                     [of](const Row& a, const Row& b) { return a.*of > b.*of; });
  };
  if (key == "id" || key == "moniker") {
    const auto of = key == "id" ? &Row::id : &Row::moniker;
    std::stable_sort(rows.begin(), rows.end(),
                     [of](const Row& a, const Row& b) { return a.*of < b.*of; });
  } else {
    most(key == "rtt"        ? &Row::rtt
         : key == "sent"     ? &Row::sent
         : key == "received" ? &Row::received
         : key == "queued"   ? &Row::queued
                             : &Row::age);
  }
}

Json channels_json(const conn::ConnectionStatus& connection) {
  Json channels = Json::array();
  for (const auto& channel : connection.channels) {
    channels.push_back({{"id", channel.descriptor.id},
                        {"priority", channel.descriptor.priority},
                        {"queued_messages", channel.load.messages},
                        {"queued_bytes", channel.load.bytes},
                        {"sent_messages", channel.sent.messages},
                        {"sent_bytes", channel.sent.bytes},
                        {"refused", channel.sent.refused}});
  }
  return channels;
}

class PeerVerbs : public std::enable_shared_from_this<PeerVerbs> {
 public:
  explicit PeerVerbs(SharedContext context) : context_(std::move(context)) {}

  using Method = void (PeerVerbs::*)(const CtlCall&, const CtlDone&);
  NamedVerb named(std::string_view name, Method method) {
    return {name, [self = shared_from_this(), method](const CtlCall& call, const CtlDone& done) {
              ((*self).*method)(call, done);
            }};
  }

  void peers(const CtlCall& call, const CtlDone& done) {
    const std::string network = text_of(call, "network");
    const std::string direction = text_of(call, "direction"), kind = text_of(call, "kind");
    std::vector<Row> rows;
    for (const PeerPtr& peer : context_->node.get_switch().peers()) {
      if (!network.empty() && peer->network() != network) continue;
      if (!direction.empty() && direction_of(*peer) != direction) continue;
      if (!kind.empty() && kind_of(*peer) != kind) continue;
      rows.push_back(row_of(peer));
    }
    sort_by(rows, text_of(call, "sort"));
    Json all = Json::array();
    for (Row& row : rows) all.push_back(std::move(row.json));
    done(answer({{"peers", std::move(all)}}));
  }

  void peer(const CtlCall& call, const CtlDone& done) {
    std::set<NodeId> known = context_->connected_ids();
    known.merge(context_->history.ids());
    const auto id = find_id(text_of(call, "id"), known);
    if (!id) return done(tl::unexpected(id.error()));
    Json found = {{"id", id->to_string()}};
    const PeerPtr peer = context_->node.get_switch().find_peer(*id);
    found["connected"] = peer != nullptr;
    if (peer) add_connection(found, *peer);
    Json failures = failures_of(*id), book = book_of(*id);
    if (!peer && failures.empty() && book.empty()) {
      return done(refuse("not_found", "nothing is known of " + id->to_string(),
                         "`peerage ctl peers` lists those that are connected"));
    }
    found["failures"] = std::move(failures);
    found["book"] = std::move(book);
    done(answer(found));
  }

  void dial(const CtlCall& call, const CtlDone& done) {
    const auto address = find_address(text_of(call, "address"));
    if (!address) return done(tl::unexpected(address.error()));
    if (address->id == context_->node.id()) {
      return done(refuse("invalid_argument", "that is this node itself"));
    }
    const auto within = std::min(duration_of(call, "wait").value_or(kPatience), kMostPatience);
    const bool was = context_->node.get_switch().find_peer(address->id) != nullptr;
    const auto told = [done, was, within](const DialWatch::Outcome& outcome) {
      tell_dial(outcome, was, within, done);
    };
    if (!context_->dials->dial(*address, within, told)) {
      done(refuse("too_many", "too many dials are waited for", "try again in a moment"));
    }
  }

  void visit(const CtlCall& call, const CtlDone& done) {
    const std::string target = text_of(call, "target");
    std::optional<NodeId> id;
    if (!target.empty() && target != "all") {
      const auto found = find_id(target, known_to_books());
      if (!found) return done(tl::unexpected(found.error()));
      id = *found;
    }
    context_->node.visit(id, [done, id](const conn::Result<pex::AskedVisits>& asked) {
      if (!asked) return done(refuse(asked.error()));
      if (id && asked->known == 0) {
        return done(refuse("not_found", "no book has an address of " + id->to_string()));
      }
      done(answer(
          {{"queued", asked->queued}, {"known", asked->known}, {"changed", asked->queued > 0}}));
    });
  }

 private:
  static void tell_dial(const DialWatch::Outcome& outcome, bool was, conn::Duration within,
                        const CtlDone& done) {
    using Kind = DialWatch::Outcome::Kind;
    if (outcome.kind == Kind::connected) {
      return done(answer(
          {{"result", "connected"}, {"ms", milliseconds_of(outcome.took)}, {"changed", !was}}));
    }
    if (outcome.kind == Kind::too_late || !outcome.failure) {
      return done(
          refuse("timed_out",
                 "the dial had no outcome within " +
                     std::to_string(std::chrono::ceil<std::chrono::seconds>(within).count()) + " s",
                 "it goes on; --wait waits longer"));
    }
    const conn::Failure& why = *outcome.failure;
    done(answer({{"result", "failed"},
                 {"stage", name(why.stage)},
                 {"reason", name(why.reason)},
                 {"text", conn::printable(why.text(), 512)},
                 {"hint", hint(why.reason)},
                 {"ms", milliseconds_of(outcome.took)},
                 {"changed", false}}));
  }

  void add_connection(Json& into, const p2p::Peer& peer) const {
    const p2p::PeerStatus status = peer.status();
    const conn::ConnectionStatus& connection = status.connection;
    into.update(peer_json(peer));
    const p2p::DialPurpose* purpose = context_->history.purpose_of(peer.id());
    into["admitted"] = peer.direction() == p2p::Direction::inbound
                           ? "it dialled us, and there was a slot for it"
                       : purpose == nullptr ? ""
                                            : purpose_text(*purpose);
    into["dialled"] = peer.dialled() ? Json(peer.dialled()->to_string()) : Json(nullptr);
    into["listen_addr"] = conn::printable(peer.info().listen_addr);
    into["age_s"] = seconds_of(connection.age);
    into["silence_s"] = seconds_of(connection.silence);
    into["rtt_ms"] = milliseconds_of(connection.round_trip);
    into["sent"] = connection.sent_bytes;
    into["received"] = connection.received_bytes;
    into["queued"] = connection.queued_bytes;
    into["inbox"] = status.inbox_bytes;
    into["channels"] = channels_json(connection);
  }

  Json failures_of(const NodeId& id) const {
    Json failures = Json::array();
    const auto* ended = context_->history.failures_of(id);
    if (ended == nullptr) return failures;
    const conn::TimePoint now = context_->control.now();
    const conn::WallTime wall = context_->node.runtime().wall_now();
    for (const PeerHistory::Ended& each : *ended) {
      Json failure = failure_json(each.why);
      failure["of"] = name(each.what);
      failure["time"] = time_json(each.when, now, wall);
      failures.push_back(std::move(failure));
    }
    return failures;
  }

  Json book_of(const NodeId& id) const {
    Json rows = Json::array();
    pex::NetworkBooks* books = context_->node.books();
    if (books == nullptr) return rows;
    for (std::size_t i = 0; i < books->size(); ++i) {
      for (const addrbook::KnownAddress* known : books->at(i).find(id)) {
        Json row = {{"network", books->networks()[i]},
                    {"address", known->address.to_string()},
                    {"kind", addrbook::name(known->kind)},
                    {"failures", known->failures}};
        row["verified"] = known->last_verified == addrbook::kNever
                              ? Json(nullptr)
                              : Json(time_text(known->last_verified));
        rows.push_back(std::move(row));
      }
    }
    return rows;
  }

  std::set<NodeId> known_to_books() const {
    std::set<NodeId> ids;
    pex::NetworkBooks* books = context_->node.books();
    if (books == nullptr) return ids;
    for (std::size_t i = 0; i < books->size(); ++i) {
      books->at(i).for_each(
          [&ids](const addrbook::KnownAddress& known) { ids.insert(known.address.id); });
    }
    return ids;
  }

  const SharedContext context_;
};

}  // namespace

std::vector<NamedVerb> peer_verbs(const SharedContext& context) {
  const auto verbs = std::make_shared<PeerVerbs>(context);
  return {verbs->named("peers", &PeerVerbs::peers), verbs->named("peer", &PeerVerbs::peer),
          verbs->named("dial", &PeerVerbs::dial), verbs->named("visit", &PeerVerbs::visit)};
}

}  // namespace peerage::cmd
