#include "tests/support/recording_reactor.h"

#include <utility>

#include "p2p/peer/peer.h"

namespace peerage::test {

RecordingReactor::RecordingReactor()
    : RecordingReactor(std::vector<p2p::ReactorChannel>{{.id = kEcho}}) {}
RecordingReactor::RecordingReactor(std::vector<p2p::ReactorChannel> channels,
                                   p2p::Delivery delivery, std::string name)
    : channels_(std::move(channels)), delivery_(delivery), name_(std::move(name)) {}
RecordingReactor::~RecordingReactor() = default;

std::string RecordingReactor::name() const {
  return name_;
}
std::vector<p2p::ReactorChannel> RecordingReactor::channels() const {
  return channels_;
}
p2p::Delivery RecordingReactor::delivery() const {
  return delivery_;
}

void RecordingReactor::start(p2p::ReactorContext& context) {
  expect(!started_, "started twice");
  started_ = true;
  context_ = &context;
}
void RecordingReactor::stop() {
  {
    const std::lock_guard lock(mutex_);
    expect_locked(started_ && !stopped_, "stopped twice or before the start");
    expect_locked(live_.empty(), "stopped with peers");
    stopped_ = true;
  }
  if (on_stop) on_stop();
}
void RecordingReactor::init_peer(const p2p::PeerPtr& peer) {
  {
    const std::lock_guard lock(mutex_);
    expect_locked(started_ && !stopped_, "init outside of start and stop");
    for (const auto& [link, state] : live_) {
      expect_locked(state.id != peer->id(), "a second peer of one ID");
    }
    live_[peer->link()] = {peer->id(), false};
    ++inits_;
  }
  if (on_init) on_init(peer);
}
void RecordingReactor::add_peer(const p2p::PeerPtr& peer) {
  {
    const std::lock_guard lock(mutex_);
    expect_locked(live_.contains(peer->link()), "add without init");
    expect_locked(!live_[peer->link()].added, "added twice");
    live_[peer->link()].added = true;
    ++adds_;
  }
  if (on_add) on_add(peer);
}
void RecordingReactor::receive(const p2p::PeerPtr& peer, p2p::Message message) {
  {
    const std::lock_guard lock(mutex_);
    expect_locked(live_.contains(peer->link()), "receive outside of init and remove");
    ++received_;
    received_bytes_ += message.bytes.size();
    if (keep_) messages_.push_back(message.bytes);
  }
  if (on_receive) on_receive(peer, std::move(message));
}
void RecordingReactor::remove_peer(const p2p::PeerPtr& peer, const conn::Failure& why) {
  {
    const std::lock_guard lock(mutex_);
    expect_locked(live_.erase(peer->link()) == 1, "remove without init, or twice");
    ++removes_;
    last_reason_ = why;
  }
  if (on_remove) on_remove(peer, why);
}

template <typename T>
T RecordingReactor::locked(const T& value) const {
  const std::lock_guard lock(mutex_);
  return value;
}
void RecordingReactor::expect(bool holds, const char* what) {
  const std::lock_guard lock(mutex_);
  expect_locked(holds, what);
}
void RecordingReactor::expect_locked(bool holds, const char* what) {
  if (!holds) breaches_.emplace_back(what);
}

std::vector<conn::Bytes> RecordingReactor::messages() const {
  return locked(messages_);
}
std::size_t RecordingReactor::inits() const {
  return locked(inits_);
}
std::size_t RecordingReactor::adds() const {
  return locked(adds_);
}
std::size_t RecordingReactor::removes() const {
  return locked(removes_);
}
std::size_t RecordingReactor::received() const {
  return locked(received_);
}
std::size_t RecordingReactor::received_bytes() const {
  return locked(received_bytes_);
}
std::size_t RecordingReactor::live() const {
  const std::lock_guard lock(mutex_);
  return live_.size();
}
conn::Failure RecordingReactor::last_reason() const {
  return locked(last_reason_);
}
std::vector<std::string> RecordingReactor::breaches() const {
  return locked(breaches_);
}
bool RecordingReactor::stopped() const {
  return locked(stopped_);
}

}  // namespace peerage::test
