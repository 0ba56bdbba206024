// Waiting, on a thread that may, for what a callback will say.
//
//   const auto loaded = conn::sync_wait<conn::Result<Rows>>(
//       runtime, [&](auto done) { runtime.shard(0).post([&, done] { store.load(done); }); });
//
// It ends too when the runtime has stopped, which drops what was posted and with it the callback:
// a bare promise would wait for ever, or throw. What the callback captures must outlive the wait;
// after a wait that ended at its limit the callback may still come, and is ignored.
//
// Threads: refused where the runtime cannot be waited for (Runtime::may_wait): on its shards and
// executors, in virtual time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

#include "conn/base/failure.h"
#include "conn/base/time.h"
#include "conn/runtime/runtime.h"

namespace peerage::conn {

enum class NoAnswer : std::uint8_t {
  too_late,        // nothing within the limit
  stopped,         // the runtime has stopped, or all copies of the callback are gone
  waits_for_self,  // not on this thread
};

// As a failure of what was waited for; `what` is a function's name.
Failure as_failure(NoAnswer why, std::string_view what);

inline constexpr Duration kNoLimit = Duration::max();

// `begin` is called here, with the callback, which may be called on any thread, once.
template <typename T>
tl::expected<T, NoAnswer> sync_wait(Runtime& runtime,
                                    const std::function<void(std::function<void(T)>)>& begin,
                                    Duration limit = kNoLimit) {
  if (!runtime.may_wait()) return tl::unexpected(NoAnswer::waits_for_self);
  auto promise = std::make_shared<std::promise<T>>();
  std::future<T> answer = promise->get_future();
  begin([promise](T value) { promise->set_value(std::move(value)); });
  promise.reset();
  const auto began = std::chrono::steady_clock::now();
  while (true) {
    const Duration waited = std::chrono::steady_clock::now() - began;
    const Duration look = std::min(kStoppedLook, limit - std::min(limit, waited));
    const bool stopped = runtime.stopped();  // looked at first: the last answer may have come then
    if (answer.wait_for(look) == std::future_status::ready) break;
    if (stopped) return tl::unexpected(NoAnswer::stopped);
    if (waited >= limit) return tl::unexpected(NoAnswer::too_late);
  }
  try {
    return answer.get();
  } catch (const std::future_error&) {
    return tl::unexpected(NoAnswer::stopped);
  }
}

// Of a callback without a value.
inline tl::expected<void, NoAnswer> sync_wait(
    Runtime& runtime, const std::function<void(std::function<void()>)>& begin,
    Duration limit = kNoLimit) {
  const auto done = sync_wait<bool>(
      runtime,
      [&begin](const std::function<void(bool)>& answer) { begin([answer] { answer(true); }); },
      limit);
  if (!done) return tl::unexpected(done.error());
  return {};
}

}  // namespace peerage::conn
