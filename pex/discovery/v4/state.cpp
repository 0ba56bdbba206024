#include "pex/discovery/v4/state.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace peerage::pex {

using conn::Bytes;
using conn::IpAddress;
using conn::TimePoint;
using v4::PingSent;
using v4::Spot;

namespace {

constexpr std::size_t kSignedFinds = 16;
// What may come for each request: a Pong and their own ping; as many packets as there are nodes;
// one record.
constexpr std::size_t kPingAnswers = 2;
constexpr std::size_t kFindAnswers = v4::kNodesInAnswer;

}  // namespace

Discv4State::Discv4State(SharedState& shared, ProtocolHost& host)
    : shared_(shared),
      host_(host),
      limits_(shared.settings.limits),
      pings_(limits_),
      finds_(limits_.v4_find_nodes),
      records_asked_(limits_.v4_record_questions),
      knows_us_(limits_.proofs),
      last_questions_(limits_.proofs),
      signed_finds_(kSignedFinds) {}

// --- what we know ---

bool Discv4State::is_proven(const Contact& node, DiscoveryTime now) {
  return shared_.proofs.proven(node.id, node.udp.ip, now.steady);
}

bool Discv4State::knows_us(const Contact& node, DiscoveryTime now) const {
  const Acquaintance* const known = knows_us_.find(v4::spot_of(node));
  return known != nullptr && now.steady - known->pinged_us < limits_.proof_lasts;
}

bool Discv4State::is_rested(const Contact& node, DiscoveryTime now) const {
  const auto since = shared_.proofs.since(node.id, node.udp.ip, now.steady);
  return since && now.steady - *since >= limits_.quiet_after_proof;
}

std::optional<std::uint64_t> Discv4State::own_seq() const {
  const EnrPtr& record = shared_.record.current();
  if (shared_.settings.records == Switched::off || !record) return std::nullopt;
  return record->seq();
}

// --- pings ---

bool Discv4State::may_begin(const Contact& node, Word word, DiscoveryTime now) {
  if (shared_.refusal(node.id, node.udp.ip, now.steady)) return false;
  if (is_proven(node, now)) return true;
  if (word == Word::others && !shared_.limits.allow_told(node.udp, now.steady)) {
    shared_.counters.limit(Limited::told_endpoint);
    return false;
  }
  if (shared_.limits.allow_own(node.udp.ip, now.steady)) return true;
  shared_.counters.limit(Limited::to_unproven);
  return false;
}

ProtocolState::Asked Discv4State::ping(const Contact& node, Word word, DiscoveryTime now) {
  const Spot spot = v4::spot_of(node);
  if (const PingSent* const sent = pings_.find(spot)) {
    // Whom we need is not waited for when one datagram was lost.
    const bool is_late = now.steady - sent->sent >= limits_.boot_again;
    if (word != Word::ours || !is_late || is_proven(node, now)) return Asked::already;
    shared_.awaited.end(pings_.take(spot)->node.udp);
  }
  const bool is_queued =
      std::any_of(queued_pings_.begin(), queued_pings_.end(),
                  [&](const Contact& queued) { return v4::spot_of(queued) == spot; });
  if (is_queued) return Asked::already;
  if (pings_.full() && queued_pings_.size() >= limits_.v4_pings_queued) {
    shared_.counters.limit(Limited::pings_queued);
    return Asked::refused;
  }
  if (!may_begin(node, word, now)) return Asked::refused;
  if (pings_.full()) {
    queued_pings_.push_back(node);
  } else {
    send_ping(node, PingSent::Why::needed, {}, v4::encode(ping_to(node, {}, now)), now);
  }
  return Asked::sent;
}

// The address that we advertise, or that of the route, as far as we know it: there are peers that
// ping it instead of the source.
v4::Ping Discv4State::ping_to(const Contact& node, const IpAddress& from, DiscoveryTime now) const {
  const DiscoverySettings& settings = shared_.settings;
  v4::Ping ping;
  ping.from = {settings.bound.ip, settings.bound.port, shared_.p2p_port};
  if (!from.unspecified()) ping.from.ip = from;
  const auto advertised = shared_.advertised(node.udp.ip.is_v4() ? IpFamily::v4 : IpFamily::v6);
  if (advertised) {
    ping.from.ip = advertised->ip;
    ping.from.udp = advertised->port;
  }
  if (ping.from.ip->unspecified()) ping.from.ip = IpAddress::v4(0, 0, 0, 0);
  ping.to = {node.udp.ip, node.udp.port, 0};
  ping.expires = expiry(now);
  ping.seq = own_seq();
  return ping;
}

std::uint64_t Discv4State::expiry(DiscoveryTime now) const {
  const auto at = now.wall + std::chrono::floor<std::chrono::milliseconds>(limits_.v4_expiry);
  return static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
}

