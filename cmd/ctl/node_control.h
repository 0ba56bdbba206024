// Live control of a running node: a table of verbs (cmd/ctl/verbs.h has their names and
// parameters), each a function, and the events of the switch.
//
// The verbs about peers, bans, discovery and the node itself are in it from the start; whoever has
// more adds them. A verb is given parameters that are those of its declaration, and answers when
// what it was asked for is so: nothing is answered "in progress". What it does is done once however
// often it is asked, and a result says in `changed` whether this call did it.
//
// Each call is answered exactly once: one whose verb lets go of its `done` without a word, because
// the node stops, has failed as `stopping`.
//
// Threads: made, and `add` called, before the node's start; see Control for the rest. Verbs run on
// the control shard, or on a thread of their own if they read or write files; their answers may
// come on any. It may go while the node runs, when nobody calls it any more.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/ctl/control.h"
#include "pex/node.h"

namespace peerage::cmd {

class NodeControl final : public Control {
 public:
  struct Settings {
    std::string version{};
    // Why the node is not ready for use; empty: it is. Any thread. Not set: only drain makes it so.
    std::function<std::vector<std::string>()> not_ready{};
    // Stops the program, as SIGTERM does; called after `stop` was answered, once. Any thread.
    std::function<void()> stop{};
  };
  // The node outlives the calls.
  NodeControl(pex::Node& node, Settings settings);
  ~NodeControl() override;

  // `done` may be called at once, or later, on any thread; more than once is as once.
  using Verb = std::function<void(const CtlCall& call, CtlDone done)>;
  enum class Runs : std::uint8_t { on_the_control_shard, apart };
  // In place of the one of this name, if there is one.
  void add(std::string_view name, Verb verb, Runs where = Runs::on_the_control_shard);

  void call(CtlCall call, CtlDone done) override;
  Subscription subscribe(std::vector<std::string> types,
                         std::function<void(const std::string& event)> event) override;
  void unsubscribe(Subscription subscription) override;

 private:
  struct Core;
  const std::shared_ptr<Core> core_;
};

}  // namespace peerage::cmd
