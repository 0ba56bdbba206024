#include "cmd/ctl/list_verbs.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "cmd/ctl/answers.h"
#include "cmd/ctl/gone_watch.h"
#include "cmd/ctl/target.h"
#include "conn/base/bytes.h"
#include "p2p/base/peer_reason.h"

namespace peerage::cmd {
namespace {

using conn::HostAddress;
using conn::NodeId;
using Json = nlohmann::ordered_json;
template <typename T>
using Checked = tl::expected<T, CtlError>;

std::vector<HostAddress> of_id(const std::vector<HostAddress>& list, const NodeId& id) {
  std::vector<HostAddress> found;
  std::copy_if(list.begin(), list.end(), std::back_inserter(found),
               [&id](const HostAddress& each) { return each.id == id; });
  return found;
}

bool contains(const std::vector<NodeId>& list, const NodeId& id) {
  return std::find(list.begin(), list.end(), id) != list.end();
}

LiveSettings::Save save_of(const CtlCall& call) {
  return flag_of(call, "save") ? LiveSettings::Save::yes : LiveSettings::Save::no;
}

class ListVerbs : public std::enable_shared_from_this<ListVerbs> {
 public:
  ListVerbs(pex::Node& node, std::shared_ptr<LiveSettings> settings)
      : node_(node),
        settings_(std::move(settings)),
        gone_(std::make_shared<GoneWatch>(node.get_switch(), node.runtime().shard(0))),
        work_(node.runtime().make_executor()) {}

  using Method = void (ListVerbs::*)(const CtlCall&, const CtlDone&);
  NamedVerb named(std::string_view name, Method method) {
    return {name, [self = shared_from_this(), method](const CtlCall& call, CtlDone done) {
              ListVerbs* const verbs = self.get();  // it waits for what runs apart when it goes
              verbs->work_->post(
                  [verbs, method, call, done = std::move(done)] { (verbs->*method)(call, done); });
            }};
  }

  // --- apart ---

  void add(const CtlCall& call, const CtlDone& done) {
    const auto address = find_address(text_of(call, "address"));
    if (!address) return done(tl::unexpected(address.error()));
    const std::string network = text_of(call, "network");
    ControlWords words;
    if (flag_of(call, "persistent")) words.persistent_peers.say(*address, Word::added);
    if (flag_of(call, "unconditional")) words.unconditional_ids.say(address->id, Word::added);
    if (flag_of(call, "private")) words.private_ids.say(address->id, Word::added);
    if (auto fits = check_add(call, *address, words); !fits) {
      return done(tl::unexpected(fits.error()));
    }
    const auto changed = say(call, words);
    if (!changed) return done(tl::unexpected(changed.error()));
    if (words.persistent_peers.size() > 0) return tell_outlook(address->id, *changed, done);
    tell_book(*address, network, *changed, done);
  }

  void remove(const CtlCall& call, const CtlDone& done) {
    const auto id = id_of(call);
    if (!id) return done(tl::unexpected(id.error()));
    ControlWords words;
    for (const pex::NodeLists& lists : all_lists()) {
      for (const auto& each : of_id(lists.persistent_peers, *id)) {
        words.persistent_peers.say(each, Word::removed);
      }
      if (contains(lists.unconditional_ids, *id)) words.unconditional_ids.say(*id, Word::removed);
      if (contains(lists.private_ids, *id)) words.private_ids.say(*id, Word::removed);
    }
    const auto changed = say(call, words);
    if (!changed) return done(tl::unexpected(changed.error()));
    const auto peer = node_.get_switch().find_peer(*id);
    if (!peer || !flag_of(call, "disconnect")) {
      return when_in_force(done, removed(*id, *changed, peer != nullptr));
    }
    node_.get_switch().stop_peer(*peer,
                                 {conn::Stage::established, p2p::PeerReason::disconnected, {}});
    gone_->when_gone(peer, [done, id = *id, &net = node_.get_switch()] {
      done(removed(id, true, net.find_peer(id) != nullptr));
    });
  }

  void set(const CtlCall& call, const CtlDone& done) {
    const auto id = id_of(call);
    if (!id) return done(tl::unexpected(id.error()));
    if (!truth_of(call, "persistent") && !truth_of(call, "unconditional") &&
        !truth_of(call, "private")) {
      return done(misused("nothing is to be set",
                          "name one of --persistent, --unconditional and --private"));
    }
    if (truth_of(call, "persistent") != true) return set_to(call, *id, {}, done);
    const auto addresses = addresses_of(*id);
    if (!addresses.empty() || node_.books() == nullptr) {
      return set_to(call, *id, addresses, done);
    }
    node_.look([weak = weak_from_this(), call, id = *id, done](pex::NetworkBooks& books) {
      std::vector<HostAddress> known;
      for (std::size_t i = 0; i < books.size() && known.empty(); ++i) {
        for (const auto* each : books.at(i).find(id))
          known.push_back(HostAddress::of(each->address));
      }
      const auto self = weak.lock();
      if (!self) return;
      ListVerbs* const verbs = self.get();
      verbs->work_->post([verbs, call, id, known, done] { verbs->set_to(call, id, known, done); });
    });
  }

