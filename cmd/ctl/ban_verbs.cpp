#include "cmd/ctl/ban_verbs.h"

#include <algorithm>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "addrbook/file/contents.h"
#include "cmd/base/report_text.h"
#include "cmd/ctl/answers.h"
#include "cmd/ctl/peer_json.h"
#include "cmd/ctl/target.h"
#include "conn/base/bytes.h"
#include "p2p/base/peer_reason.h"

namespace peerage::cmd {
namespace {

using conn::BanTarget;
using conn::NodeId;
using p2p::Ban;

constexpr conn::Duration kBan = std::chrono::days(1);  // where no other is named
constexpr conn::Duration kForever = std::chrono::days(100 * 365);
constexpr conn::Duration kMoment = std::chrono::seconds(10);  // two of these are one command

const Ban* find(const std::vector<Ban>& bans, const BanTarget& target) {
  const auto found = std::find_if(bans.begin(), bans.end(),
                                  [&target](const Ban& each) { return each.target == target; });
  return found == bans.end() ? nullptr : &*found;
}

// Whether such a ban is in force already. The same command a moment later asks for the same ban,
// although its end has moved on; and so does one without an end, whenever it comes.
bool is_as(const Ban* had, const Ban& wish, conn::Duration span) {
  return had != nullptr && had->origin == wish.origin && had->reason == wish.reason &&
         (std::chrono::abs(had->until - wish.until) < std::min(kMoment, span / 2) ||
          (span == kForever && had->until - wish.until + span > kForever / 2));
}

void note_ids(std::set<NodeId>& ids, const std::vector<Ban>& bans) {
  for (const Ban& each : bans) {
    if (const auto* id = std::get_if<NodeId>(&each.target)) ids.insert(*id);
  }
}

class BanVerbs : public std::enable_shared_from_this<BanVerbs> {
 public:
  explicit BanVerbs(SharedContext context) : context_(std::move(context)) {}

  using Method = void (BanVerbs::*)(const CtlCall&, const CtlDone&);
  NamedVerb named(std::string_view name, Method method) {
    return {name, [self = shared_from_this(), method](const CtlCall& call, const CtlDone& done) {
              ((*self).*method)(call, done);
            }};
  }

  void ban(const CtlCall& call, const CtlDone& done) {
    const auto target = find_target(text_of(call, "target"), known_ids());
    const auto why = reason_of(call);
    if (!target || !why) return done(tl::unexpected(target ? why.error() : target.error()));
    const auto span = flag_of(call, "forever") ? kForever : duration_of(call, "for").value_or(kBan);
    net().list_bans([self = shared_from_this(), target = *target, why = *why, span,
                     done](const std::vector<Ban>& had) {
      const Ban wish = {target, self->now() + span, why, conn::BanOrigin::operator_};
      const auto under = self->context_->peers_under(target);
      const bool changed = !is_as(find(had, target), wish, span);
      self->net().ban(target, span, why, wish.origin,
                      self->when_done(wish, under, changed, self->when_saved(done)));
    });
  }

  void disconnect(const CtlCall& call, const CtlDone& done) {
    const auto target = find_target(text_of(call, "target"), known_ids());
    const auto why = reason_of(call);
    if (!target || !why) return done(tl::unexpected(target ? why.error() : target.error()));
    if (const auto span = duration_of(call, "for")) return hold_off(*target, *span, *why, done);
    const auto under = context_->peers_under(*target);
    for (const p2p::PeerPtr& peer : under) {
      net().stop_peer(*peer, {conn::Stage::established, p2p::PeerReason::disconnected, *why});
    }
    context_->when_gone(under, [target = *target, n = under.size(), done] {
      done(answer({{"target", to_string(target)}, {"disconnected", n}, {"changed", n > 0}}));
    });
  }

  void unban(const CtlCall& call, const CtlDone& done) {
    // What is kept out besides: a prefix may be of any of them.
    list([self = shared_from_this(), text = text_of(call, "target"), done](
             const std::vector<Ban>& bans, const std::vector<Ban>& held) {
      std::set<NodeId> ids = self->known_ids();
      note_ids(ids, bans);
      note_ids(ids, held);
      const auto target = find_target(text, ids);
      if (!target) return done(tl::unexpected(target.error()));
      const bool was_banned = find(bans, *target) != nullptr;
      self->net().unban(*target);
      self->net().let_back(*target, [self, target = *target, was_banned,
                                     done = self->when_saved(done)](bool was_held) {
        self->tell_unbanned(target, was_banned || was_held, done);
      });
    });
  }

  void bans(const CtlCall& call, const CtlDone& done) {
    list([self = shared_from_this(), active = flag_of(call, "active"), done](
             const std::vector<Ban>& bans, const std::vector<Ban>& held) {
      Json rows = Json::array();
      for (const Ban& each : bans) rows.push_back(self->row(each, "ban"));
      for (const Ban& each : held) rows.push_back(self->row(each, "disconnect"));
      if (!active) self->add_ended(rows);
      done(answer({{"bans", std::move(rows)}}));
    });
  }

