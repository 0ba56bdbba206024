#include "p2p/peer/link.h"

#include <algorithm>
#include <utility>

#include "p2p/base/peer_reason.h"
#include "p2p/peer/inbox.h"
#include "p2p/peer/message_types.h"

namespace peerage::p2p {

using conn::EndedBy;
using conn::Failure;
using conn::Stage;
using namespace std::chrono_literals;

namespace {

// How often a probed link is looked at.
constexpr conn::Duration kProbeLook = 50ms;

}  // namespace

std::optional<std::size_t> ReactorTable::index_of(conn::ChannelId id) const {
  for (std::size_t i = 0; i < channels.size(); ++i) {
    if (channels[i].id == id) return i;
  }
  return std::nullopt;
}

Link::Link(const Common& common, conn::Shard& shard, Ended ended)
    : common_(common), shard_(shard), ended_(std::move(ended)) {}

std::shared_ptr<Link> Link::create(const Common& common, conn::Shard& shard, Plan plan,
                                   Ended ended) {
  auto link = std::shared_ptr<Link>(new Link(common, shard, std::move(ended)));
  // Weak, for the link owns the inbox and the connection that call back.
  const std::weak_ptr<Link> weak = link;
  link->inbox_ = std::make_shared<Inbox>(common.reactors->channels, plan.inbox_bytes, common.inbox,
                                         [weak, &shard] {
                                           shard.post([weak] {
                                             if (const auto self = weak.lock()) self->on_room();
                                           });
                                         });
  std::vector<conn::ChannelDescriptor> descriptors;
  for (const ReactorChannel& channel : common.reactors->channels) {
    descriptors.push_back(channel.descriptor());
  }
  conn::PeerConnection::Events events;
  events.message = [weak](conn::ChannelMessage message) {
    if (const auto self = weak.lock()) self->on_message(std::move(message));
  };
  events.closed = [weak](const Failure& why) {
    if (const auto self = weak.lock()) self->on_closed(why);
  };
  link->connection_ = plan.stream->open(shard, std::move(descriptors), plan.connection,
                                        *common.reassembly, std::move(events));
  link->peer_ = std::make_shared<Peer>(std::move(plan.description), common.runtime, shard,
                                       link->connection_, link->inbox_);
  link->peer_->types_ = MessageTypeCounts::for_channels(common.reactors->channels);
  link->peer_->reactor_times_.resize(common.reactors->entries.size());
  return link;
}

void Link::start() {
  connection_->start();
}

void Link::admit() {
  if (state_ != State::held) return;
  state_ = State::admitted;
  for (const auto& entry : common_.reactors->entries) {
    queues_.push_back(std::make_shared<ReactorQueue>(
        entry, peer_,
        [weak = weak_from_this(), &shard = shard_, log = common_.log,
         id = peer_->id()](const std::string& what) {
          // A reactor throws on a thread of its own, as a rule; a link is stopped on its shard.
          shard.post([weak, &shard, log, id, what] {
            const auto self = weak.lock();
            if (self && self->state_ != State::ended) {
              self->stop({Stage::established, PeerReason::reactor_failed, what});
            } else {
              // In remove_peer, or on a last message: there is no end left to be the reason of.
              log.write(id, shard.now(), conn::LogLevel::warn,
                        "a reactor failed on a peer that is gone", {{"why", what}});
            }
          });
        }));
    queues_.back()->init_and_add();
  }
  for (Message& message : std::exchange(waiting_, {})) {
    const std::size_t index = *common_.reactors->index_of(message.channel);
    queues_[common_.reactors->entry_of[index]]->deliver(std::move(message));
  }
}

void Link::on_message(conn::ChannelMessage received) {
  if (state_ == State::ended) return;
  const auto index = common_.reactors->index_of(received.channel);
  if (!index) return;  // the assembler knows no other channels
  const bool is_known = received.received_at != conn::TimePoint{};
  Message message{received.channel,
                  std::move(received.bytes),
                  {},
                  is_known ? received.received_at : shard_.now()};
  if (peer_->types_) peer_->types_->on_received(*index, message.bytes);
  // Also while it is held: what waits for admission is bounded by the same inbox.
  switch (inbox_->charge(*index, message.bytes.size(), message.lease)) {
    case Inbox::Verdict::drop:
      return;
    case Inbox::Verdict::disconnect:
      stop({Stage::established, PeerReason::inbox_full, {}});
      return;
    case Inbox::Verdict::deliver_and_pause:
      connection_->pause_reading();
      break;
    case Inbox::Verdict::deliver:
      break;
  }
  if (state_ == State::held) {
    waiting_.push_back(std::move(message));
  } else {
    queues_[common_.reactors->entry_of[*index]]->deliver(std::move(message));
  }
}

void Link::on_room() {
  connection_->resume_reading();
}

void Link::stop(Failure why) {
  ended_by_ = EndedBy::us;
  connection_->close(std::move(why));
}

void Link::flush_and_stop(conn::Duration within) {
  ended_by_ = EndedBy::us;  // also when the remote closes first, or takes nothing until `within`
  connection_->flush_and_stop(within);
}

void Link::probe(std::function<void()> answered) {
  if (state_ == State::ended) return;
  answered_ = std::move(answered);
  probed_at_ = shard_.now();
  connection_->probe();
  // By looking again and again: the pong that answers is no message, and no event reports it.
  probe_timer_ = shard_.make_timer([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->state_ == State::ended) return;
    const conn::TimePoint now = self->shard_.now();
    if (now - self->connection_->status().silence > self->probed_at_) {
      if (const auto callback = std::exchange(self->answered_, nullptr)) callback();
    } else {
      self->probe_timer_->arm(now + kProbeLook);
    }
  });
  probe_timer_->arm(probed_at_ + kProbeLook);
}

void Link::on_closed(const Failure& why) {
  const bool admitted = state_ == State::admitted;
  state_ = State::ended;
  probe_timer_.reset();
  waiting_.clear();
  if (admitted) {
    // What the remote sent before its end still counts; a peer that we ended has no more to say.
    const auto rest =
        ended_by_ == EndedBy::us ? ReactorQueue::Rest::discard : ReactorQueue::Rest::deliver;
    for (const auto& queue : queues_) queue->remove(why, rest);
  }
  queues_.clear();
  // After the queues: the owner may then admit another link of this node, and its init must come
  // behind these removes.
  if (const Ended ended = std::exchange(ended_, nullptr)) ended(why, ended_by_);
}

}  // namespace peerage::p2p