  void list_seeds(const CtlCall&, const CtlDone& done) {
    const auto named = settings_->settings().config.seeds;
    Json seeds = Json::array();
    for (const HostAddress& each : settings_->lists().seeds) {
      const bool by_settings = std::find(named.begin(), named.end(), each) != named.end();
      seeds.push_back({{"address", each.to_string()}, {"from", by_settings ? "settings" : "ctl"}});
    }
    done(answer({{"seeds", std::move(seeds)}}));
  }

  void add_seed(const CtlCall& call, const CtlDone& done) {
    const auto address = find_address(text_of(call, "address"));
    if (!address) return done(tl::unexpected(address.error()));
    ControlWords words;
    words.seeds.say(*address, Word::added);
    tell_seeds(call, words, done);
  }

  void remove_seed(const CtlCall& call, const CtlDone& done) {
    const auto id = id_of(call);
    if (!id) return done(tl::unexpected(id.error()));
    ControlWords words;
    for (const pex::NodeLists& lists : all_lists()) {
      for (const auto& each : of_id(lists.seeds, *id)) words.seeds.say(each, Word::removed);
    }
    tell_seeds(call, words, done);
  }

 private:
  // What is in force, and what the settings say without `ctl`.
  std::vector<pex::NodeLists> all_lists() const {
    return {settings_->lists(), lists_of(settings_->settings().config)};
  }

  static CtlResult removed(const NodeId& id, bool changed, bool connected) {
    return answer({{"id", id.to_string()}, {"changed", changed}, {"connected", connected}});
  }

  // After what was posted there so far.
  void when_in_force(const CtlDone& done, CtlResult outcome) const {
    node_.runtime().shard(0).post([done, outcome = std::move(outcome)] { done(outcome); });
  }

  Checked<bool> say(const CtlCall& call, const ControlWords& words) {
    if (words.empty()) return false;
    const auto changed = settings_->say(words, save_of(call));
    if (!changed) return refuse(changed.error());
    return *changed;
  }

  Checked<NodeId> id_of(const CtlCall& call) const {
    return find_id(text_of(call, "id"), known_ids());
  }

  // Of all that are connected or in a list.
  std::set<NodeId> known_ids() const {
    std::set<NodeId> ids;
    for (const auto& peer : node_.get_switch().peers()) ids.insert(peer->id());
    for (const pex::NodeLists& lists : all_lists()) {
      for (const auto& each : lists.persistent_peers) ids.insert(each.id);
      for (const auto& each : lists.seeds) ids.insert(each.id);
      ids.insert(lists.unconditional_ids.begin(), lists.unconditional_ids.end());
      ids.insert(lists.private_ids.begin(), lists.private_ids.end());
    }
    return ids;
  }

  Checked<void> check_add(const CtlCall& call, const HostAddress& address,
                          const ControlWords& words) const {
    if (address.id == node_.id()) {
      return refuse("own_address", address.id.to_string() + " is this node's own ID");
    }
    if (flag_of(call, "save") && words.empty()) {
      return misused("there is nothing to be saved",
                     "--save goes with --persistent, --unconditional or --private");
    }
    const std::string network = text_of(call, "network");
    const auto served = settings_->settings().networks;
    if (network.empty() || served.empty()) return {};
    if (std::find(served.begin(), served.end(), network) == served.end()) {
      return refuse("not_found", conn::printable(network, 64) + " is not served");
    }
    if (words.persistent_peers.size() > 0 && network != served.front()) {
      return refuse("not_supported", "persistent peers are dialled as a node of " +
                                         conn::printable(served.front(), 64) +
                                         ", the first network");
    }
    return {};
  }

  void tell_outlook(const NodeId& id, bool changed, const CtlDone& done, Json also = {}) const {
    node_.get_switch().dial_outlook(
        id, [id, changed, done, also = std::move(also),
             &control = node_.runtime().shard(0)](const p2p::DialOutlook& outlook) {
          using State = p2p::DialOutlook::State;
          Json object = {{"id", id.to_string()}, {"changed", changed}};
          if (!also.is_null()) object.update(also);
          object["state"] = outlook.state == State::connected  ? "connected"
                            : outlook.state == State::dialling ? "dialling"
                                                               : "resting";
          object["next_dial_s"] = nullptr;
          if (outlook.next) {
            const auto pause =
                std::chrono::ceil<std::chrono::seconds>(*outlook.next - control.now());
            object["next_dial_s"] = std::max<std::int64_t>(pause.count(), 0);
          }
          done(answer(object));
        });
  }

