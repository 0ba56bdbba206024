// Bytes on their way to a client: texts that others may hold too, sent in order.
//
// Threads: none of its own.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

namespace peerage::cmd {

using SharedText = std::shared_ptr<const std::string>;

class OutputQueue {
 public:
  // What is written at once.
  using Front = std::array<std::string_view, 4>;

  // Null or empty: nothing.
  void push(SharedText text) {
    if (!text || text->empty()) return;
    unsent_ += text->size();
    texts_.push_back(std::move(text));
  }
  void push(std::string text) { push(std::make_shared<const std::string>(std::move(text))); }

  bool empty() const noexcept { return texts_.empty(); }
  std::size_t unsent() const noexcept { return unsent_; }

  // The first of what is unsent. Valid until `sent` has removed it.
  Front front() const {
    Front front;
    for (std::size_t i = 0; i < std::min(front.size(), texts_.size()); ++i) front[i] = *texts_[i];
    front[0].remove_prefix(empty() ? 0 : sent_of_first_);
    return front;
  }
  // That many bytes of it are sent.
  void sent(std::size_t bytes) {
    unsent_ -= bytes;
    sent_of_first_ += bytes;
    while (!texts_.empty() && sent_of_first_ >= texts_.front()->size()) {
      sent_of_first_ -= texts_.front()->size();
      texts_.pop_front();
    }
  }

 private:
  std::deque<SharedText> texts_;
  std::size_t sent_of_first_ = 0;
  std::size_t unsent_ = 0;
};

}  // namespace peerage::cmd
