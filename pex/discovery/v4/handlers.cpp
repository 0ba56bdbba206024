// The messages of others: each in a handler of its own, which says why it was dropped, if it was.
#include <algorithm>
#include <chrono>
#include <limits>

#include "conn/crypto/keccak.h"
#include "pex/discovery/relay_rule.h"
#include "pex/discovery/v4/state.h"

namespace peerage::pex {

using conn::Bytes;
using conn::Endpoint;
using conn::TimePoint;
using v4::PingSent;

namespace {

// A node that has no place in the table is asked for its record at most once in this time.
constexpr conn::Duration kUnplacedQuestion = std::chrono::hours(1);

// In the order of v4::Message.
constexpr std::array kKinds = {MessageKind::ping,        MessageKind::pong,
                               MessageKind::find_node,   MessageKind::neighbors,
                               MessageKind::enr_request, MessageKind::enr_response};

bool is_answer(MessageKind kind) {
  return kind == MessageKind::pong || kind == MessageKind::neighbors ||
         kind == MessageKind::enr_response;
}

std::optional<Endpoint> endpoint_of(const v4::WireEndpoint& wire) {
  if (!wire.ip) return std::nullopt;
  return Endpoint{*wire.ip, wire.udp};
}

}  // namespace

// --- from bytes to a message, the cheapest looks first ---

bool Discv4State::receive(const InDatagram& datagram, TrafficLimits::Awaited awaited,
                          DiscoveryTime now) {
  const auto hash = v4::read_hash(datagram.bytes);
  if (!hash) return false;
  auto& traffic = shared_.counters.traffic[index_of(Protocol::v4)];
  traffic.bytes_in += datagram.bytes.size();
  const auto dropped = take(datagram, *hash, awaited, now);
  if (dropped) shared_.counters.drop(*dropped);
  return true;
}

std::optional<Drop> Discv4State::take(const InDatagram& datagram, const v4::PacketHash& hash,
                                      TrafficLimits::Awaited awaited, DiscoveryTime now) {
  if (is_repeat(hash, datagram.from)) return Drop::repeated;
  const auto message = v4::decode(datagram.bytes);
  if (!message) return Drop::malformed;
  const MessageKind kind = kKinds[message->index()];
  ++shared_.counters.traffic[index_of(Protocol::v4)].packets_in[static_cast<std::size_t>(kind)];
  if (is_over(*message, now.wall)) return Drop::expired;
  if (const auto hopeless = judge_unsigned(*message, datagram.from.ip, now)) return hopeless;
  // Where an answer is awaited, a question is not: or each ping that we answer, and ask back, would
  // have two more signatures checked for nothing.
  if (awaited == TrafficLimits::Awaited::no || !is_answer(kind)) {
    const auto standing = shared_.standing(datagram.from.ip, now.steady);
    if (!shared_.limits.admit_costly(standing, now.steady)) return Drop::costly;
  }
  const auto key = v4::recover_sender(datagram.bytes);
  if (!key) return Drop::signature;
  const Arrived from{Contact::at(*key, datagram.from, 0), hash, datagram.to, now};
  if (const auto refused = shared_.refusal(from.sender.id, datagram.from.ip, now.steady)) {
    return refused;
  }
  const auto dropped = std::visit([&](const auto& each) { return handle(from, each); }, *message);
  if (!dropped) host_.on_handled({Protocol::v4, kind, from.sender.id, datagram.from});
  return dropped;
}

// By hash and source: a packet that somebody else sends on does not shut its maker out.
bool Discv4State::is_repeat(const v4::PacketHash& hash, const Endpoint& from) {
  const std::pair packet(hash, from);
  const auto end = recent_packets_.end();
  if (std::find(recent_packets_.begin(), end, packet) != end) return true;
  recent_packets_.push_back(packet);
  if (recent_packets_.size() > limits_.v4_recent_packets) recent_packets_.pop_front();
  return false;
}

// A time beyond the signed numbers is one before 1970 in others' arithmetic.
bool Discv4State::is_over(const v4::Message& message, conn::WallTime now) {
  const auto time = v4::expires(message);
  if (!time || shared_.settings.expiry == Switched::off) return false;
  using Signed = std::int64_t;
  if (*time > static_cast<std::uint64_t>(std::numeric_limits<Signed>::max())) return true;
  const std::chrono::seconds expires(static_cast<Signed>(*time));
  const auto at = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch();
  shared_.clock.on_packet(expires, at);
  shared_.counters.clock_suspect = shared_.clock.suspect() ? 1 : 0;
  return expires < at;
}

// What will come to nothing, whoever has signed it.
std::optional<Drop> Discv4State::judge_unsigned(const v4::Message& message,
                                                const conn::IpAddress& from,
                                                DiscoveryTime now) const {
  const auto* const pong = std::get_if<v4::Pong>(&message);
  if (pong != nullptr && !pings_.contains(pong->ping)) return Drop::unsolicited;
  const bool tells = std::holds_alternative<v4::Neighbors>(message);
  if (tells && finds_.size() == 0) return Drop::unsolicited;
  const bool brings_record = std::holds_alternative<v4::EnrResponse>(message);
  if (brings_record && records_asked_.size() == 0) return Drop::unsolicited;
  const bool asks = std::holds_alternative<v4::FindNode>(message) ||
                    std::holds_alternative<v4::EnrRequest>(message);
  if (asks && !shared_.proofs.proven(from, now.steady)) return Drop::unproven;
  return std::nullopt;
}

// --- Ping and Pong ---

std::optional<Drop> Discv4State::handle(const Arrived& from, const v4::Ping& ping) {
  Contact sender = from.sender;
  sender.tcp = ping.from.tcp;
  const auto [id, now] = std::pair(sender.id, from.now);
  const bool is_proven_there = is_proven(sender, now);
  if (!answer_ping(from, sender, ping)) return std::nullopt;
  // Whether the Pong has reached it will be seen.
  Acquaintance& known = knows_us_.use(v4::spot_of(sender), [] { return Acquaintance{}; });
  const bool was_known = now.steady - known.pinged_us < limits_.proof_lasts;
  known = {now.steady, was_known && known.has_answered};
  if (is_proven_there) {
    host_.on_inbound(Protocol::v4, sender, now);
    ask_if_newer(sender, ping.seq, now);
    if (const auto seen = endpoint_of(ping.to)) {
      host_.on_seen_at(id, sender.udp.ip, *seen, now);
    }
  }
  go_on_with_find(id, Find::Stage::ping, now);
  return std::nullopt;
}

// Our own ping goes before the Pong: so the other's Pong comes before its first FindNode, which is
// answered then. Where only one of the two may go it is the ping, whose answer lifts the limits.
// False: the Pong was not sent.
bool Discv4State::answer_ping(const Arrived& from, const Contact& sender, const v4::Ping& ping) {
  const conn::Endpoint& at = sender.udp;
  const v4::Pong pong{.to = {at.ip, at.port, ping.from.tcp},
                      .ping = from.hash,
                      .expires = expiry(from.now),
                      .seq = own_seq()};
  Bytes answer = v4::encode(pong);
  if (!is_proven(sender, from.now)) {
    Bytes question;
    // It asks again: either our ping was lost, or its answer.
    const v4::PingSent* const asked = pings_.find(v4::spot_of(sender));
    const bool is_asked = asked != nullptr && from.now.steady - asked->sent < limits_.find_again;
    if (asked != nullptr && !is_asked) {
      shared_.awaited.end(pings_.take(v4::spot_of(sender))->node.udp);
    }
    if (!is_asked) question = v4::encode(ping_to(sender, from.to, from.now));
    const auto may_go = [&](std::size_t bytes, std::uint64_t datagrams) {
      return shared_.limits.allow_unproven(at.ip, bytes, from.now.steady, datagrams);
    };
    const std::size_t all = answer.size() + question.size();
    const bool both = may_go(all, question.empty() ? 1 : 2);
    if (!question.empty() && (both || may_go(question.size(), 1))) {
      send_ping(sender, PingSent::Why::answering, from.to, std::move(question), from.now);
    }
    if (!both) {
      shared_.counters.limit(Limited::to_unproven);
      return false;
    }
  }
  sign(answer);
  send(at, MessageKind::pong, std::move(answer), from.to);
  return true;
}

std::optional<Drop> Discv4State::handle(const Arrived& from, const v4::Pong& pong) {
  const PingSent* const sent = pings_.find(pong.ping);
  if (sent == nullptr || sent->node.id != from.sender.id) return Drop::unsolicited;
  // The owner of a key knows the hash, and could send it in a victim's name.
  if (sent->node.udp.ip != from.sender.udp.ip) return Drop::wrong_source;
  if (from.now.steady - sent->sent > limits_.v4_request) return Drop::unsolicited;
  const PingSent ping = *pings_.take(pong.ping);
  const Contact& node = ping.node;
  shared_.awaited.end(node.udp);
  shared_.proofs.add(node.id, node.udp.ip, from.now.steady);
  shared_.limits.on_answered(node.udp);
  const auto seen = endpoint_of(pong.to);
  host_.on_answered(Protocol::v4, node, {from.now.steady - ping.sent, seen, pong.seq.value_or(0)},
                    from.now);
  if (seen) host_.on_seen_at(node.id, node.udp.ip, *seen, from.now);
  ask_if_newer(node, pong.seq, from.now);
  go_on_with_find(node.id, Find::Stage::pong, from.now);
  send_queued_pings(from.now);
  return std::nullopt;
}

void Discv4State::ask_if_newer(const Contact& sender, std::optional<std::uint64_t> seq,
                               DiscoveryTime now) {
  if (!seq || *seq == 0) return;
  const TableNode* const known = shared_.table.find_any(sender.id);
  const bool is_entry = shared_.table.find(sender.id) != nullptr;
  if (known != nullptr && (is_entry || known->contact.record)) {
    if (known->contact.seq() < *seq) request_record(sender, Word::ours, now);
    return;
  }
  // It has no place in the table, or waits for one again, and the record it gave was not kept.
  const TimePoint* const last = last_questions_.find(sender.id);
  const bool is_asked = last != nullptr && now.steady - *last < kUnplacedQuestion;
  if (!is_asked) request_record(sender, Word::ours, now);
}

// --- FindNode and Neighbors ---

std::optional<Drop> Discv4State::handle(const Arrived& from, const v4::FindNode& find) {
  if (!is_proven(from.sender, from.now)) return Drop::unproven;
  const std::vector<v4::WireNode> nodes = neighbors_for(from, find.target);
  std::size_t done = 0;
  do {
    const std::size_t count = std::min(nodes.size() - done, v4::kNodesInPacket);
    const auto first = nodes.begin() + static_cast<std::ptrdiff_t>(done);
    const v4::Neighbors part{{first, first + static_cast<std::ptrdiff_t>(count)}, expiry(from.now)};
    sign_and_send(from, MessageKind::neighbors, part);
    done += count;
  } while (done < nodes.size());
  return std::nullopt;
}

std::vector<v4::WireNode> Discv4State::neighbors_for(const Arrived& asker,
                                                     const v4::WireKey& target) const {
  const EnodeId id{conn::keccak256(target)};
  const auto may_be_told = [&](const TableNode& node) {
    if (!node.last_live[index_of(Protocol::v4)] || node.contact.id == asker.sender.id) return false;
    if (!shared_.is_confirmed(node.contact)) return false;
    return judge_relay(asker.sender.udp.ip, node.contact.udp.ip) == Relay::fine;
  };
  std::vector<v4::WireNode> nodes;
  for (const TableNode* node : shared_.table.closest(id, v4::kNodesInAnswer, may_be_told)) {
    const Contact& contact = node->contact;
    nodes.push_back({{contact.udp.ip, contact.udp.port, contact.tcp}, contact.key.xy()});
  }
  return nodes;
}

std::optional<Drop> Discv4State::handle(const Arrived& from, const v4::Neighbors& neighbors) {
  const EnodeId& id = from.sender.id;
  Find* const find = finds_.find(id);
  if (find == nullptr || find->awaits != Find::Stage::neighbors) return Drop::unsolicited;
  if (find->node.udp.ip != from.sender.udp.ip) return Drop::wrong_source;
  if (find->told + neighbors.nodes.size() > v4::kNodesInAnswer) return Drop::too_many;
  find->told += neighbors.nodes.size();
  find->so_far = FindEnd::answered;
  const Contact node = find->node;
  // It would not have answered us without a proof of us.
  knows_us_.use(v4::spot_of(node), [&] { return Acquaintance{from.now.steady}; }).has_answered =
      true;
  const bool is_whole = neighbors.nodes.empty() || find->told == v4::kNodesInAnswer;
  // What is left of an answer comes right behind.
  if (!is_whole) finds_.set_deadline(id, from.now.steady + limits_.lookup_step);

  std::vector<Contact> told;
  for (const v4::WireNode& each : neighbors.nodes) {
    const auto key = conn::Secp256k1PublicKey::from_xy(each.key);
    if (key && each.endpoint.ip) {
      told.push_back(Contact::at(*key, {*each.endpoint.ip, each.endpoint.udp}, each.endpoint.tcp));
    } else {
      shared_.counters.drop(Drop::bad_node);
    }
  }
  const bool is_full = neighbors.nodes.size() >= v4::kNodesInPacket;
  host_.on_told(Protocol::v4, node, told, is_full ? More::likely : More::unlikely, from.now);
  if (is_whole) end_find(id, FindEnd::answered, from.now);
  return std::nullopt;
}

// --- records ---

std::optional<Drop> Discv4State::handle(const Arrived& from, const v4::EnrRequest&) {
  const EnrPtr& record = shared_.record.current();
  if (shared_.settings.records == Switched::off || !record) return Drop::malformed;
  if (!is_proven(from.sender, from.now)) return Drop::unproven;
  const conn::ByteView bytes = record->bytes();
  sign_and_send(from, MessageKind::enr_response,
                v4::EnrResponse{from.hash, {bytes.begin(), bytes.end()}});
  return std::nullopt;
}

std::optional<Drop> Discv4State::handle(const Arrived& from, const v4::EnrResponse& response) {
  const RecordAsked* const asked = records_asked_.find(from.sender.id);
  if (asked == nullptr) return Drop::unsolicited;
  const bool is_awaited =
      std::any_of(asked->sent.begin(), asked->sent.end(), [&](const auto& question) {
        return question.first == response.request &&
               from.now.steady - question.second <= limits_.v4_request;
      });
  if (!is_awaited) return Drop::unsolicited;
  if (asked->node.udp.ip != from.sender.udp.ip) return Drop::wrong_source;
  const auto record = shared_.records.decode(response.record);
  if (!record || (*record)->id() != from.sender.id) return Drop::bad_record;
  const auto ended = records_asked_.take(from.sender.id);
  shared_.awaited.end(ended->node.udp);
  host_.on_record(Protocol::v4, ended->node, *record, from.now);
  return std::nullopt;
}

void Discv4State::sign_and_send(const Arrived& to, MessageKind kind, const v4::Message& message) {
  Bytes packet = v4::encode(message);
  sign(packet);
  send(to.sender.udp, kind, std::move(packet), to.to);
}

}  // namespace peerage::pex
