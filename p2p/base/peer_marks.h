// What nodes are marked as, by ID: persistent, unconditional, private, named. P2pConfig and
// SwitchConfig say what each means.
//
// The one place that knows it. Whoever treats such a node differently asks here when it matters, or
// hears of the changes: the lists may change while the switch runs, and a node that is marked may
// be connected already, be on its way, or never come.
//
// Threads: none of its own (the control shard).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "conn/address/node_id.h"

namespace peerage::p2p {

enum class Mark : std::uint8_t { persistent, unconditional, private_, named };
inline constexpr std::size_t kMarkCount = static_cast<std::size_t>(Mark::named) + 1;

// Those of one node.
struct Marks {
  bool persistent = false;
  bool unconditional = false;
  bool is_private = false;
  bool named = false;

  // It needs no slot of the others, and is never evicted.
  bool comes_first() const noexcept { return persistent || unconditional || named; }
};

class PeerMarks {
 public:
  class Observer {
   public:
    // Their marks may have changed.
    virtual void on_marks_changed(const std::vector<conn::NodeId>& ids) = 0;

   protected:
    ~Observer() = default;
  };

  Marks of(const conn::NodeId& id) const;
  bool has(Mark mark, const conn::NodeId& id) const { return marked(mark).contains(id); }
  bool comes_first(const conn::NodeId& id) const { return of(id).comes_first(); }

  // Also if it is marked so already; then only the observer hears of it.
  void add(Mark mark, const conn::NodeId& id);
  void remove(Mark mark, const conn::NodeId& id);
  // These are marked so from now on, and no others.
  void replace(Mark mark, std::set<conn::NodeId> ids);

  // It is told of every change from now on.
  void observe(Observer& observer) noexcept { observer_ = &observer; }

 private:
  using Ids = std::set<conn::NodeId>;
  Ids& marked(Mark mark) { return marked_[static_cast<std::size_t>(mark)]; }
  const Ids& marked(Mark mark) const { return marked_[static_cast<std::size_t>(mark)]; }
  void tell(const std::vector<conn::NodeId>& ids);

  std::array<Ids, kMarkCount> marked_;
  Observer* observer_ = nullptr;
};

}  // namespace peerage::p2p
