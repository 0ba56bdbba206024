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
  Endpoint local_endpoint() const override { return connection_->endpoint(end_); }
  Endpoint remote_endpoint() const override {
    return connection_->endpoint(end_ == SimConnection::End::dialler ? SimConnection::End::acceptor
                                                                     : SimConnection::End::dialler);
  }

 private:
  std::shared_ptr<SimConnection> connection_;
  SimConnection::End end_;
};

}  // namespace

SimConnection::SimConnection(SimWorld& world, const LinkPlan& plan, Endpoint dialler,
                             Endpoint acceptor)
    : world_(world), plan_(plan), endpoints_{dialler, acceptor} {}

std::unique_ptr<conn::Stream> SimConnection::stream(End end) {
  return std::make_unique<SimStream>(shared_from_this(), end);
}

IoResult SimConnection::read(End end, conn::MutableBytes into) {
  Half& mine = half(end);
  if (!mine.open) return {IoStatus::failed, 0, Reason::io_error};
  if (mine.unread() == 0) {
    if (reset_) return {IoStatus::failed, 0, Reason::connection_reset};
    return {mine.ended ? IoStatus::end : IoStatus::would_block, 0, {}};
  }
  const std::size_t count = std::min(into.size(), mine.unread());
  if (count == 0) return {};
  std::copy_n(mine.inbox.begin() + static_cast<std::ptrdiff_t>(mine.inbox_read), count,
              into.begin());
  mine.inbox_read += count;
  mine.outstanding -= count;
  if (mine.unread() == 0) {
    mine.inbox = {};
    mine.inbox_read = 0;
  }
  // The sender learns of the room one latency later.
  world_.after(plan_.latency, [self = shared_from_this(), end] {
    if (!self->black_holed_) self->notify_writable(other(end));
  });
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
  while (!bytes.empty()) {
    std::size_t size = bytes.size();
    if (plan_.split == LinkPlan::Split::byte_by_byte) size = 1;
    if (plan_.split == LinkPlan::Split::random) size = 1 + world_.random() % size;
    half(to).carried += size;
    const bool cut = half(to).carried > plan_.cut_after;
    const Duration transmission =
        plan_.bandwidth == 0
            ? Duration(0)
            : Duration(static_cast<Duration::rep>(size * 1'000'000'000 / plan_.bandwidth));
    if (cut && plan_.cut == LinkPlan::Cut::black_hole) black_holed_ = true;
    arrive(to, transmission,
           [self = shared_from_this(), to, cut,
            piece = Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))] {
             if (cut && self->plan_.cut == LinkPlan::Cut::reset) {
               self->reset();
             } else {
               self->deliver(to, piece);
             }
           });
    bytes = bytes.subspan(size);
  }
}

// Everything that travels towards an end goes through here, so that it arrives in order.
void SimConnection::arrive(End to, Duration transmission, Task effect) {
  Half& receiver = half(to);
  receiver.line_free =
      std::max(receiver.line_free, world_.now()) + transmission + world_.delay_by_loss(plan_);
  world_.at(receiver.line_free + plan_.latency,
            [self = shared_from_this(), to, effect = std::move(effect)] {
              if (self->reset_) return;
              if (self->black_holed_) {
                self->half(to).held.push_back(effect);
              } else {
                effect();
              }
            });
}

void SimConnection::deliver(End to, const Bytes& bytes) {
  Half& receiver = half(to);
  world_.trace(bytes.size() << 17 | endpoints_[index(to)].port << 1 | index(to));
  if (!receiver.open) {
    reset();
    return;
  }
  receiver.inbox.insert(receiver.inbox.end(), bytes.begin(), bytes.end());
  notify_readable(to);
}

void SimConnection::when_readable(End end, Task task) {
  Half& mine = half(end);
  if (!mine.open) return;
  mine.readable = std::move(task);
  if (mine.unread() > 0 || mine.ended || reset_) notify_readable(end);
}

void SimConnection::when_writable(End end, Task task) {
  Half& mine = half(end);
  if (!mine.open) return;
  mine.writable = std::move(task);
  if (half(other(end)).outstanding < plan_.window || reset_) notify_writable(end);
}

void SimConnection::notify_readable(End end) {
  if (!half(end).readable) return;
  world_.after(0ns, [self = shared_from_this(), end] {
    Half& mine = self->half(end);
    if (!mine.open) return;
    if (const Task task = std::exchange(mine.readable, nullptr)) task();
  });
}

void SimConnection::notify_writable(End end) {
  if (!half(end).writable) return;
  world_.after(0ns, [self = shared_from_this(), end] {
    Half& mine = self->half(end);
    if (!mine.open) return;
    if (const Task task = std::exchange(mine.writable, nullptr)) task();
  });
}

void SimConnection::shutdown_write(End end) {
  Half& mine = half(end);
  if (!mine.open || mine.write_shut || reset_) return;
  mine.write_shut = true;
  arrive(other(end), 0ns, [self = shared_from_this(), to = other(end)] {
    self->half(to).ended = true;
    self->notify_readable(to);
  });
}

void SimConnection::close(End end) {
  Half& mine = half(end);
  if (!mine.open) return;
  const bool unread = mine.unread() > 0;
  if (!unread) shutdown_write(end);
  mine.open = false;
  mine.readable = nullptr;
  mine.writable = nullptr;
  mine.inbox = {};
  mine.inbox_read = 0;
  if (unread && !reset_) {
    arrive(other(end), 0ns, [self = shared_from_this()] { self->reset(); });
  }
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
    for (const Task& effect : std::exchange(half(end).held, {})) effect();
    notify_writable(end);
  }
}

}  // namespace peerage::sim
