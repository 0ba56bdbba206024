#include "p2p/base/peer_marks.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace peerage::p2p {

using conn::NodeId;

Marks PeerMarks::of(const NodeId& id) const {
  return {.persistent = has(Mark::persistent, id),
          .unconditional = has(Mark::unconditional, id),
          .is_private = has(Mark::private_, id),
          .named = has(Mark::named, id)};
}

void PeerMarks::add(Mark mark, const NodeId& id) {
  marked(mark).insert(id);
  tell({id});
}

void PeerMarks::remove(Mark mark, const NodeId& id) {
  marked(mark).erase(id);
  tell({id});
}

void PeerMarks::replace(Mark mark, std::set<NodeId> ids) {
  const Ids before = std::exchange(marked(mark), std::move(ids));
  const Ids& after = marked(mark);
  std::vector<NodeId> changed;
  std::set_symmetric_difference(before.begin(), before.end(), after.begin(), after.end(),
                                std::back_inserter(changed));
  tell(changed);
}

void PeerMarks::tell(const std::vector<NodeId>& ids) {
  if (observer_ != nullptr) observer_->on_marks_changed(ids);
}

}  // namespace peerage::p2p
