#include "tests/sim/scenario/soak_watch.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "addrbook/file/row.h"

namespace peerage::sim {
namespace {

// How much longer than it should a ban may last: times are kept in seconds.
constexpr Duration kBanSlack = 5s;
// What is learnt is in the file after this long.
constexpr Duration kWritten = 10s;
// Each node is looked at once in this many seconds.
constexpr std::size_t kTurns = 5;

Node& ours(Member& member) {
  return dynamic_cast<Node&>(member);
}

// Whether everything has been written.
bool is_in_its_file(Member& member) {
  const addrbook::Store::State* const file = ours(member).book_file();
  return file != nullptr && file->condition == addrbook::Store::State::Condition::healthy;
}

}  // namespace

SoakWatch::SoakWatch(SimWorld& world, Population& population)
    : world_(world),
      population_(population),
      down_(population.size()),
      began_wrong_(population.size()) {}

void SoakWatch::on_down(std::size_t node, Faults::Disk disk, Faults::Clock clock) {
  Member& member = population_.at(node);
  const bool jumped = clock == Faults::Clock::wrong || began_wrong_[node];
  began_wrong_[node] = clock == Faults::Clock::wrong;
  const bool keeps = disk == Faults::Disk::sound && is_in_its_file(member) &&
                     world_.now() - member.started_at() > kWritten;
  down_[node] = {keeps, member.known_addresses(), jumped};
  for (Ban& ban : bans_) {
    if (ban.node != node) continue;
    ban.may_vanish = ban.may_vanish || !keeps || jumped || world_.now() - ban.begun < kWritten;
  }
}

void SoakWatch::judge(std::size_t node, Down& down) {
  Member& member = population_.at(node);
  if (!member.is_running()) return;
  const std::size_t after = member.known_addresses();
  Books& books = down.jumped ? books_after_jumps_ : books_;
  books.before += down.before;
  books.lost += down.before - std::min(down.before, after);
  ++books.restarts;
  down.is_down = false;
}

void SoakWatch::on_second() {
  ++turn_;
  for (std::size_t node = 0; node < down_.size(); ++node) {
    if (down_[node].is_down) judge(node, down_[node]);
    Member& member = population_.at(node);
    // Nodes take turns: a leak stays.
    const bool has_turn = node % kTurns == turn_ % kTurns;
    if (!has_turn || !member.is_running() || member.is_seed()) continue;
    const auto snapshot = member.node().snapshot();
    // Not `outbound`: a dial that has proved itself and is not shown yet is under way, too.
    const auto shown = static_cast<std::size_t>(std::count_if(
        snapshot->peers.begin(), snapshot->peers.end(),
        [](const p2p::PeerPtr& peer) { return peer->direction() == p2p::Direction::outbound; }));
    most_slots_ = std::max(most_slots_, shown + snapshot->dialling);
  }
}

// --- bans ---

void SoakWatch::on_ban(std::size_t node, const conn::NodeId& whom, Duration span) {
  bans_.push_back({node, whom, world_.now(), span, false});
}

void SoakWatch::look_at(const Ban& ban, const std::vector<p2p::Ban>& in_force) {
  const bool is_there = std::any_of(in_force.begin(), in_force.end(), [&](const p2p::Ban& each) {
    return each.target == p2p::BanTarget(ban.whom);
  });
  bans_seen_ += is_there ? 1 : 0;
  // If the clock stood before the ban's beginning when the node started, it lasts its whole time
  // from there; and longer by what a clock may differ without being taken for wrong.
  const TimePoint started = population_.at(ban.node).started_at();
  const TimePoint due =
      started > ban.begun ? started + ban.span + addrbook::row::kClockSlack : ban.begun + ban.span;
  bans_overdue_ += is_there && world_.now() > due + kBanSlack ? 1 : 0;
  const bool is_due = world_.now() < ban.begun + ban.span - kBanSlack;
  bans_vanished_ += !is_there && is_due && !ban.may_vanish ? 1 : 0;
}

void SoakWatch::on_minute() {
  for (const Ban& ban : bans_) {
    Member& member = population_.at(ban.node);
    if (!member.is_running()) continue;
    // It answers on the shard; a node that sleeps or stops meanwhile, later or never.
    member.node().list_bans([this, ban](const std::vector<p2p::Ban>& bans) { look_at(ban, bans); });
  }
  // Past this, a ban that is still in force has been seen often enough.
  std::erase_if(bans_, [this](const Ban& ban) { return world_.now() > ban.begun + 4 * ban.span; });
}

}  // namespace peerage::sim
