#include "tests/sim/scenario/stage.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include <unistd.h>

#include "tests/sim/interrupt.h"

namespace peerage::sim {
namespace {

double hours_of(Duration span) {
  return std::chrono::duration<double, std::ratio<3600>>(span).count();
}

}  // namespace

std::size_t resident_bytes() {
  std::size_t total = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

Stage::Stage(std::string title, const ScenarioOptions& chosen)
    : options(chosen), world(chosen.seed), began_(world.now()), looked_at_(world.now()) {
  report.title = std::move(title);
  if (cryptography() == Cryptography::cheap) report.title += ", with cheap cryptography";
  if (options.fault != Fault::none) {
    report.title += ", with a planted fault: " + std::string(name(options.fault));
  }
}

Node::Plan Stage::node_plan() const {
  Node::Plan plan = Node::plan();
  if (options.fault == Fault::no_jitter) {
    plan.pex.outbound.spread = pex::OutboundLimits::Spread::none;
  }
  if (options.fault == Fault::no_sticky_redial) {
    plan.node.sticky_redial = p2p::StickyRedial::no;
  }
  return plan;
}

void Stage::add_seeds(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) population.add_seed();
}

void Stage::add_nodes(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) population.add_node(node_plan());
}

Duration Stage::span() const {
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double, std::ratio<3600>>(options.hours));
}

double Stage::hour() const {
  return hours_of(world.now() - began_);
}

Population::State Stage::look(Duration settled) {
  const Population::State state = population.state(settled);
  lowest_connected_ = std::min(lowest_connected_, state.connected_share());
  lowest_outbound_ = std::min(lowest_outbound_, state.outbound_share());
  connected_.add(hour(), state.connected_share());
  full_.add(hour(), state.full_share());
  const std::size_t dials = population.tally().dials;
  const double seconds = std::chrono::duration<double>(world.now() - looked_at_).count();
  if (seconds > 0 && state.running > 0) {
    dials_.add(hour(), static_cast<double>(dials - dials_before_) / seconds /
                           static_cast<double>(state.running));
  }
  dials_before_ = dials;
  looked_at_ = world.now();
  if (options.progress) {
    options.progress(options.hours > 0 ? std::min(1.0, hour() / options.hours) : 0,
                     std::to_string(state.running) + " nodes, " +
                         number_text(100 * state.connected_share()) + " % in one component, " +
                         number_text(100 * state.full_share()) + " % full");
  }
  return state;
}

std::optional<Duration> Stage::go_on_until(
    const std::function<bool(const Population::State&)>& holds, Duration limit, Duration pause,
    Duration settled) {
  const TimePoint from = world.now();
  TimePoint next_look = from + pause;
  while (world.now() - from < limit) {
    if (Interrupt::came()) {
      report.title += ", interrupted";
      throw Interrupted(finish());
    }
    const Duration step = each_second ? Duration(1s) : pause;
    world.run_for(std::min(step, from + limit - world.now()));
    if (each_second) each_second();
    if (world.now() < next_look) continue;
    next_look += pause;
    if (holds(look(settled))) return world.now() - from;
  }
  return std::nullopt;
}

void Stage::go_on(Duration span, Duration pause, Duration settled) {
  (void)go_on_until([](const Population::State&) { return false; }, span, pause, settled);
}

Report Stage::finish() {
  const Population::State state = population.state();
  const Member::Tally tally = population.tally();
  report.figure("nodes running at the end", static_cast<double>(state.running));
  report.figure("addresses in a book", state.share(state.addresses));
  report.figure("dials", static_cast<double>(tally.dials));
  report.figure("virtual hours", hour(), "h");
  report.figure("trace hash", static_cast<double>(world.trace_hash() >> 32));
  report.at_most("dials of a node within a second",
                 static_cast<double>(tally.most_dials_in_a_second), 2);
  report.at_most("bans among honest nodes", static_cast<double>(tally.bans), 0);
  report.at_most("connections ended for abuse", static_cast<double>(tally.dropped_for_abuse), 0);
  report.curves = {connected_, full_, dials_};
  return std::move(report);
}

}  // namespace peerage::sim
