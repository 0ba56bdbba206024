// What goes wrong among the nodes of a soak, and when: nearly all kinds as often as one another,
// dealt at random from one seed, each to a node at random.
//
// Some faults come with what makes them matter: a node that cannot look names up has lost its book;
// a port is taken when a node starts again. A node that is down, for any reason, is started again
// some time later, as by a service manager. Each kind counts what it has hit.
//
// Threads: none of its own. The stage and the trouble outlive it.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/scenario/stage.h"
#include "tests/sim/scenario/trouble.h"
#include "tests/support/faulty_vfs.h"

namespace peerage::sim {

class Faults {
 public:
  enum class Kind : std::uint8_t {
    loss,
    delay,
    reset,
    cut,
    silent_cut,
    black_hole,  // between two peers
    halves,
    island,
    sleep,
    crash,
    crash_and_loss,  // of the disk
    restart,
    hour_ahead,
    hour_back,
    day_ahead,
    day_back,
    ten_years_ahead,
    year_1970,
    name_not_found,
    name_unanswered,
    name_moved,
    name_of_many,
    disk_full,
    disk_error,
    disk_busy,
    disk_short_write,
    port_taken,
    refused,
    unreachable,
    ban,  // the operator's
    count
  };
  static constexpr std::size_t kKinds = static_cast<std::size_t>(Kind::count);
  static std::string_view name(Kind kind);

  struct Setup {
    std::vector<std::string> names;  // of the seeds, in their order
    // Where a node's book lies, and whether it knows the seeds by name.
    std::function<std::filesystem::path(std::size_t node)> folder;
    std::function<bool(std::size_t node)> uses_names;
    Duration pause;  // between two faults, on average
  };
  Faults(Stage& stage, Trouble& trouble, Setup setup);

  // What is due: to be called each second.
  void on_second();
  // No more faults, and those under way end.
  void end();

  std::uint64_t begun(Kind kind) const { return begun_[index(kind)]; }
  std::uint64_t begun() const;
  std::uint64_t hits(Kind kind) const;

  // A node has been stopped, or has crashed; before that.
  enum class Disk : std::uint8_t { sound, spoilt, lost };
  enum class Clock : std::uint8_t { right, wrong };
  std::function<void(std::size_t node, Disk disk, Clock clock)> on_down;
  // The operator has banned a node.
  std::function<void(std::size_t node, const conn::NodeId& whom, Duration span)> on_ban;

 private:
  struct UnderWay {
    TimePoint until;
    std::size_t node;
    std::function<void()> end;
  };
  static std::size_t index(Kind kind) { return static_cast<std::size_t>(kind); }
  static test::Fault disk_fault(Kind kind);

  double fraction();
  Duration between(Duration shortest, Duration longest);
  std::size_t below(std::size_t limit) { return stage_.world.random() % limit; }
  Kind deal();
  std::optional<std::size_t> draw(const std::function<bool(std::size_t)>& fit = nullptr);

  // False when it cannot happen now.
  bool begin(Kind kind);
  void begin_on_links(Kind kind, std::size_t node);
  void begin_on_life(Kind kind, std::size_t node);
  void begin_on_clock(Kind kind, std::size_t node);
  void begin_on_names(Kind kind, std::size_t node);
  void for_a_while(std::size_t node, Duration span, std::function<void()> end);
  void on_links_of(std::size_t node, const LinkTrouble& what, Duration span);
  void sever(Kind kind, std::size_t node, Trouble::Severed between, Duration span);
  void crash(std::size_t node, Member::Disk disk);
  void stop(std::size_t node);
  void going_down(std::size_t node, Member::Disk disk);
  void start_those_due();
  bool disk_is_spoilt(std::size_t node) const;
  IpAddress ip(std::size_t node) { return stage_.population.at(node).ip(); }

  Stage& stage_;
  Trouble& trouble_;
  Setup setup_;
  TimePoint next_;
  std::vector<Kind> deck_;
  std::size_t decks_ = 0;
  std::vector<UnderWay> under_way_;
  std::vector<std::optional<TimePoint>> start_again_;  // by node
  std::vector<std::size_t> spoilt_;                    // nodes with a spoilt disk
  std::vector<bool> clock_is_wrong_;                   // by node
  std::vector<TimePoint> asleep_until_;                // by node
  std::array<std::uint64_t, kKinds> begun_{};
  std::array<std::uint64_t, kKinds> hits_{};          // of kinds that nothing else counts
  std::array<std::uint64_t, 4> spoilt_calls_before_;  // by fault
  std::optional<Kind> names_are_;                     // the fault that names have now
};

}  // namespace peerage::sim
