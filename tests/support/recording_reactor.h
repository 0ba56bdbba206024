// A reactor that keeps a record of what it is told and complains about any breach of the contract.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "p2p/switch.h"

namespace peerage::test {

inline constexpr conn::ChannelId kEcho{0x70};

class RecordingReactor : public p2p::Reactor {
 public:
  explicit RecordingReactor(
      std::vector<p2p::ReactorChannel> channels = {{.descriptor = {.id = kEcho}}},
      p2p::Delivery delivery = p2p::Delivery::executor, std::string name = "recorder")
      : channels_(std::move(channels)), delivery_(delivery), name_(std::move(name)) {}

  std::string name() const override { return name_; }
  std::vector<p2p::ReactorChannel> channels() const override { return channels_; }
  p2p::Delivery delivery() const override { return delivery_; }

  // What a test adds to a call; runs in it.
  std::function<void(const p2p::PeerPtr&)> on_init;
  std::function<void(const p2p::PeerPtr&)> on_add;
  std::function<void(const p2p::PeerPtr&, p2p::Message)> on_receive;
  std::function<void(const p2p::PeerPtr&, const conn::Failure&)> on_remove;
  std::function<void()> on_stop;

  void start(p2p::ReactorContext& context) override {
    expect(!started_, "started twice");
    started_ = true;
    context_ = &context;
  }
  void stop() override {
    {
      const std::lock_guard lock(mutex_);
      expect_locked(started_ && !stopped_, "stopped twice or before the start");
      expect_locked(live_.empty(), "stopped with peers");
      stopped_ = true;
    }
    if (on_stop) on_stop();
  }
  void init_peer(const p2p::PeerPtr& peer) override {
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
  void add_peer(const p2p::PeerPtr& peer) override {
    {
      const std::lock_guard lock(mutex_);
      expect_locked(live_.contains(peer->link()), "add without init");
      expect_locked(!live_[peer->link()].added, "added twice");
      live_[peer->link()].added = true;
      ++adds_;
    }
    if (on_add) on_add(peer);
  }
  void receive(const p2p::PeerPtr& peer, p2p::Message message) override {
    {
      const std::lock_guard lock(mutex_);
      expect_locked(live_.contains(peer->link()), "receive outside of init and remove");
      ++received_;
      received_bytes_ += message.bytes.size();
      if (keep_) messages_.push_back(message.bytes);
    }
    if (on_receive) on_receive(peer, std::move(message));
  }
  void remove_peer(const p2p::PeerPtr& peer, const conn::Failure& why) override {
    {
      const std::lock_guard lock(mutex_);
      expect_locked(live_.erase(peer->link()) == 1, "remove without init, or twice");
      ++removes_;
      last_reason_ = why;
    }
    if (on_remove) on_remove(peer, why);
  }

  void keep_messages() { keep_ = true; }
  std::vector<conn::Bytes> messages() const { return locked(messages_); }
  std::size_t inits() const { return locked(inits_); }
  std::size_t adds() const { return locked(adds_); }
  std::size_t removes() const { return locked(removes_); }
  std::size_t received() const { return locked(received_); }
  std::size_t received_bytes() const { return locked(received_bytes_); }
  std::size_t live() const {
    const std::lock_guard lock(mutex_);
    return live_.size();
  }
  conn::Failure last_reason() const { return locked(last_reason_); }
  // Every breach of the contract; to be empty.
  std::vector<std::string> breaches() const { return locked(breaches_); }
  p2p::ReactorContext& context() const { return *context_; }
  bool stopped() const { return locked(stopped_); }

 private:
  struct State {
    conn::NodeId id;
    bool added = false;
  };
  template <typename T>
  T locked(const T& value) const {
    const std::lock_guard lock(mutex_);
    return value;
  }
  void expect(bool holds, const char* what) {
    const std::lock_guard lock(mutex_);
    expect_locked(holds, what);
  }
  void expect_locked(bool holds, const char* what) {
    if (!holds) breaches_.emplace_back(what);
  }

  std::vector<p2p::ReactorChannel> channels_;
  p2p::Delivery delivery_;
  std::string name_;
  p2p::ReactorContext* context_ = nullptr;
  bool keep_ = false;

  mutable std::mutex mutex_;
  std::map<p2p::LinkId, State> live_;
  std::vector<std::string> breaches_;
  std::vector<conn::Bytes> messages_;
  conn::Failure last_reason_;
  std::size_t inits_ = 0, adds_ = 0, removes_ = 0, received_ = 0, received_bytes_ = 0;
  bool started_ = false, stopped_ = false;
};

}  // namespace peerage::test
