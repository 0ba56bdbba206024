#include "pex/exchange/exchange.h"

#include <utility>

#include "p2p/base/peer_reason.h"
#include "pex/exchange/messages.h"

namespace peerage::pex {

using conn::Failure;
using conn::NetAddress;
using conn::Stage;
using conn::TimePoint;
using p2p::Peer;

namespace {

// Whether an address with this outcome is worth a provenance row.
bool may_be_a_peer(addrbook::Added outcome) {
  using addrbook::Added;
  return outcome != Added::invalid && outcome != Added::unroutable && outcome != Added::own &&
         outcome != Added::private_id;
}

Failure misbehaved(std::string what) {
  return {Stage::established, p2p::PeerReason::misbehaved, std::move(what)};
}

std::string minutes(conn::Duration span) {
  return std::to_string(std::chrono::duration_cast<std::chrono::minutes>(span).count()) + " min";
}

}  // namespace

bool Exchange::may_ask(const Peer& peer, TimePoint now) const {
  return peer.info().has_channel(conn::kPexChannel) && pacer_.may_ask(peer.id(), now);
}

bool Exchange::ask(Peer& peer, TimePoint now) {
  if (!may_ask(peer, now)) return false;
  if (peer.try_send(conn::kPexChannel, encode_request()) != conn::SendResult::queued) return false;
  pacer_.on_asked(peer.id(), now);
  ++counts_.asked;
  if (addrbook::AddressBook* book = books_.find(peer.network())) {
    book->expect_answer(peer.socket().ip, books_.now());
  }
  return true;
}

RequestGuard::Asker Exchange::asker_of(const Peer& peer) {
  using Guard = RequestGuard;
  const addrbook::AddressBook* book = books_.find(peer.network());
  const bool shared = book != nullptr && book->exempt(peer.socket().ip);
  return {peer.socket().ip, peer.id(),
          peer.named() ? Guard::Trust::trusted : Guard::Trust::stranger,
          shared ? Guard::CountedAs::itself : Guard::CountedAs::host};
}

Exchange::Outcome Exchange::on_message(Peer& peer, conn::ByteView bytes, TimePoint now) {
  if (ending_.contains(peer.link())) return {};
  const auto message = decode(bytes);
  if (!message) {
    ++counts_.malformed;
    const auto verdict = guard_.on_violation(asker_of(peer), now);
    Outcome outcome = judged(peer, verdict, message.error(), Outcome::Kind::nothing);
    outcome.address = Outcome::Address::is_bad;
    return outcome;
  }
  if (std::holds_alternative<Request>(*message)) return on_request(peer, now);
  const auto& list = std::get<Addresses>(*message);
  return on_list(peer, list.usable, list.refused, now);
}

Exchange::Outcome Exchange::on_request(Peer& peer, TimePoint now) {
  ++counts_.requests;
  const auto verdict = guard_.on_request(asker_of(peer), now);
  if (verdict != RequestGuard::Verdict::answer) {
    ++counts_.ignored;
    return judged(peer, verdict,
                  misbehaved("asked for addresses " + std::to_string(limits_.flood_burst) +
                             " times more than is answered"),
                  Outcome::Kind::ignored);
  }
  addrbook::AddressBook* book = books_.find(peer.network());
  if (book == nullptr) return {};
  const addrbook::Time time = books_.now();
  const std::vector<NetAddress> answer = serve_ == Serve::verified
                                             ? book->verified_selection(time)
                                             : answers_[book->network()].answer(*book, time);
  if (peer.try_send(conn::kPexChannel, encode_addresses(answer)) != conn::SendResult::queued) {
    return {Outcome::Kind::ignored, {}, 0, {}};
  }
  if (answer.empty()) guard_.had_nothing(asker_of(peer));
  ++counts_.answers;
  ++answers_of_[book->network()];
  counts_.addresses_given += answer.size();
  return {Outcome::Kind::answered, {}, 0, {}};
}

std::uint64_t Exchange::answers_of(const std::string& network) const {
  const auto found = answers_of_.find(network);
  return found == answers_of_.end() ? 0 : found->second;
}

Exchange::Outcome Exchange::on_list(Peer& peer, std::span<const NetAddress> addresses,
                                    std::size_t refused, TimePoint now) {
  if (!pacer_.on_list(peer.id())) {
    ++counts_.unsolicited;
    Outcome outcome = judged(peer, guard_.on_violation(asker_of(peer), now),
                             misbehaved("sent " + std::to_string(addresses.size() + refused) +
                                        " addresses that we did not ask for"),
                             Outcome::Kind::nothing);
    outcome.address = Outcome::Address::is_bad;
    return outcome;
  }
  ++counts_.lists;
  counts_.addresses_heard += addresses.size();
  counts_.addresses_refused += refused;
  std::size_t added = 0;
  AnswerCounts answer{.usable = addresses.size(), .refused = refused};
  if (addrbook::AddressBook* book = books_.find(peer.network())) {
    const addrbook::Source source = {peer.socket().ip, peer.id(), addrbook::Origin::pex,
                                     addrbook::Word::answer};
    const addrbook::Time time = books_.now();
    for (const NetAddress& address : addresses) {
      const auto outcome = book->add(address, source, time);
      if (outcome == addrbook::Added::added) ++added;
      if (outcome == addrbook::Added::unroutable) ++answer.unroutable;
      if (may_be_a_peer(outcome)) {
        books_.note_source(book->network(), peer.id(), source.ip, address);
      }
    }
    counts_.addresses_new += added;
    books_.changed();
  }
  if (refused == 0) return {Outcome::Kind::list, {}, added, {}, answer};
  Outcome outcome = judged(peer, guard_.on_nonsense(asker_of(peer), now),
                           misbehaved("sent " + std::to_string(limits_.bad_lists) +
                                      " lists with addresses that no node can have, " +
                                      std::to_string(refused) + " in the last"),
                           Outcome::Kind::list);
  outcome.address = Outcome::Address::is_bad;
  outcome.added = added;
  outcome.answer = answer;
  return outcome;
}

Exchange::Outcome Exchange::judged(const Peer& peer, RequestGuard::Verdict verdict, Failure what,
                                   Outcome::Kind mild) {
  using Verdict = RequestGuard::Verdict;
  if (verdict != Verdict::drop && verdict != Verdict::ban) return {mild, {}, 0, {}};
  ending_.insert(peer.link());
  ++counts_.offences;
  const std::string within = minutes(limits_.memory), ban = minutes(limits_.ban);
  const std::string most = std::to_string(limits_.offences_to_ban);
  if (verdict == Verdict::ban) {
    what.detail += "; offence " + most + " within " + within + ": banned for " + ban;
    return {Outcome::Kind::ban, std::move(what), 0, {}};
  }
  what.detail += "; " + most + " offences within " + within + " bring a ban of " + ban;
  return {Outcome::Kind::drop, std::move(what), 0, {}};
}

}  // namespace peerage::pex
