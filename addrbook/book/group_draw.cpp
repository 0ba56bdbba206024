#include "addrbook/book/group_draw.h"

#include <cstring>
#include <utility>

#include "conn/base/bytes.h"

namespace peerage::addrbook {

std::size_t GroupDraw::hash_of(std::uint64_t group) const {
  conn::ByteArray<8> bytes;
  std::memcpy(bytes.data(), &group, sizeof group);
  return hash_(conn::ByteView(bytes));
}

std::optional<GroupDraw::Slot> GroupDraw::find(std::uint64_t group) const {
  return by_group_.find(hash_of(group), [&](Slot slot) { return groups_[slot].group == group; });
}

GroupDraw::Slot GroupDraw::new_slot(std::uint64_t group) {
  auto slot = static_cast<Slot>(groups_.size());
  if (free_.empty()) {
    make_room_for(slot, groups_);
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  groups_[slot] = {group, kNone};
  by_group_.insert(hash_of(group), slot);
  slots_.add(slot);
  return slot;
}

void GroupDraw::add(std::uint64_t group, std::uint32_t member) {
  if (contains(member)) return;
  const auto known = find(group);
  const Slot slot = known ? *known : new_slot(group);
  make_room_for(member, links_);
  std::uint32_t& first = groups_[slot].first;
  links_[member] = {slot, kNone, first};
  if (first != kNone) links_[first].before = member;
  first = member;
}

void GroupDraw::remove(std::uint32_t member) {
  if (!contains(member)) return;
  const Link link = std::exchange(links_[member], {});
  Group& group = groups_[link.slot];
  (link.before == kNone ? group.first : links_[link.before].next) = link.next;
  if (link.next != kNone) links_[link.next].before = link.before;
  if (group.first != kNone) return;
  by_group_.remove(hash_of(group.group), link.slot);
  slots_.remove(link.slot);
  free_.push_back(link.slot);
}

void GroupDraw::clear() {
  groups_.clear();
  slots_.clear();
  free_.clear();
  by_group_.clear();
  links_.clear();
}

}  // namespace peerage::addrbook
