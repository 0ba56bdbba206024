// The events to come in a simulated world, in the order of their time, and of their making when
// times are equal.
//
// A slab of actions and a heap with four children to a node over their indices: an event that
// captures little allocates nothing, and one that is cancelled is destroyed at once.
//
// Threads: none of its own.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "conn/runtime/runtime.h"

namespace peerage::sim {

// A task that runs once: as std::function, but for room for more without an allocation, and for
// captures that cannot be copied.
class Action {
 public:
  Action() = default;
  template <typename F>
  requires(!std::same_as<std::decay_t<F>, Action> && std::invocable<std::decay_t<F>&>)
      Action(F&& f) {  // NOLINT: implicit, as for std::function
    using Body = std::decay_t<F>;
    if constexpr (fits<Body>()) {
      ::new (static_cast<void*>(room_)) Body(std::forward<F>(f));
      ways_ = &kInside<Body>;
    } else {
      ::new (static_cast<void*>(room_)) Body*(new Body(std::forward<F>(f)));
      ways_ = &kOutside<Body>;
    }
  }
  Action(Action&& other) noexcept { take(other); }
  Action& operator=(Action&& other) noexcept {
    if (this != &other) {
      drop();
      take(other);
    }
    return *this;
  }
  ~Action() { drop(); }

  explicit operator bool() const noexcept { return ways_ != nullptr; }
  void operator()() { ways_->run(room_); }

 private:
  static constexpr std::size_t kRoom = 48;
  struct Ways {
    void (*run)(void*);
    void (*move)(void* from, void* to) noexcept;
    void (*drop)(void*) noexcept;
  };
  template <typename Body>
  static constexpr bool fits() {
    return sizeof(Body) <= kRoom && alignof(Body) <= alignof(std::max_align_t) &&
           std::is_nothrow_move_constructible_v<Body>;
  }
  template <typename Body>
  static Body& inside(void* room) {
    return *std::launder(static_cast<Body*>(room));
  }
  template <typename Body>
  static constexpr Ways kInside = {[](void* room) { inside<Body>(room)(); },
                                   [](void* from, void* to) noexcept {
                                     ::new (to) Body(std::move(inside<Body>(from)));
                                     inside<Body>(from).~Body();
                                   },
                                   [](void* room) noexcept { inside<Body>(room).~Body(); }};
  template <typename Body>
  static constexpr Ways kOutside = {
      [](void* room) { (*inside<Body*>(room))(); },
      [](void* from, void* to) noexcept { ::new (to) Body*(inside<Body*>(from)); },
      [](void* room) noexcept { delete inside<Body*>(room); }};

  void take(Action& other) noexcept {
    ways_ = std::exchange(other.ways_, nullptr);
    if (ways_ != nullptr) ways_->move(other.room_, room_);
  }
  void drop() noexcept {
    if (const Ways* const ways = std::exchange(ways_, nullptr)) ways->drop(room_);
  }

  alignas(std::max_align_t) std::byte room_[kRoom];
  const Ways* ways_ = nullptr;
};

class SimHost;

class EventQueue {
 public:
  // Names an event for as long as it has not been popped.
  struct Ticket {
    std::uint32_t slot = std::numeric_limits<std::uint32_t>::max();
    std::uint64_t order = 0;
  };
  // The life of a host that it belongs to: it happens in that life alone. Null: the world's own.
  struct Owner {
    SimHost* host = nullptr;
    std::uint32_t life = 0;
  };
  struct Event {
    conn::TimePoint when;
    Owner owner;
    Action action;
  };

  Ticket push(conn::TimePoint when, Action action, Owner owner);
  // Does nothing when it has been popped.
  void cancel(Ticket ticket);

  bool empty() const noexcept { return heap_.empty(); }
  std::size_t size() const noexcept { return heap_.size(); }
  conn::TimePoint next() const { return heap_.front().when; }
  Event pop();

 private:
  struct Node {
    conn::TimePoint when;
    std::uint64_t order;
    std::uint32_t slot;
    bool operator<(const Node& other) const {
      return when < other.when || (when == other.when && order < other.order);
    }
  };
  struct Slot {
    Action action;
    Owner owner;
    std::uint64_t order = 0;  // 0: free
    std::size_t at = 0;       // in the heap
  };
  static constexpr std::size_t kChildren = 4;

  void put(std::size_t at, const Node& node) {
    heap_[at] = node;
    slots_[node.slot].at = at;
  }
  void rise(std::size_t at, const Node& node);
  void sink(std::size_t at, const Node& node);
  void remove(std::size_t at);

  std::vector<Node> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t last_order_ = 0;
};

}  // namespace peerage::sim
