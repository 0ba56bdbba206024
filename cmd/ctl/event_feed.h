// What happens to a node's peers, as JSON objects for those that listen:
//
//   {"event":"connected","time":"2026-11-29T05:14:23.5Z","peer":{"id":...}}
//
// Types: connected, gone, dial_failed, refused, banned, marked. A type has a text only while
// somebody listens to it: without listeners an event costs a look at an atomic.
//
// Threads: any; `on_event` on the control shard. A listener is called under no lock, and may be
// called once more while it is taken back.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "conn/base/time.h"
#include "p2p/peer/switch_events.h"

namespace peerage::cmd {

enum class FeedEvent : std::uint8_t { connected, gone, dial_failed, refused, banned, marked };
inline constexpr std::size_t kFeedEventCount = 6;
std::string_view name(FeedEvent type) noexcept;

class EventFeed {
 public:
  using Listener = std::function<void(const std::string& event)>;

  // To these types; all, if there are none. Others are never told.
  std::uint64_t add(const std::vector<std::string>& types, Listener listener);
  void remove(std::uint64_t number);

  // `now`: of the control shard, for what is left of a ban; `wall`: the time of the event.
  void on_event(const p2p::SwitchEvent& event, conn::TimePoint now, conn::WallTime wall);

 private:
  using Types = std::array<bool, kFeedEventCount>;
  struct Entry {
    Types types{};
    std::shared_ptr<const Listener> listener;
  };
  void note_wanted();

  std::atomic<std::uint8_t> wanted_ = 0;  // a bit for each type that somebody listens to
  std::mutex mutex_;
  std::map<std::uint64_t, Entry> listeners_;  // guarded by it
  std::uint64_t next_ = 1;                    // guarded by it
};

}  // namespace peerage::cmd
