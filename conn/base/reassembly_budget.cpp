#include "conn/base/reassembly_budget.h"

namespace peerage::conn {

ReassemblyBudget::ReassemblyBudget(std::size_t limit_bytes) : books_(std::make_shared<Books>()) {
  books_->limit = limit_bytes;
}

ReassemblyBudget::Holder::~Holder() {
  const std::lock_guard lock(books_->mutex);
  books_->move(*this, 0);
}

bool ReassemblyBudget::Holder::resize(std::size_t bytes) {
  const std::size_t wanted = (bytes + kStep - 1) / kStep * kStep;
  // The usual case. A holder that is evicted at this moment learns it from its on_evict.
  if (wanted == granted_.load(std::memory_order_relaxed)) return true;
  std::function<void()> evict;
  {
    const std::lock_guard lock(books_->mutex);
    if (evicted_) return false;
    books_->move(*this, wanted);
    if (books_->held > books_->limit) {
      Holder& largest = *books_->by_size.rbegin()->second;
      books_->move(largest, 0);
      largest.evicted_ = true;
      if (&largest == this) return false;
      // One is enough: it holds at least as much as this holder grew by.
      evict = largest.on_evict_;
    }
  }
  if (evict) evict();
  return true;
}

void ReassemblyBudget::Books::move(Holder& holder, std::size_t granted) {
  if (holder.granted_ > 0) {
    auto [it, end] = by_size.equal_range(holder.granted_);
    while (it != end && it->second != &holder) ++it;
    if (it != end) by_size.erase(it);
  }
  held = held - holder.granted_ + granted;
  holder.granted_ = granted;
  if (granted > 0) by_size.emplace(granted, &holder);
}

std::size_t ReassemblyBudget::held_bytes() const {
  const std::lock_guard lock(books_->mutex);
  return books_->held;
}

}  // namespace peerage::conn
