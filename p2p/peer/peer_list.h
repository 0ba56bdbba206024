// The peers of a switch at one moment: an immutable list that is cheap to copy, and cheap to make
// from the one before by adding or removing a peer.
//
// A node with ten thousand peers makes a new list for each that comes or goes, and others hold on
// to old ones. Therefore it is a list of chunks, which successive lists share: a change copies one
// chunk, and the pointers to all. The order is that of arrival.
//
// Invariant: no chunk is empty or has more than kChunk peers, and no two neighbours would fit into
// one.
// Threads: a value; copies may be read on any.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <vector>

#include "p2p/peer/peer.h"

namespace peerage::p2p {

class PeerList {
 public:
  static constexpr std::size_t kChunk = 64;

  PeerList() = default;

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  class Iterator;
  Iterator begin() const noexcept;
  Iterator end() const noexcept;
  // Of a list that is not empty.
  const PeerPtr& front() const noexcept { return chunks_->front()->front(); }

  std::vector<PeerPtr> to_vector() const;

  PeerList with(PeerPtr peer) const;
  // The same list when the peer is not in it.
  PeerList without(const PeerPtr& peer) const;

 private:
  using Chunk = std::vector<PeerPtr>;
  using Chunks = std::vector<std::shared_ptr<const Chunk>>;
  PeerList(Chunks chunks, std::size_t size)
      : chunks_(std::make_shared<const Chunks>(std::move(chunks))), size_(size) {}
  static void join_with_next(Chunks& chunks, std::size_t at);

  std::shared_ptr<const Chunks> chunks_ = std::make_shared<const Chunks>();
  std::size_t size_ = 0;
};

class PeerList::Iterator {
 public:
  using iterator_category = std::forward_iterator_tag;
  using value_type = PeerPtr;
  using difference_type = std::ptrdiff_t;
  using pointer = const PeerPtr*;
  using reference = const PeerPtr&;

  Iterator() = default;
  reference operator*() const noexcept { return (*(*chunks_)[chunk_])[place_]; }
  pointer operator->() const noexcept { return &**this; }
  Iterator& operator++() noexcept {
    if (++place_ == (*chunks_)[chunk_]->size()) {
      ++chunk_;
      place_ = 0;
    }
    return *this;
  }
  Iterator operator++(int) noexcept {
    const Iterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const Iterator&, const Iterator&) = default;

 private:
  friend class PeerList;
  Iterator(const Chunks* chunks, std::size_t chunk) : chunks_(chunks), chunk_(chunk) {}
  const Chunks* chunks_ = nullptr;
  std::size_t chunk_ = 0;
  std::size_t place_ = 0;
};

inline PeerList::Iterator PeerList::begin() const noexcept {
  return {chunks_.get(), 0};
}
inline PeerList::Iterator PeerList::end() const noexcept {
  return {chunks_.get(), chunks_->size()};
}

}  // namespace peerage::p2p
