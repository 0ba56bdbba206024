// The places of one kind: which of them are taken, and by which entry. An empty bucket costs a
// pointer, so that a small book is small.
//
// Threads: none of its own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "addrbook/book/placement.h"

namespace peerage::addrbook {

class BucketTable {
 public:
  explicit BucketTable(std::size_t buckets) : buckets_(buckets) {}

  std::optional<std::uint32_t> holder(Place place) const {
    const auto& bucket = buckets_[place.bucket];
    if (!bucket || bucket->places[place.position] == kFree) return std::nullopt;
    return bucket->places[place.position];
  }
  // A free place among the first `size` of the bucket of `first`: that one, if it is free.
  std::optional<Place> free_place(Place first, std::uint8_t size) const {
    const auto& bucket = buckets_[first.bucket];
    if (!bucket) return first;
    if (bucket->taken >= size) return std::nullopt;
    Place place = first;
    while (bucket->places[place.position] != kFree) {
      place.position = static_cast<std::uint8_t>((place.position + 1) % size);
    }
    return place;
  }
  // The place must be free.
  void put(Place place, std::uint32_t holder) {
    auto& bucket = buckets_[place.bucket];
    if (!bucket) bucket = std::make_unique<Bucket>();
    bucket->places[place.position] = holder;
    ++bucket->taken;
  }
  // The place must be taken.
  void free(Place place) {
    auto& bucket = buckets_[place.bucket];
    bucket->places[place.position] = kFree;
    if (--bucket->taken == 0) bucket.reset();
  }
  std::size_t buckets_used() const {
    std::size_t used = 0;
    for (const auto& bucket : buckets_) used += bucket ? 1 : 0;
    return used;
  }
  void clear() {
    for (auto& bucket : buckets_) bucket.reset();
  }

 private:
  static constexpr std::uint32_t kFree = std::numeric_limits<std::uint32_t>::max();
  struct Bucket {
    Bucket() { places.fill(kFree); }
    std::array<std::uint32_t, kBucketSize> places;
    std::size_t taken = 0;
  };
  std::vector<std::unique_ptr<Bucket>> buckets_;
};

}  // namespace peerage::addrbook