  // The book hears of it, unless it is a name, and it is dialled.
  void tell_book(const HostAddress& address, const std::string& network, bool changed,
                 const CtlDone& done) {
    const auto ip = conn::IpAddress::parse(address.host);
    if (!ip || node_.books() == nullptr) {
      node_.get_switch().dial(address, p2p::DialPurpose::requested, network);
      return tell_outlook(address.id, changed, done);
    }
    const conn::NetAddress known{address.id, {*ip, address.port}};
    node_.look([weak = weak_from_this(), known, network, changed, done](pex::NetworkBooks& books) {
      const auto self = weak.lock();
      if (!self) return;
      auto* const book = network.empty() ? &books.first() : books.find(network);
      const bool added = book != nullptr &&
                         book->add(known, {known.endpoint.ip, {}, addrbook::Origin::configuration},
                                   books.now()) == addrbook::Added::added;
      books.changed();
      self->node_.get_switch().dial(HostAddress::of(known), p2p::DialPurpose::requested, network);
      self->tell_outlook(known.id, changed || added, done);
    });
  }

  // Where it may be dialled, without the book.
  std::vector<HostAddress> addresses_of(const NodeId& id) const {
    for (const pex::NodeLists& lists : all_lists()) {
      auto named = of_id(lists.persistent_peers, id);
      if (!named.empty()) return named;
    }
    const auto peer = node_.get_switch().find_peer(id);
    if (peer && peer->dialled()) return {*peer->dialled()};
    return of_id(settings_->lists().seeds, id);
  }

  // `addresses`: where it is dialled, if it is to be persistent.
  void set_to(const CtlCall& call, const NodeId& id, const std::vector<HostAddress>& addresses,
              const CtlDone& done) {
    ControlWords words;
    const auto persistent = truth_of(call, "persistent");
    if (persistent == true && id == node_.id()) {
      return done(refuse("own_address", id.to_string() + " is this node's own ID"));
    }
    if (persistent == true && addresses.empty()) {
      return done(refuse("not_found", "no address of " + id.to_string() + " is known",
                         "peerage ctl add ID@HOST:PORT --persistent"));
    }
    if (persistent == true) {
      for (const HostAddress& each : addresses) words.persistent_peers.say(each, Word::added);
    }
    if (persistent == false) {
      for (const pex::NodeLists& lists : all_lists()) {
        for (const auto& each : of_id(lists.persistent_peers, id)) {
          words.persistent_peers.say(each, Word::removed);
        }
      }
    }
    const auto say_id = [&](const char* name, ListWords<NodeId>& words_of_list) {
      if (const auto truth = truth_of(call, name)) {
        words_of_list.say(id, *truth ? Word::added : Word::removed);
      }
    };
    say_id("unconditional", words.unconditional_ids);
    say_id("private", words.private_ids);
    const auto changed = say(call, words);
    if (!changed) return done(tl::unexpected(changed.error()));
    const pex::NodeLists now = settings_->lists();
    tell_outlook(id, *changed, done,
                 {{"persistent", !of_id(now.persistent_peers, id).empty()},
                  {"unconditional", contains(now.unconditional_ids, id)},
                  {"private", contains(now.private_ids, id)}});
  }

  void tell_seeds(const CtlCall& call, const ControlWords& words, const CtlDone& done) {
    const auto changed = say(call, words);
    if (!changed) return done(tl::unexpected(changed.error()));
    when_in_force(done,
                  answer({{"changed", *changed}, {"seeds", settings_->lists().seeds.size()}}));
  }

  pex::Node& node_;
  const std::shared_ptr<LiveSettings> settings_;
  const std::shared_ptr<GoneWatch> gone_;
  const std::unique_ptr<conn::Executor> work_;  // destroyed first: it waits for what has begun
};

}  // namespace

std::vector<NamedVerb> list_verbs(pex::Node& node, std::shared_ptr<LiveSettings> settings) {
  const auto verbs = std::make_shared<ListVerbs>(node, std::move(settings));
  return {verbs->named("add", &ListVerbs::add),
          verbs->named("remove", &ListVerbs::remove),
          verbs->named("set", &ListVerbs::set),
          verbs->named("seeds list", &ListVerbs::list_seeds),
          verbs->named("seeds add", &ListVerbs::add_seed),
          verbs->named("seeds remove", &ListVerbs::remove_seed)};
}

}  // namespace peerage::cmd
