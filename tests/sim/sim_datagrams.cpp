#include "tests/sim/sim_datagrams.h"

#include <algorithm>
#include <utility>

namespace peerage::sim {

using conn::Datagram;
using conn::fail;
using conn::kDatagramBatch;
using conn::Reason;
using conn::Result;
using conn::Stage;

namespace {

constexpr std::size_t kLongest = 65'507;    // that UDP can carry
constexpr std::size_t kKernelBytes = 512;   // what the system keeps beside a datagram that waits
constexpr std::size_t kMaxUnused = 65'536;  // packets

std::size_t headers(const IpAddress& to) {
  return (to.is_v4() ? 20 : 40) + 8;
}

}  // namespace

// --- the way ---

SimNat& SimDatagrams::add_nat(const NatPlan& plan) {
  nats_.push_back(std::make_unique<SimNat>(plan));
  nat_at_[plan.outside] = nats_.back().get();
  return *nats_.back();
}

PacketPtr SimDatagrams::make(const Endpoint& from, const Endpoint& to, ByteView bytes) {
  PacketPtr packet;
  if (unused_.empty()) {
    packet = std::make_unique<Packet>();
  } else {
    packet = std::move(unused_.back());
    unused_.pop_back();
  }
  packet->from = from;
  packet->to = to;
  packet->lan = nullptr;
  packet->bytes.assign(bytes.begin(), bytes.end());
  return packet;
}

void SimDatagrams::reuse(PacketPtr packet) {
  if (unused_.size() < kMaxUnused) unused_.push_back(std::move(packet));
}

bool SimDatagrams::happens(double chance) {
  return chance > 0 && static_cast<double>(world_.random() >> 11) * 0x1p-53 < chance;
}

void SimDatagrams::send(SimHost& host, const Endpoint& from, const Endpoint& to, ByteView bytes) {
  auto& counts = world_.harm_.datagrams;
  ++counts.sent;
  SimNat* const nat = host.nat_for(from.ip);
  const bool stays = nat != nullptr && nat->host_of(to.ip) != nullptr;
  const bool leaves = nat != nullptr && !stays;
  const Endpoint seen = leaves ? nat->outwards(from, to, world_.now()) : from;
  const LinkPlan plan = world_.link(seen.ip, to.ip);
  if (bytes.size() + headers(to.ip) > plan.mtu) {
    ++counts.too_long;
    return;
  }
  if (plan.datagrams == LinkPlan::Datagrams::swallowed) {
    ++counts.swallowed;
    return;
  }
  const bool twice = happens(plan.duplication);
  counts.duplicated += twice ? 1 : 0;
  for (int i = 0; i < (twice ? 2 : 1); ++i) {
    if (happens(plan.loss)) {
      ++counts.lost;
      continue;
    }
    PacketPtr packet = make(seen, to, bytes);
    if (stays) packet->lan = nat;
    travel(std::move(packet), plan);
  }
}

void SimDatagrams::travel(PacketPtr packet, const LinkPlan& plan) {
  Duration delay = plan.latency;
  if (plan.jitter.count() > 0) {
    const auto most = static_cast<std::uint64_t>(plan.jitter.count());
    delay += Duration(static_cast<Duration::rep>(world_.random() % (most + 1)));
    ++world_.harm_.datagrams.delayed;
  }
  world_.after(delay, [this, packet = std::move(packet)]() mutable { arrive(std::move(packet)); });
}

void SimDatagrams::arrive(PacketPtr packet) {
  world_.trace(std::uint64_t{packet->bytes.size()} << 32 | std::uint64_t{packet->from.port} << 16 |
               packet->to.port);
  SimHost* const host = receiver_of(*packet);
  SimDatagramSocket* const socket = host == nullptr ? nullptr : host->socket_at(packet->to);
  if (socket != nullptr) {
    socket->arrive(std::move(packet));
  } else {
    reuse(std::move(packet));
  }
}

SimHost* SimDatagrams::receiver_of(Packet& packet) {
  auto& counts = world_.harm_.datagrams;
  if (packet.lan != nullptr) return packet.lan->host_of(packet.to.ip);
  const auto nat = nat_at_.find(packet.to.ip);
  if (nat == nat_at_.end()) return world_.host_of(packet.to.ip);
  const auto inside = nat->second->inwards(packet.from, packet.to.port, world_.now());
  if (!inside) {
    const bool unmapped = inside.error() == SimNat::Refusal::unmapped;
    ++(unmapped ? counts.unmapped : counts.filtered);
    return nullptr;
  }
  packet.to = *inside;
  return nat->second->host_of(inside->ip);
}

// --- the socket ---

SimDatagramSocket::SimDatagramSocket(SimHost& host, const Endpoint& at, std::size_t longest)
    : host_(host), at_(at), longest_(longest) {
  host_.datagram_sockets_.emplace(at.port, this);
}

void SimDatagramSocket::close() noexcept {
  if (!std::exchange(open_, false)) return;
  const auto [begin, end] = host_.datagram_sockets_.equal_range(at_.port);
  host_.datagram_sockets_.erase(
      std::find_if(begin, end, [this](const auto& each) { return each.second == this; }));
  interests_->readable.task = nullptr;
  interests_->writable.task = nullptr;
  give_back_lent();
  lent_ = std::move(waiting_);
  give_back_lent();
}

bool SimDatagramSocket::hears(const Endpoint& to) const {
  return to.port == at_.port &&
         (to.ip == at_.ip || at_.ip == IpAddress{} || (at_.ip.unspecified() && to.ip.is_v4()));
}

bool SimDatagramSocket::collides_with(const Endpoint& at) const {
  const bool same_family =
      at.ip == IpAddress{} || at_.ip == IpAddress{} || at.ip.is_v4() == at_.ip.is_v4();
  return at.port == at_.port && same_family &&
         (at.ip == at_.ip || at.ip.unspecified() || at_.ip.unspecified());
}

void SimDatagramSocket::arrive(PacketPtr packet) {
  auto& counts = host_.world_.harm_.datagrams;
  const std::size_t room_taken = packet->bytes.size() + kKernelBytes;
  if (waiting_bytes_ + room_taken > host_.receive_buffer_) {
    ++counts.overflowed;
    ++figures_.overflowed;
    host_.world_.datagrams_->reuse(std::move(packet));
    return;
  }
  ++counts.arrived;
  waiting_bytes_ += room_taken;
  waiting_.push_back(std::move(packet));
  notify(&Interests::readable);
}

std::span<const Datagram> SimDatagramSocket::receive() noexcept {
  give_back_lent();
  const std::size_t count = std::min(waiting_.size(), kDatagramBatch);
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Packet& packet = *waiting_[i];
    waiting_bytes_ -= packet.bytes.size() + kKernelBytes;
    const ByteView bytes = packet.bytes;
    batch_[i] = {packet.from, bytes.first(std::min(bytes.size(), longest_)), packet.to.ip};
  }
  lent_.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  figures_.received += count;
  return std::span<const Datagram>(batch_).first(count);
}

