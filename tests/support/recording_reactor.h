// A reactor that keeps a record of its calls and complains about any breach of the contract.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "conn/address/node_id.h"
#include "p2p/base/link_id.h"
#include "p2p/peer/reactor.h"

namespace peerage::test {

inline constexpr conn::ChannelId kEcho{0x70};

class RecordingReactor : public p2p::Reactor {
 public:
  // Of one channel, kEcho.
  RecordingReactor();
  explicit RecordingReactor(std::vector<p2p::ReactorChannel> channels,
                            p2p::Delivery delivery = p2p::Delivery::executor,
                            std::string name = "recorder");
  ~RecordingReactor() override;

  std::string name() const override;
  std::vector<p2p::ReactorChannel> channels() const override;
  p2p::Delivery delivery() const override;

  // What a test adds to a call; runs in it.
  std::function<void(const p2p::PeerPtr&)> on_init;
  std::function<void(const p2p::PeerPtr&)> on_add;
  std::function<void(const p2p::PeerPtr&, p2p::Message)> on_receive;
  std::function<void(const p2p::PeerPtr&, const conn::Failure&)> on_remove;
  std::function<void()> on_stop;

  void start(p2p::ReactorContext& context) override;
  void stop() override;
  void init_peer(const p2p::PeerPtr& peer) override;
  void add_peer(const p2p::PeerPtr& peer) override;
  void receive(const p2p::PeerPtr& peer, p2p::Message message) override;
  void remove_peer(const p2p::PeerPtr& peer, const conn::Failure& why) override;

  void keep_messages() { keep_ = true; }
  std::vector<conn::Bytes> messages() const;
  std::size_t inits() const;
  std::size_t adds() const;
  std::size_t removes() const;
  std::size_t received() const;
  std::size_t received_bytes() const;
  std::size_t live() const;
  conn::Failure last_reason() const;
  // Every breach of the contract; to be empty.
  std::vector<std::string> breaches() const;
  p2p::ReactorContext& context() const { return *context_; }
  bool stopped() const;

 private:
  struct State {
    conn::NodeId id;
    bool added = false;
  };
  template <typename T>
  T locked(const T& value) const;
  void expect(bool holds, const char* what);
  void expect_locked(bool holds, const char* what);

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