void Discv4State::send_ping(const Contact& node, PingSent::Why why, const IpAddress& from,
                            Bytes packet, DiscoveryTime now) {
  // A stranger that sends us no more than we have sent it, as we do, could answer one ping and not
  // the next, so that a lost datagram would cost minutes. What follows a message is ignored.
  const bool is_first_word = why == PingSent::Why::needed && !knows_us(node, now);
  if (is_first_word) packet.resize(std::max<std::size_t>(packet.size(), limits_.unproven_answer));
  const v4::PacketHash hash = sign(packet);
  const auto displaced = pings_.add(hash, {node, now.steady, why});
  shared_.awaited.expect(node.udp, kPingAnswers);
  shared_.table.on_pinged(node.id, Protocol::v4, node.udp, now.steady);
  send(node.udp, MessageKind::ping, std::move(packet), from);
  if (displaced) on_ping_silent(*displaced, now);
}

void Discv4State::send_queued_pings(DiscoveryTime now) {
  while (!queued_pings_.empty() && !pings_.full()) {
    const Contact node = std::move(queued_pings_.front());
    queued_pings_.pop_front();
    if (!pings_.contains(v4::spot_of(node))) {
      send_ping(node, PingSent::Why::needed, {}, v4::encode(ping_to(node, {}, now)), now);
    }
  }
}

void Discv4State::on_ping_silent(const PingSent& ping, DiscoveryTime now) {
  shared_.awaited.end(ping.node.udp);
  const Find* const find = finds_.find(ping.node.id);
  if (find != nullptr && find->awaits == Find::Stage::pong &&
      find->node.udp.ip == ping.node.udp.ip) {
    end_find(ping.node.id, FindEnd::silent, now);
  }
  host_.on_silent(Protocol::v4, ping.node, now);
}

// --- FindNode ---

ProtocolState::Asked Discv4State::find_node(const Contact& node, const LookupTarget& target,
                                            Word word, DiscoveryTime now) {
  if (finds_.contains(node.id)) return Asked::already;
  if (!target.key || finds_.full()) return Asked::refused;
  if (knows_us(node, now) && is_proven(node, now)) {
    if (!may_begin(node, word, now)) return Asked::refused;
    Find* const find = finds_.add(node.id, {node, target, Find::Stage::neighbors}, now.steady);
    shared_.awaited.expect(node.udp, kFindAnswers);
    send_find(*find, now);
    return Asked::sent;
  }
  if (ping(node, word, now) == Asked::refused) return Asked::refused;
  shared_.awaited.expect(node.udp, kFindAnswers);
  // A ping that waits its turn ends later than one that is sent now.
  finds_.add(node.id, {node, target, Find::Stage::pong}, now.steady + 2 * limits_.v4_request);
  return Asked::sent;
}

void Discv4State::go_on_with_find(const EnodeId& id, Find::Stage after, DiscoveryTime now) {
  Find* const find = finds_.find(id);
  if (find == nullptr || find->awaits != after) return;
  host_.on_find_went_on(Protocol::v4, id, now);
  if (after == Find::Stage::pong && !knows_us(find->node, now)) {
    find->awaits = Find::Stage::ping;
    finds_.set_deadline(id, now.steady + limits_.lookup_step);
    return;
  }
  find->awaits = Find::Stage::neighbors;
  send_find(*find, now);
}

void Discv4State::send_find(Find& find, DiscoveryTime now) {
  const bool is_last = ++find.sent >= limits_.find_tries;
  const conn::Duration rest = limits_.v4_request - (find.sent - 1) * limits_.find_again;
  finds_.set_deadline(find.node.id, now.steady + (is_last ? rest : limits_.find_again));
  const v4::WireKey target = *find.target.key;
  SignedFind& cached = signed_finds_.use(target, [] { return SignedFind{}; });
  const bool is_old = now.steady - cached.signed_at >= limits_.find_node_signed;
  if (cached.packet.empty() || is_old || cached.sent_to.contains(find.node.id)) {
    cached = {v4::encode(v4::FindNode{target, expiry(now)}), now.steady, {}};
    sign(cached.packet);
  }
  cached.sent_to.insert(find.node.id);
  // Its answer may be the same packet as one that it gave a moment ago.
  std::erase_if(recent_packets_, [&](const auto& each) { return each.second == find.node.udp; });
  send(find.node.udp, MessageKind::find_node, cached.packet);
}

