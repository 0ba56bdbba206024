#include "p2p/peer/peer_list.h"

#include <algorithm>
#include <utility>

namespace peerage::p2p {

std::vector<PeerPtr> PeerList::to_vector() const {
  return {begin(), end()};
}

PeerList PeerList::with(PeerPtr peer) const {
  Chunks chunks = *chunks_;
  auto last = std::make_shared<Chunk>();
  last->reserve(kChunk);
  if (!chunks.empty() && chunks.back()->size() < kChunk) {
    *last = *chunks.back();
    chunks.pop_back();
  }
  last->push_back(std::move(peer));
  chunks.push_back(std::move(last));
  return {std::move(chunks), size_ + 1};
}

PeerList PeerList::without(const PeerPtr& peer) const {
  for (std::size_t at = 0; at < chunks_->size(); ++at) {
    const Chunk& chunk = *(*chunks_)[at];
    const auto found = std::find(chunk.begin(), chunk.end(), peer);
    if (found == chunk.end()) continue;
    Chunks chunks = *chunks_;
    if (chunk.size() == 1) {
      chunks.erase(chunks.begin() + static_cast<std::ptrdiff_t>(at));
    } else {
      auto smaller = std::make_shared<Chunk>(chunk.begin(), found);
      smaller->insert(smaller->end(), std::next(found), chunk.end());
      chunks[at] = std::move(smaller);
      join_with_next(chunks, at);
    }
    if (at > 0) join_with_next(chunks, at - 1);
    return {std::move(chunks), size_ - 1};
  }
  return *this;
}

// Makes one of two chunks that fit into one.
void PeerList::join_with_next(Chunks& chunks, std::size_t at) {
  if (at + 1 >= chunks.size() || chunks[at]->size() + chunks[at + 1]->size() > kChunk) return;
  auto joined = std::make_shared<Chunk>(*chunks[at]);
  joined->insert(joined->end(), chunks[at + 1]->begin(), chunks[at + 1]->end());
  chunks[at] = std::move(joined);
  chunks.erase(chunks.begin() + static_cast<std::ptrdiff_t>(at) + 1);
}

}  // namespace peerage::p2p
