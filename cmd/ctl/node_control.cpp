#include "cmd/ctl/node_control.h"

#include <atomic>
#include <map>
#include <utility>

#include "cmd/ctl/answers.h"
#include "cmd/ctl/ban_verbs.h"
#include "cmd/ctl/discovery_verbs.h"
#include "cmd/ctl/event_feed.h"
#include "cmd/ctl/node_verbs.h"
#include "cmd/ctl/peer_verbs.h"
#include "cmd/ctl/verb_context.h"

namespace peerage::cmd {
namespace {

// Answers once, whoever calls how often; and if nobody does, when the last holder lets go.
class Answer {
 public:
  explicit Answer(CtlDone done) : done_(std::move(done)) {}
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  ~Answer() { give(refuse("stopping", "the node stops")); }

  void give(CtlResult result) {
    if (!given_.exchange(true)) done_(std::move(result));
  }

 private:
  const CtlDone done_;
  std::atomic<bool> given_ = false;
};

}  // namespace

struct NodeControl::Core {
  Core(pex::Node& its_node, Settings its_settings)
      : settings(std::move(its_settings)),
        context(std::make_shared<VerbContext>(its_node)),
        apart(its_node.runtime().make_executor()) {}

  const Settings settings;
  const SharedContext context;
  const std::unique_ptr<conn::Executor> apart;
  EventFeed feed;
  struct Entry {
    Verb run;
    Runs where = Runs::on_the_control_shard;
  };
  std::map<std::string, Entry, std::less<>> verbs;  // fixed once the node has started
  std::atomic<bool> gone = false;                   // the owner has let go

  void on_event(const p2p::SwitchEvent& event) {
    if (gone) return;
    const conn::TimePoint now = context->control.now();
    context->history.on_event(event, now);
    context->dials->on_event(event);
    feed.on_event(event, now, context->node.runtime().wall_now());
  }
};

NodeControl::NodeControl(pex::Node& node, Settings settings)
    : core_(std::make_shared<Core>(node, std::move(settings))) {
  node.on_event([core = core_](const p2p::SwitchEvent& event) { core->on_event(event); });
  for (const auto& verbs :
       {peer_verbs(core_->context), ban_verbs(core_->context),
        node_verbs(core_->context, core_->settings), discovery_verbs(core_->context)}) {
    for (const NamedVerb& each : verbs) add(each.name, each.run, each.where);
  }
}

NodeControl::~NodeControl() {
  core_->gone = true;
}

void NodeControl::add(std::string_view name, Verb verb, Runs where) {
  core_->verbs.insert_or_assign(std::string(name), Core::Entry{std::move(verb), where});
}

void NodeControl::call(CtlCall call, CtlDone done) {
  const auto found = core_->verbs.find(call.verb);
  const auto answer = std::make_shared<Answer>(std::move(done));
  const bool known = found != core_->verbs.end();
  const auto run = [answer, call = std::move(call), verb = known ? found->second.run : Verb()] {
    if (!verb) return answer->give(refuse("unknown_verb", "this node has no such verb"));
    verb(call, [answer](CtlResult result) { answer->give(std::move(result)); });
  };
  if (known && found->second.where == Runs::apart) return core_->apart->post(run);
  core_->context->control.post(run);
}

Control::Subscription NodeControl::subscribe(std::vector<std::string> types,
                                             std::function<void(const std::string& event)> event) {
  return core_->feed.add(types, std::move(event));
}

void NodeControl::unsubscribe(Subscription subscription) {
  core_->feed.remove(subscription);
}

}  // namespace peerage::cmd