void Discv4State::end_find(const EnodeId& id, FindEnd end, DiscoveryTime now) {
  const auto find = finds_.take(id);
  if (!find) return;
  shared_.awaited.end(find->node.udp);
  const v4::Spot spot = v4::spot_of(find->node);
  const Acquaintance* const known = knows_us_.find(spot);
  const bool may_not_know_us = known != nullptr && !known->has_answered;
  if (end == FindEnd::silent && may_not_know_us) knows_us_.erase(spot);
  host_.on_find_ended(Protocol::v4, find->node, end, now);
}

// --- records ---

ProtocolState::Asked Discv4State::request_record(const Contact& node, Word word,
                                                 DiscoveryTime now) {
  if (shared_.settings.records == Switched::off) return Asked::refused;
  if (records_asked_.contains(node.id)) return Asked::already;
  if (records_asked_.full() || !is_proven(node, now) || !may_begin(node, word, now)) {
    return Asked::refused;
  }
  const TimePoint* const last = last_questions_.find(node.id);
  if (last != nullptr && now.steady - *last < limits_.record_question) {
    shared_.counters.limit(Limited::record_question);
    return Asked::refused;
  }
  shared_.awaited.expect(node.udp, limits_.record_tries);
  send_record_question(*records_asked_.add(node.id, {node, {}}, now.steady), now);
  return Asked::sent;
}

void Discv4State::send_record_question(RecordAsked& asked, DiscoveryTime now) {
  const EnodeId id = asked.node.id;
  last_questions_.use(id, [] { return TimePoint{}; }) = now.steady;
  Bytes packet = v4::encode(v4::EnrRequest{expiry(now)});
  asked.sent.emplace_back(sign(packet), now.steady);
  const std::size_t sent = asked.sent.size();
  const conn::Duration pause = std::max(limits_.record_question, limits_.find_again);
  const conn::Duration rest =
      limits_.v4_request - static_cast<conn::Duration::rep>(sent - 1) * pause;
  const bool is_last = sent >= limits_.record_tries;
  records_asked_.set_deadline(id, now.steady + (is_last ? std::max(rest, pause) : pause));
  send(asked.node.udp, MessageKind::enr_request, std::move(packet));
}

// --- time ---

std::optional<TimePoint> Discv4State::next_deadline() const {
  std::optional<TimePoint> next = pings_.next_deadline();
  for (const auto& each : {finds_.next_deadline(), records_asked_.next_deadline()}) {
    if (each && (!next || *each < *next)) next = each;
  }
  return next;
}

void Discv4State::on_time(DiscoveryTime now) {
  while (const auto ping = pings_.take_over(now.steady)) on_ping_silent(*ping, now);
  send_queued_pings(now);
  while (auto over = finds_.next_over(now.steady)) {
    const Find* const find = finds_.find(*over);
    const bool is_unheard = find->awaits == Find::Stage::neighbors && find->told == 0;
    if (find->awaits == Find::Stage::ping) {
      go_on_with_find(*over, Find::Stage::ping, now);
    } else if (is_unheard && find->sent < limits_.find_tries) {
      Find& again = *finds_.find(*over);
      // Its ping was lost, or our answer to it, so that it may not listen to us.
      if (!knows_us(again.node, now)) ping(again.node, Word::ours, now);
      send_find(again, now);
    } else {
      end_find(*over, find->so_far, now);
    }
  }
  while (const auto over = records_asked_.next_over(now.steady)) {
    RecordAsked& asked = *records_asked_.find(*over);
    if (asked.sent.size() < limits_.record_tries && is_proven(asked.node, now)) {
      send_record_question(asked, now);
      continue;
    }
    const Contact node = records_asked_.take(*over)->node;
    shared_.awaited.end(node.udp);
    host_.on_record(Protocol::v4, node, nullptr, now);
  }
}

void Discv4State::forget(const EnodeId& id) {
  for (const PingSent& ping : pings_.take_all(id)) {
    shared_.awaited.end(ping.node.udp);
    knows_us_.erase(v4::spot_of(ping.node));
  }
  std::erase_if(queued_pings_, [&](const Contact& node) { return node.id == id; });
  if (const auto find = finds_.take(id)) {
    shared_.awaited.end(find->node.udp);
    knows_us_.erase(v4::spot_of(find->node));
  }
  if (const auto asked = records_asked_.take(id)) shared_.awaited.end(asked->node.udp);
  last_questions_.erase(id);
}

// --- out ---

v4::PacketHash Discv4State::sign(Bytes& packet) {
  conn::ByteArray<32> salt{};
  const std::uint64_t drawn = shared_.random.next();
  std::memcpy(salt.data(), &drawn, sizeof drawn);
  return v4::sign(shared_.key, packet, salt);
}

void Discv4State::send(const conn::Endpoint& to, MessageKind kind, Bytes packet,
                       const IpAddress& from) {
  shared_.send(Protocol::v4, kind, {to, std::move(packet), from});
}

}  // namespace peerage::pex
