#include "tests/sim/sim_connection.h"

#include <algorithm>
#include <utility>

namespace peerage::sim {

using conn::IoResult;
using conn::IoStatus;
using conn::Reason;

namespace {

class SimStream final : public conn::Stream {
 public:
  SimStream(std::shared_ptr<SimConnection> connection, SimConnection::End end)
      : connection_(std::move(connection)), end_(end) {}
  ~SimStream() override { close(); }

  IoResult read(conn::MutableBytes into) noexcept override { return connection_->read(end_, into); }
  IoResult write(std::span<const ByteView> parts) noexcept override {
    return connection_->write(end_, parts);
  }
  void when_readable(Task task) override { connection_->when_readable(end_, std::move(task)); }
  void when_writable(Task task) override { connection_->when_writable(end_, std::move(task)); }
  void shutdown_write() noexcept override { connection_->shutdown_write(end_); }
  void close() noexcept override { connection_->close(end_); }
  Endpoint local_endpoint() const override { return connection_->local_endpoint(end_); }
  Endpoint remote_endpoint() const override {
    return connection_->endpoint(end_ == SimConnection::End::dialler ? SimConnection::End::acceptor
                                                                     : SimConnection::End::dialler);
  }

 private:
  std::shared_ptr<SimConnection> connection_;
  SimConnection::End end_;
};

}  // namespace

SimConnection::SimConnection(SimWorld& world, const LinkPlan& plan, Hosts hosts, Ends ends,
                             const Endpoint& inside)
    : world_(world), plan_(plan), hosts_(hosts), endpoints_(ends), inside_(inside) {}

bool SimConnection::is_at(const SimHost& host, const IpAddress& address) const {
  return (hosts_[0] == &host && local_endpoint(End::dialler).ip == address) ||
         (hosts_[1] == &host && local_endpoint(End::acceptor).ip == address);
}

std::unique_ptr<conn::Stream> SimConnection::stream(End end) {
  return std::make_unique<SimStream>(shared_from_this(), end);
}

IoResult SimConnection::read(End end, conn::MutableBytes into) {
  Half& mine = half(end);
  if (!mine.open) return {IoStatus::failed, 0, Reason::io_error};
  if (mine.arrived == 0) {
    if (reset_) return {IoStatus::failed, 0, Reason::connection_reset};
    return {mine.ended ? IoStatus::end : IoStatus::would_block, 0, {}};
  }
  const std::size_t count = std::min(into.size(), mine.arrived);
  if (count == 0) return {};
  std::copy_n(mine.bytes.begin() + static_cast<std::ptrdiff_t>(mine.begin), count, into.begin());
  mine.begin += count;
  mine.arrived -= count;
  mine.outstanding -= count;
  if (mine.begin == mine.bytes.size()) {
    mine.bytes = {};
    mine.begin = 0;
  } else if (mine.begin > plan_.window) {
    mine.bytes.erase(mine.bytes.begin(),
                     mine.bytes.begin() + static_cast<std::ptrdiff_t>(mine.begin));
    mine.begin = 0;
  }
  // A sender that waits learns of the room one latency later.
  if (half(other(end)).writable) {
    world_.after(plan_.latency, [self = shared_from_this(), end] {
      if (!self->black_holed_) self->notify_writable(other(end));
    });
  }
  return {IoStatus::ok, count, {}};
}

IoResult SimConnection::write(End end, std::span<const ByteView> parts) {
  Half& mine = half(end);
  Half& theirs = half(other(end));
  if (!mine.open || mine.write_shut) return {IoStatus::failed, 0, Reason::io_error};
  if (reset_) return {IoStatus::failed, 0, Reason::connection_reset};
  std::size_t taken = 0;
  for (ByteView part : parts) {
    const std::size_t room = plan_.window - std::min(plan_.window, theirs.outstanding);
    part = part.first(std::min(part.size(), room));
    if (part.empty()) continue;
    theirs.outstanding += part.size();
    taken += part.size();
    send(other(end), part);
  }
  return {taken > 0 ? IoStatus::ok : IoStatus::would_block, taken, {}};
}

void SimConnection::send(End to, ByteView bytes) {
  Half& receiver = half(to);
  if (receiver.open) receiver.bytes.insert(receiver.bytes.end(), bytes.begin(), bytes.end());
  for (std::size_t left = bytes.size(), size = 0; left > 0; left -= size) {
    size = left;
    if (plan_.split == LinkPlan::Split::byte_by_byte) size = 1;
    if (plan_.split == LinkPlan::Split::random) size = 1 + world_.random() % size;
    receiver.carried += size;
    const bool cut = receiver.carried > plan_.cut_after;
    const Duration transmission =
        plan_.bandwidth == 0
            ? Duration(0)
            : Duration(static_cast<Duration::rep>(size * 1'000'000'000 / plan_.bandwidth));
    const bool silently = plan_.cut == LinkPlan::Cut::black_hole;
    world_.harm_.cut += cut && !silently ? 1 : 0;
    world_.harm_.silently_cut += cut && silently && !black_holed_ ? 1 : 0;
    if (cut && silently) black_holed_ = true;
    const bool breaks = cut && plan_.cut == LinkPlan::Cut::reset;
    travel(
        to, transmission,
        {breaks ? Arrival::Kind::reset : Arrival::Kind::bytes, static_cast<std::uint32_t>(size)});
  }
}

// Everything that travels towards an end goes through here, so that it arrives
// in order.
void SimConnection::travel(End to, Duration transmission, Arrival arrival) {
  Half& receiver = half(to);
  receiver.line_free =
      std::max(receiver.line_free, world_.now()) + transmission + world_.delay_by_loss(plan_);
  receiver.last_arrival = std::max(receiver.last_arrival, receiver.line_free + plan_.latency);
  world_.at(receiver.last_arrival,
            [self = shared_from_this(), to, arrival] { self->arrive(to, arrival); });
}

void SimConnection::arrive(End to, Arrival arrival) {
  if (reset_) return;
  if (black_holed_) {
    ++world_.harm_.swallowed;
    half(to).held.push_back(arrival);
  } else if (take(to, arrival)) {
    notify_readable(to);
  }
}

bool SimConnection::take(End to, Arrival arrival) {
  Half& receiver = half(to);
  switch (arrival.kind) {
    case Arrival::Kind::bytes:
      world_.trace(std::uint64_t{arrival.size} << 17 | std::uint64_t{endpoint(to).port} << 1 |
                   index(to));
      if (receiver.open) {
        receiver.arrived += arrival.size;
        return true;
      }
      break;
    case Arrival::Kind::end:
      receiver.ended = true;
      return true;
    case Arrival::Kind::reset:
      break;
  }
  reset();
  return false;
}

void SimConnection::when_readable(End end, Task task) {
  Half& mine = half(end);
  if (!mine.open) return;
  mine.readable = std::move(task);
  if (mine.arrived > 0 || mine.ended || reset_) notify_readable(end);
}

void SimConnection::when_writable(End end, Task task) {
  Half& mine = half(end);
  if (!mine.open) return;
  mine.writable = std::move(task);
  if (half(other(end)).outstanding < plan_.window || reset_) notify_writable(end);
}

// What arrives at the same moment is read at once.
void SimConnection::notify_readable(End end) {
  if (!half(end).readable || std::exchange(half(end).readable_soon, true)) return;
  hosts_[index(end)]->later(world_.now(), [self = shared_from_this(), end] {
    Half& mine = self->half(end);
    mine.readable_soon = false;
    if (!mine.open) return;
    if (const Task task = std::exchange(mine.readable, nullptr)) task();
  });
}

void SimConnection::notify_writable(End end) {
  if (!half(end).writable || std::exchange(half(end).writable_soon, true)) return;
  hosts_[index(end)]->later(world_.now(), [self = shared_from_this(), end] {
    Half& mine = self->half(end);
    mine.writable_soon = false;
    if (!mine.open) return;
    if (const Task task = std::exchange(mine.writable, nullptr)) task();
  });
}

void SimConnection::shutdown_write(End end) {
  Half& mine = half(end);
  if (!mine.open || mine.write_shut || reset_) return;
  mine.write_shut = true;
  travel(other(end), 0ns, {Arrival::Kind::end, 0});
}

void SimConnection::close(End end) {
  Half& mine = half(end);
  if (!mine.open) return;
  const bool unread = mine.arrived > 0;
  if (!unread) shutdown_write(end);
  mine.open = false;
  mine.readable = nullptr;
  mine.writable = nullptr;
  mine.bytes = {};
  mine.begin = mine.arrived = 0;
  if (unread && !reset_) travel(other(end), 0ns, {Arrival::Kind::reset, 0});
}

void SimConnection::reset() {
  if (std::exchange(reset_, true)) return;
  for (const End end : {End::dialler, End::acceptor}) {
    notify_readable(end);
    notify_writable(end);
  }
}

void SimConnection::abandon() {
  for (Half& each : halves_) {
    each.held.clear();
    each.readable = nullptr;
    each.writable = nullptr;
  }
}

void SimConnection::heal() {
  black_holed_ = false;
  for (const End end : {End::dialler, End::acceptor}) {
    for (const Arrival arrival : std::exchange(half(end).held, {})) {
      if (reset_) break;
      if (take(end, arrival)) notify_readable(end);
    }
    notify_writable(end);
  }
}

}  // namespace peerage::sim
