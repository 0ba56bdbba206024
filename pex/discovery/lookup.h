// One Kademlia lookup: who is closest to a target, found by asking those who may know closer ones.
//
// It knows no protocol, no packet and no clock: it says whom to ask next, is told what they
// answered or that they did not, and ends when none of the closest is left to be asked. The core
// gives it up when its time is over.
//
// Invariant: at most `parallel` are asked at once; nobody is asked twice; the result is sorted by
// distance and holds at most `results`.
//
// Source: go-ethereum p2p/discover/lookup.go for the rule of ending.
// Threads: none of its own.
#pragma once

#include <span>
#include <unordered_set>
#include <vector>

#include "pex/discovery/contact.h"

namespace peerage::pex {

class Lookup {
 public:
  struct Settings {
    EnodeId target;
    EnodeId own;  // never a result
    std::size_t results = 16;
    std::size_t parallel = 3;
  };
  Lookup(const Settings& settings, std::span<const Contact> start);

  const EnodeId& target() const noexcept { return settings_.target; }
  // The closest that was not asked, if one more may be: it counts as asked now.
  std::optional<Contact> next();
  // What `from` answered; further answers of the same node are taken too.
  void on_answer(const EnodeId& from, std::span<const Contact> told);
  // `from` has said all that it will: it makes room for another.
  void on_done(const EnodeId& from);
  // It goes on without this one; an answer that comes later still counts.
  void on_slow(const EnodeId& from);
  // It did not answer at all.
  void on_silent(const EnodeId& from);

  bool finished() const;
  std::size_t in_flight() const noexcept { return in_flight_.size(); }
  std::size_t rounds() const noexcept;  // the longest way from the start to one that was asked
  // Those of the closest that answered, closest first.
  std::vector<Contact> result() const;
  // All of the closest that were seen.
  std::vector<Contact> closest() const;

 private:
  struct Seen {
    Contact contact;
    std::size_t round = 0;
    enum class State : std::uint8_t { fresh, asked, answered, silent } state = State::fresh;
  };
  Settings settings_;
  std::vector<Seen> seen_;  // by distance
  std::unordered_set<EnodeId> in_flight_;
};

}  // namespace peerage::pex
