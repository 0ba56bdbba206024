#include "addrbook/book/change_log.h"

#include "addrbook/book/address_table.h"
#include "addrbook/book/limits.h"

namespace peerage::addrbook {

using conn::NetAddress;

void ChangeLog::note_changed(Index index) {
  if (index >= is_changed_.size()) is_changed_.resize(std::size_t{index} + 1 + index / 8);
  if (is_changed_[index]) return;
  is_changed_[index] = true;
  changed_.push_back(index);
}

void ChangeLog::note_erased(const NetAddress& address) {
  if (rewrite_) return;
  erased_.push_back(address);
  if (erased_.size() > kMaxErased) note_everything();
}

void ChangeLog::note_everything() {
  rewrite_ = true;
  erased_.clear();
}

void ChangeLog::forget_changed() {
  changed_.clear();
  is_changed_.clear();
}

Changes ChangeLog::take(std::size_t limit) {
  Changes changes;
  changes.network = network_;
  changes.rewrite = std::exchange(rewrite_, false);
  if (changes.rewrite) {
    forget_changed();
    table_.for_each([&changes](const KnownAddress& known) { changes.written.push_back(known); });
    return changes;
  }
  changes.erased = std::exchange(erased_, {});
  while (changes.written.size() < limit && !changed_.empty()) {
    const Index index = changed_.back();
    changed_.pop_back();
    is_changed_[index] = false;
    // It may have been erased since.
    if (table_.used(index)) changes.written.push_back(table_.record(index));
  }
  // Erased and added again: it is written, perhaps in a later batch.
  std::erase_if(changes.erased,
                [this](const NetAddress& each) { return table_.find(each).has_value(); });
  return changes;
}

void ChangeLog::put_back(const Changes& changes) {
  if (changes.rewrite) return note_everything();
  for (const KnownAddress& row : changes.written) {
    if (const auto index = table_.find(row.address)) note_changed(*index);
  }
  for (const NetAddress& address : changes.erased) {
    if (!table_.find(address)) note_erased(address);
  }
}

}  // namespace peerage::addrbook
