// How often each reason occurred: an array of counters that grow, for reasons of any module.
//
// A reason takes a place when it is first seen, and keeps it. Beyond kPlaces reasons a new one is
// not counted; all that we have are about a hundred.
//
// Threads: any, without locks.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "conn/base/reason.h"

namespace peerage::p2p {

template <std::size_t kPlaces = 256>
class ReasonCounts {
 public:
  void add(conn::Reason reason) noexcept {
    const conn::ReasonText* const text = &reason.text();
    for (std::size_t i = 0; i < kPlaces; ++i) {
      Place& place = places_[(first_place(text) + i) % kPlaces];
      const conn::ReasonText* held = place.text.load(std::memory_order_acquire);
      // Of two that want a free place one gets it; the other looks at what is there now.
      if (held == nullptr && place.text.compare_exchange_strong(held, text)) held = text;
      if (held != text) continue;
      place.count.fetch_add(1, std::memory_order_relaxed);
      return;
    }
  }

  std::uint64_t get(conn::Reason reason) const noexcept {
    const conn::ReasonText* const text = &reason.text();
    for (std::size_t i = 0; i < kPlaces; ++i) {
      const Place& place = places_[(first_place(text) + i) % kPlaces];
      const conn::ReasonText* const held = place.text.load(std::memory_order_acquire);
      if (held == text) return place.count.load(std::memory_order_relaxed);
      if (held == nullptr) return 0;
    }
    return 0;
  }

  // Calls `visit(reason, count)` for those that occurred, in no order.
  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (const Place& place : places_) {
      const conn::ReasonText* const held = place.text.load(std::memory_order_acquire);
      const std::uint64_t count = place.count.load(std::memory_order_relaxed);
      if (held != nullptr && count > 0) visit(conn::Reason::of(*held), count);
    }
  }

 private:
  struct Place {
    std::atomic<const conn::ReasonText*> text = nullptr;
    std::atomic<std::uint64_t> count = 0;
  };
  static std::size_t first_place(const conn::ReasonText* text) noexcept {
    return reinterpret_cast<std::uintptr_t>(text) / sizeof(conn::ReasonText);
  }

  std::array<Place, kPlaces> places_;
};

}  // namespace peerage::p2p
