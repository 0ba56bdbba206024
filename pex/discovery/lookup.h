// One Kademlia lookup: who is closest to a target, found by asking those who may know closer ones.
//
// It knows no protocol, no packet and no clock: it says whom to ask next, is told what they
// answered or that they did not, and ends when none of the closest is left to be asked. The core
// gives it up when its time is over.
//
// Invariants: at most `parallel` are asked at once; nobody is asked twice; of one node's answers at
// most `results` contacts are taken; the result is sorted by distance and holds at most `results`.
// Bounded: of the contacts seen the kSeenPerResult × `results` closest are kept. Those who are
// silent make way for the next closest, so that a liar with invented neighbours of the target only
// costs the time of asking them.
//
// Source: go-ethereum p2p/discover/lookup.go for the rule of ending.
// Threads: none of its own.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

#include "pex/discovery/contact.h"

namespace peerage::pex {

class Lookup {
 public:
  static constexpr std::size_t kSeenPerResult = 16;

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
  // What `from` answered; further answers of the same node are taken too. Of who was not asked it
  // is ignored.
  void on_answer(const EnodeId& from, std::span<const Contact> told);
  // `from` has said all that it will, be it nothing: it makes room for another.
  void on_done(const EnodeId& from);
  // It goes on without this one; an answer that comes later still counts.
  void on_slow(const EnodeId& from);
  // It did not answer at all.
  void on_silent(const EnodeId& from);
  // It was not asked, because a limit forbids it now: that says nothing about it.
  void on_refused(const EnodeId& node);

  bool finished() const;
  std::size_t in_flight() const noexcept { return in_flight_.size(); }
  std::size_t seen() const noexcept { return seen_.size(); }
  // The longest way from here to one that was asked: 1 for those of the start.
  std::size_t rounds() const noexcept { return rounds_; }
  // Those of the closest that answered, closest first.
  std::vector<Contact> result() const;
  // All of the closest that were seen, asked or not, but the silent.
  std::vector<Contact> closest() const;

 private:
  enum class State : std::uint8_t { fresh, refused, asked, slow, answered, silent };
  struct Seen {
    Contact contact;
    std::size_t round;
    std::size_t told = 0;  // contacts taken from it
    State state = State::fresh;
  };
  using Distance = conn::ByteArray<32>;

  Distance distance(const EnodeId& id) const;
  Seen* find(const EnodeId& id);
  void see(const Contact& contact, std::size_t round);
  // Of the closest that are worth waiting for, the first that nobody has asked; null: none is left.
  const Seen* next_fresh() const;

  Settings settings_;
  std::map<Distance, Seen> seen_;
  std::unordered_set<EnodeId> in_flight_;
  std::size_t rounds_ = 0;
};

}  // namespace peerage::pex
