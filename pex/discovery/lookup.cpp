#include "pex/discovery/lookup.h"

#include <algorithm>
#include <iterator>

namespace peerage::pex {

Lookup::Lookup(const Settings& settings, std::span<const Contact> start) : settings_(settings) {
  for (const Contact& contact : start) see(contact, 1);
}

std::optional<Contact> Lookup::next() {
  if (in_flight_.size() >= settings_.parallel) return std::nullopt;
  const Seen* const fresh = next_fresh();
  if (fresh == nullptr) return std::nullopt;
  Seen& asked = *find(fresh->contact.id);
  asked.state = State::asked;
  in_flight_.insert(asked.contact.id);
  rounds_ = std::max(rounds_, asked.round);
  return asked.contact;
}

void Lookup::on_answer(const EnodeId& from, std::span<const Contact> told) {
  Seen* const answering = find(from);
  if (answering == nullptr) return;
  if (answering->state == State::fresh || answering->state == State::refused) return;
  answering->state = State::answered;
  const std::size_t taken = std::min(told.size(), settings_.results - answering->told);
  answering->told += taken;
  const std::size_t round = answering->round + 1;
  // `answering` may go, when closer ones come.
  for (const Contact& contact : told.first(taken)) see(contact, round);
}

void Lookup::on_done(const EnodeId& from) {
  if (in_flight_.erase(from) == 0) return;
  if (Seen* const seen = find(from)) seen->state = State::answered;
}

void Lookup::on_slow(const EnodeId& from) {
  in_flight_.erase(from);
  Seen* const seen = find(from);
  if (seen != nullptr && seen->state == State::asked) seen->state = State::slow;
}

void Lookup::on_silent(const EnodeId& from) {
  in_flight_.erase(from);
  Seen* const seen = find(from);
  const bool waited =
      seen != nullptr && (seen->state == State::asked || seen->state == State::slow);
  if (waited) seen->state = State::silent;
}

void Lookup::on_refused(const EnodeId& node) {
  in_flight_.erase(node);
  Seen* const seen = find(node);
  if (seen != nullptr && seen->state == State::asked) seen->state = State::refused;
}

bool Lookup::finished() const {
  return in_flight_.empty() && next_fresh() == nullptr;
}

std::vector<Contact> Lookup::result() const {
  std::vector<Contact> result;
  for (const auto& [distance, seen] : seen_) {
    if (result.size() >= settings_.results) break;
    if (seen.state == State::answered) result.push_back(seen.contact);
  }
  return result;
}

std::vector<Contact> Lookup::closest() const {
  std::vector<Contact> closest;
  for (const auto& [distance, seen] : seen_) {
    if (closest.size() >= settings_.results) break;
    if (seen.state != State::silent) closest.push_back(seen.contact);
  }
  return closest;
}

Lookup::Distance Lookup::distance(const EnodeId& id) const {
  Distance distance;
  for (std::size_t i = 0; i < distance.size(); ++i) {
    distance[i] = static_cast<std::uint8_t>(id.bytes[i] ^ settings_.target.bytes[i]);
  }
  return distance;
}

Lookup::Seen* Lookup::find(const EnodeId& id) {
  const auto found = seen_.find(distance(id));
  return found == seen_.end() ? nullptr : &found->second;
}

void Lookup::see(const Contact& contact, std::size_t round) {
  if (contact.id == settings_.own) return;
  if (Seen* const known = find(contact.id)) {
    // What it has signed itself is better than what was told of it.
    const bool newer = contact.seq() > known->contact.seq();
    if (newer && known->state == State::fresh) known->contact = contact;
    return;
  }
  seen_.emplace(distance(contact.id), Seen{contact, round});
  if (seen_.size() > kSeenPerResult * settings_.results) seen_.erase(std::prev(seen_.end()));
}

const Lookup::Seen* Lookup::next_fresh() const {
  std::size_t closer = 0;
  for (const auto& [distance, seen] : seen_) {
    if (closer >= settings_.results) break;
    if (seen.state == State::fresh) return &seen;
    if (seen.state == State::asked || seen.state == State::answered) ++closer;
  }
  return nullptr;
}

}  // namespace peerage::pex
