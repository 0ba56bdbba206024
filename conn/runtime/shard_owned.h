// Shared ownership, from any thread, of something that must be destroyed on its shard's thread.
#pragma once

#include <memory>
#include <utility>

#include "conn/runtime/runtime.h"

namespace peerage::conn {

// The last reference may be dropped anywhere: what is owned then goes on `shard`, or at once when
// its runtime has stopped and nothing runs any more.
template <typename T>
std::shared_ptr<T> shard_owned(Shard& shard, std::unique_ptr<T> owned) {
  return std::shared_ptr<T>(owned.release(), [&shard](T* object) {
    std::shared_ptr<T> last(object);
    if (!shard.is_current()) shard.post([last = std::move(last)] {});
  });
}

}  // namespace peerage::conn