void SimDatagramSocket::give_back_lent() {
  for (PacketPtr& each : lent_) host_.world_.datagrams_->reuse(std::move(each));
  lent_.clear();
}

std::size_t SimDatagramSocket::send(std::span<const Datagram> datagrams) noexcept {
  if (!open_ || host_.sending_ == SimHost::Sending::blocked) return 0;
  for (const Datagram& each : datagrams) ++(send_one(each) ? figures_.sent : figures_.send_errors);
  return datagrams.size();
}

bool SimDatagramSocket::send_one(const Datagram& datagram) {
  const IpAddress& to = datagram.peer.ip;
  const IpAddress& bound = at_.ip;
  const bool speaks = bound == IpAddress{} || bound.is_v4() == to.is_v4();
  if (!speaks || datagram.bytes.size() > kLongest) return false;
  IpAddress from = datagram.local;
  if (from.unspecified()) from = bound.unspecified() ? host_.own_address_for(to) : bound;
  if (!host_.owns(from) || from.is_v4() != to.is_v4()) return false;
  if (host_.running_) {
    host_.world_.datagrams_->send(host_, {from, at_.port}, datagram.peer, datagram.bytes);
  }
  return true;
}

void SimDatagramSocket::when_readable(Task task) {
  if (!open_) return;
  interests_->readable.task = std::move(task);
  if (!waiting_.empty()) notify(&Interests::readable);
}

void SimDatagramSocket::when_writable(Task task) {
  if (!open_) return;
  interests_->writable.task = std::move(task);
  notify_writable();
}

void SimDatagramSocket::notify_writable() {
  if (host_.sending_ == SimHost::Sending::allowed) notify(&Interests::writable);
}

// What arrives at the same moment is received at once.
void SimDatagramSocket::notify(Interest Interests::*which) {
  Interest& interest = (*interests_).*which;
  if (!interest.task || std::exchange(interest.soon, true)) return;
  host_.later(host_.world_.now(), [interests = interests_, which] {
    Interest& due = (*interests).*which;
    due.soon = false;
    if (const Task task = std::exchange(due.task, nullptr)) task();
  });
}

// --- the host's part ---

SimDatagramSocket* SimHost::socket_at(const Endpoint& endpoint) const {
  if (!running_) return nullptr;
  const auto [begin, end] = datagram_sockets_.equal_range(endpoint.port);
  const auto found = std::find_if(
      begin, end, [&endpoint](const auto& each) { return each.second->hears(endpoint); });
  return found == end ? nullptr : found->second;
}

Result<std::unique_ptr<conn::DatagramSocket>> SimHost::open_datagrams(conn::Shard&,
                                                                      const Endpoint& at,
                                                                      std::size_t longest) {
  const auto is_taken = [this](const Endpoint& endpoint) {
    const auto [begin, end] = datagram_sockets_.equal_range(endpoint.port);
    return std::any_of(
        begin, end, [&endpoint](const auto& each) { return each.second->collides_with(endpoint); });
  };
  Endpoint endpoint = at;
  while (endpoint.port == 0 || (at.port == 0 && is_taken(endpoint))) endpoint.port = take_port();
  if (!at.ip.unspecified() && !owns(at.ip)) {
    return fail(Stage::configuration, Reason::io_error,
                at.to_string() + ": no address of this machine");
  }
  world_.harm_.listening_refused += listening_ == Listening::refused ? 1 : 0;
  if (listening_ == Listening::refused || is_taken(endpoint)) {
    return fail(Stage::configuration, Reason::address_in_use, endpoint.to_string());
  }
  return std::make_unique<SimDatagramSocket>(*this, endpoint, longest);
}

void SimHost::set_sending(Sending sending) {
  sending_ = sending;
  for (const auto& [port, socket] : datagram_sockets_) socket->notify_writable();
}

}  // namespace peerage::sim
