#include "tests/sim/event_queue.h"

#include <algorithm>

namespace peerage::sim {

EventQueue::Ticket EventQueue::push(conn::TimePoint when, Action action, Owner owner) {
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  Slot& taken = slots_[slot];
  taken.action = std::move(action);
  taken.owner = owner;
  taken.order = ++last_order_;
  heap_.emplace_back();
  rise(heap_.size() - 1, {when, last_order_, slot});
  return {slot, last_order_};
}

void EventQueue::cancel(Ticket ticket) {
  if (ticket.slot >= slots_.size() || slots_[ticket.slot].order != ticket.order) return;
  Slot& slot = slots_[ticket.slot];
  // What it held may call the queue while it is destroyed.
  const Action dropped = std::move(slot.action);
  remove(slot.at);
}

EventQueue::Event EventQueue::pop() {
  const Node first = heap_.front();
  Slot& slot = slots_[first.slot];
  Event event{first.when, slot.owner, std::move(slot.action)};
  remove(0);
  return event;
}

// Frees its slot as well.
void EventQueue::remove(std::size_t at) {
  const std::uint32_t slot = heap_[at].slot;
  slots_[slot].order = 0;
  free_.push_back(slot);
  const Node last = heap_.back();
  heap_.pop_back();
  if (at == heap_.size()) return;
  if (at > 0 && last < heap_[(at - 1) / kChildren]) {
    rise(at, last);
  } else {
    sink(at, last);
  }
}

void EventQueue::rise(std::size_t at, const Node& node) {
  while (at > 0) {
    const std::size_t parent = (at - 1) / kChildren;
    if (!(node < heap_[parent])) break;
    put(at, heap_[parent]);
    at = parent;
  }
  put(at, node);
}

void EventQueue::sink(std::size_t at, const Node& node) {
  while (true) {
    const std::size_t first = at * kChildren + 1;
    if (first >= heap_.size()) break;
    const std::size_t end = std::min(first + kChildren, heap_.size());
    std::size_t least = first;
    for (std::size_t child = first + 1; child < end; ++child) {
      if (heap_[child] < heap_[least]) least = child;
    }
    if (!(heap_[least] < node)) break;
    put(at, heap_[least]);
    at = least;
  }
  put(at, node);
}

}  // namespace peerage::sim
