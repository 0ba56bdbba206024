// The lookups that are under way, in either protocol: at most one of the timer for each, and some
// of commands.
//
// Each asks the closest that it knows of, a few at a time, goes on without whoever is slow, and
// ends when nobody closer is left to be asked, or when its time is over. A node is asked one thing
// at a time: a lookup that finds it busy with another's question waits for that to end.
// Threads: none of its own.
#pragma once

#include <array>
#include <functional>
#include <list>
#include <map>
#include <set>

#include "conn/base/histogram.h"
#include "pex/discovery/lookup.h"
#include "pex/discovery/shared_state.h"

namespace peerage::pex {

class Lookups {
 public:
  // With the lookup as it ended.
  using Done = std::function<void(const Lookup&, DiscoveryTime now)>;
  enum class By : std::uint8_t { timer, command };
  enum class Begun : std::uint8_t {
    yes,
    nobody,    // there is nobody to ask
    too_many,  // run already
  };

  explicit Lookups(SharedState& shared) : shared_(shared) {}

  // `done` is called once, unless the core stops before, and never inside this call.
  Begun begin(ProtocolState& with, const LookupTarget& target, By by, Done done, DiscoveryTime now);
  // The same, but that these are asked first, and not the closest that we know.
  Begun begin_from(const std::vector<Contact>& start, ProtocolState& with,
                   const LookupTarget& target, By by, Done done, DiscoveryTime now);

  void on_told(Protocol by, const EnodeId& from, std::span<const Contact> nodes, More more,
               DiscoveryTime now);
  void on_find_went_on(Protocol by, const EnodeId& from, DiscoveryTime now);
  void on_find_ended(Protocol by, const EnodeId& from, FindEnd end, DiscoveryTime now);

  std::optional<conn::TimePoint> next_deadline() const;
  void on_time(DiscoveryTime now);

  bool runs_timed(Protocol protocol) const;
  std::size_t size() const noexcept { return running_.size(); }
  // How long those took that have ended.
  conn::HistogramCounts times(Protocol protocol) const { return times_[index_of(protocol)].read(); }
  void stop() { running_.clear(); }

 private:
  struct Running {
    Lookup lookup;
    ProtocolState& with;
    LookupTarget target;
    By by;
    Done done;
    conn::TimePoint began;
    // Those that are asked, and when it goes on without them; none: it has.
    std::map<EnodeId, std::optional<conn::TimePoint>> asked;
    std::map<EnodeId, Contact> busy;  // of those, with another's question
  };
  using Position = std::list<Running>::iterator;

  std::vector<Contact> start_for(const ProtocolState& with, const LookupTarget& target, By by,
                                 DiscoveryTime now) const;
  void ask_further(Running& running, DiscoveryTime now);
  void ask(Running& running, const Contact& node, DiscoveryTime now);
  // Those that have ended go.
  void settle(DiscoveryTime now);
  void finish(Position at, DiscoveryTime now);

  static constexpr auto kTimeBounds = conn::time_bounds(
      std::chrono::milliseconds(10), std::chrono::milliseconds(30), std::chrono::milliseconds(100),
      std::chrono::milliseconds(300), std::chrono::seconds(1), std::chrono::seconds(2),
      std::chrono::seconds(5), std::chrono::seconds(10), std::chrono::seconds(20));
  struct Times : conn::Histogram {
    Times() : Histogram(kTimeBounds) {}
  };

  SharedState& shared_;
  std::list<Running> running_;
  std::array<Times, kProtocolCount> times_;
};

}  // namespace peerage::pex
