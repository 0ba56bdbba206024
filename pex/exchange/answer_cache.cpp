#include "pex/exchange/answer_cache.h"

namespace peerage::pex {

std::vector<conn::NetAddress> AnswerCache::answer(addrbook::AddressBook& book, addrbook::Time now) {
  if (book.size() <= addrbook::kMaxSelection) return book.selection(now);
  const bool stale =
      since_ == addrbook::kNever || now - since_ >= kLife || book.size() >= 2 * book_size_;
  if (stale) {
    kept_ = book.selection(now);
    since_ = now;
    book_size_ = book.size();
  }
  std::vector<conn::NetAddress> answer;
  answer.reserve(kept_.size());
  for (const conn::NetAddress& address : kept_) {
    const addrbook::KnownAddress* known = book.find(address);
    if (known != nullptr && known->bad_until <= now) answer.push_back(address);
  }
  return answer;
}

}  // namespace peerage::pex
