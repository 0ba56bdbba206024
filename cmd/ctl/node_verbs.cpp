#include "cmd/ctl/node_verbs.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "cmd/ctl/answers.h"
#include "cmd/ctl/peer_json.h"
#include "conn/base/bytes.h"
#include "conn/runtime/shard_owned.h"

namespace peerage::cmd {
namespace {

class NodeVerbs : public std::enable_shared_from_this<NodeVerbs> {
 public:
  NodeVerbs(SharedContext context, NodeControl::Settings settings)
      : context_(std::move(context)),
        settings_(std::move(settings)),
        began_(context_->control.now()) {}

  using Method = void (NodeVerbs::*)(const CtlCall&, const CtlDone&);
  NamedVerb named(std::string_view name, Method method) {
    return {name, [self = shared_from_this(), method](const CtlCall& call, const CtlDone& done) {
              ((*self).*method)(call, done);
            }};
  }

  void status(const CtlCall& call, const CtlDone& done) {
    const auto snapshot = net().snapshot();
    std::vector<std::string> why;
    if (settings_.not_ready) why = settings_.not_ready();
    if (snapshot->draining && why.empty()) why.emplace_back("it drains");
    if (flag_of(call, "ready")) return done(answer({{"ready", why.empty()}, {"why", why}}));
    Json is = {
        {"version", settings_.version},
        {"id", context_->node.id().to_string()},
        {"networks", Json::array()},
        {"listen", net().listen_endpoint().to_string()},
        {"uptime_s", seconds_of(context_->control.now() - began_)},
        {"peers",
         {{"inbound", inbound(*snapshot)},
          {"outbound", snapshot->peers.size() - inbound(*snapshot)},
          {"persistent", snapshot->persistent},
          {"persistent_named", snapshot->persistent_named}}},
        {"slots", {{"inbound", snapshot->inbound_slots}, {"outbound", snapshot->outbound_slots}}},
        {"dialling", snapshot->dialling},
        {"book", Json::array()},
        {"store", store()},
        {"draining", snapshot->draining},
        {"ready", why.empty()},
        {"why", why}};
    pex::NetworkBooks* books = context_->node.books();
    for (std::size_t i = 0; books != nullptr && i < books->size(); ++i) {
      is["networks"].push_back(books->networks()[i]);
      is["book"].push_back(book_row(*books, i));
    }
    done(answer(is));
  }

  void networks(const CtlCall& /*call*/, const CtlDone& done) {
    Json rows = Json::array();
    pex::NetworkBooks* books = context_->node.books();
    const auto peers = net().peers();
    for (std::size_t i = 0; books != nullptr && i < books->size(); ++i) {
      Json row = book_row(*books, i);
      std::size_t connected = 0;
      for (const p2p::PeerPtr& peer : peers) connected += peer->network() == books->networks()[i];
      row["peers"] = connected;
      rows.push_back(std::move(row));
    }
    done(answer({{"networks", std::move(rows)}}));
  }

  void save(const CtlCall& /*call*/, const CtlDone& done) {
    context_->node.save([self = shared_from_this(), begun = context_->control.now(),
                         done](const conn::Result<std::size_t>& rows) {
      if (!rows) return done(refuse(rows.error()));
      done(answer({{"rows", *rows},
                   {"ms", milliseconds_of(self->context_->control.now() - begun)},
                   {"changed", *rows > 0}}));
    });
  }

  void drain(const CtlCall& call, const CtlDone& done) {
    using p2p::Draining;
    const Draining to = flag_of(call, "undo") ? Draining::no : Draining::yes;
    // A wish of its own: an earlier end does not hold for this one.
    timer_.reset();
    const auto span = duration_of(call, "for");
    if (to == Draining::yes && span) {
      timer_ = conn::shard_owned(context_->control,
                                 context_->control.make_timer([weak = weak_from_this()] {
                                   if (const auto self = weak.lock())
                                     self->net().drain(Draining::no);
                                 }));
      timer_->arm(context_->control.now() + *span);
    }
    net().drain(to, [self = shared_from_this(), to, done](bool changed) {
      done(answer({{"draining", to == Draining::yes},
                   {"peers_left", self->net().snapshot()->peers.size()},
                   {"changed", changed}}));
    });
  }

  void stop(const CtlCall& /*call*/, const CtlDone& done) {
    done(answer({{"stopping", true}, {"changed", !stopping_}}));
    if (!std::exchange(stopping_, true) && settings_.stop) settings_.stop();
  }

 private:
  p2p::Switch& net() const { return context_->node.get_switch(); }

  static std::size_t inbound(const p2p::SwitchSnapshot& snapshot) {
    std::size_t count = 0;
    for (const p2p::PeerPtr& peer : snapshot.peers) {
      count += peer->direction() == p2p::Direction::inbound;
    }
    return count;
  }

  static Json book_row(pex::NetworkBooks& books, std::size_t at) {
    const addrbook::AddressBook& book = books.at(at);
    return {{"network", books.networks()[at]},
            {"addresses", book.size()},
            {"resting", book.resting()},
            {"verified", book.verified()}};
  }

  Json store() const {
    const pex::NetworkBooks* books = context_->node.books();
    const auto* state = books == nullptr ? nullptr : books->file_state();
    if (state == nullptr) return nullptr;
    const bool ever = state->last_success != conn::WallTime{};
    return {{"queue", books->rows_waiting()},
            {"last_success", ever ? Json(time_text(state->last_success)) : Json(nullptr)},
            {"failure",
             state->failure ? Json(conn::printable(state->failure->text(), 512)) : Json(nullptr)}};
  }

  const SharedContext context_;
  const NodeControl::Settings settings_;
  const conn::TimePoint began_;
  std::shared_ptr<conn::Timer> timer_;  // that ends a drain
  bool stopping_ = false;
};

}  // namespace

std::vector<NamedVerb> node_verbs(const SharedContext& context,
                                  const NodeControl::Settings& settings) {
  const auto verbs = std::make_shared<NodeVerbs>(context, settings);
  return {verbs->named("status", &NodeVerbs::status),
          verbs->named("networks", &NodeVerbs::networks), verbs->named("save", &NodeVerbs::save),
          verbs->named("drain", &NodeVerbs::drain), verbs->named("stop", &NodeVerbs::stop)};
}

}  // namespace peerage::cmd