 private:
  using Both = std::function<void(const std::vector<Ban>& bans, const std::vector<Ban>& held)>;

  p2p::Switch& net() const { return context_->node.get_switch(); }
  conn::TimePoint now() const { return context_->control.now(); }

  // Connected, or heard of lately.
  std::set<NodeId> known_ids() const {
    std::set<NodeId> ids = context_->connected_ids();
    ids.merge(context_->history.ids());
    return ids;
  }

  static tl::expected<std::string, CtlError> reason_of(const CtlCall& call) {
    static constexpr std::size_t kMost = addrbook::BanRow::kMaxReason;
    std::string reason = text_of(call, "reason");
    if (reason.size() <= kMost && conn::printable(reason, kMost) == reason) return reason;
    return misused("reason: it has more than " + std::to_string(kMost) +
                   " characters, or some that are not printable ASCII");
  }

  void list(const Both& into) const {
    net().list_bans([self = shared_from_this(), into](const std::vector<Ban>& bans) {
      self->net().list_held_off([bans, into](const std::vector<Ban>& held) { into(bans, held); });
    });
  }

  void hold_off(const BanTarget& target, conn::Duration span, const std::string& why,
                const CtlDone& done) {
    net().list_held_off(
        [self = shared_from_this(), target, span, why, done](const std::vector<Ban>& had) {
          const Ban wish = {target, self->now() + span, why, conn::BanOrigin::operator_};
          const auto under = self->context_->peers_under(target);
          const bool changed = !under.empty() || !is_as(find(had, target), wish, span);
          self->net().hold_off(target, span, why, self->when_done(wish, under, changed, done));
        });
  }

  // Before the answer it is on the disk, so that no crash after it undoes what was done.
  CtlDone when_saved(const CtlDone& done) const {
    return [self = shared_from_this(), done](const CtlResult& result) {
      if (!result) return done(result);
      self->context_->node.save([result, done](const conn::Result<std::size_t>& saved) {
        if (saved) return done(result);
        done(refuse("not_saved", "it is so, but not saved, and perhaps not after a restart: " +
                                     saved.error().text()));
      });
    };
  }

  // What is answered when a ban, or a wish, is in force or refused.
  p2p::Switch::Asked when_done(const Ban& wish, const std::vector<p2p::PeerPtr>& under,
                               bool changed, const CtlDone& done) const {
    return [self = shared_from_this(), wish, under, changed, done](const conn::Result<void>& is) {
      if (!is) return done(refuse(is.error()));
      self->context_->when_gone(under, [self, wish, n = under.size(), changed, done] {
        done(answer({{"target", to_string(wish.target)},
                     {"until", self->until(wish)},
                     {"reason", wish.reason},
                     {"disconnected", n},
                     {"changed", changed}}));
      });
    };
  }

  // One that is lifted may leave another in force: the network's that it is in.
  void tell_unbanned(const BanTarget& target, bool changed, const CtlDone& done) const {
    list([target, changed, done](const std::vector<Ban>& bans, const std::vector<Ban>& held) {
      Json still = Json::array();
      const auto* network = std::get_if<conn::Cidr>(&target);
      for (const std::vector<Ban>* all : {&bans, &held}) {
        for (const Ban& each : *all) {
          const auto* other = std::get_if<conn::Cidr>(&each.target);
          const bool covers = network != nullptr && other != nullptr && other->overlaps(*network);
          if (covers) still.push_back(to_string(each.target));
        }
      }
      done(answer({{"target", to_string(target)},
                   {"changed", changed},
                   {"still_banned_by", std::move(still)}}));
    });
  }

  Json until(const Ban& ban) const {
    return time_json(ban.until, now(), context_->node.runtime().wall_now());
  }
  Json row(const Ban& ban, std::string_view by) const {
    return {{"target", to_string(ban.target)},
            {"by", by},
            {"until", until(ban)},
            {"reason", conn::printable(ban.reason, addrbook::BanRow::kMaxReason)},
            {"origin", name(ban.origin)},
            {"active", true}};
  }
  void add_ended(Json& rows) const {
    const pex::NetworkBooks* books = context_->node.books();
    if (books == nullptr) return;
    for (const addrbook::BanRow& each : books->ended_bans()) {
      rows.push_back({{"target", to_string(each.target)},
                      {"by", "ban"},
                      {"until", stamp(each.until)},
                      {"reason", conn::printable(each.reason, addrbook::BanRow::kMaxReason)},
                      {"origin", name(each.origin)},
                      {"active", false}});
    }
  }

  const SharedContext context_;
};

}  // namespace

std::vector<NamedVerb> ban_verbs(const SharedContext& context) {
  const auto verbs = std::make_shared<BanVerbs>(context);
  return {verbs->named("ban", &BanVerbs::ban), verbs->named("unban", &BanVerbs::unban),
          verbs->named("bans", &BanVerbs::bans), verbs->named("disconnect", &BanVerbs::disconnect)};
}

}  // namespace peerage::cmd
