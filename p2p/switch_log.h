// What a switch writes to its log, each line a call, so that there is one place that says which of
// them others cause: those go through a PeerLog, and are bounded (conn/runtime/peer_log.h). No
// other part of the switch has the sink.
//
// Threads: the control shard; `peers` gives what is for any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "conn/address/net_address.h"
#include "conn/base/log.h"
#include "conn/runtime/peer_log.h"
#include "p2p/admission/ban_list.h"
#include "p2p/peer/switch_events.h"

namespace peerage::p2p {

class SwitchLog {
 public:
  explicit SwitchLog(const std::shared_ptr<conn::LogSink>& sink) : own_(sink), peers_(sink) {}

  // --- what the node and its operator do ---
  void listening(const conn::NetAddress& at, const std::string& network) const;
  void cannot_start(const conn::Failure& why) const;
  void stopped() const;
  void stop_failed(const conn::Failure& why) const;
  void external_address_unresolved(const conn::Failure& why) const;
  void persistent_left_out(const conn::Failure& why) const;
  // An address that is named in these lists does not answer, or answers again.
  void named_fails(const conn::HostAddress& address, const std::string& lists,
                   const conn::Failure& why) const;
  void named_answers(const conn::HostAddress& address, const std::string& lists) const;
  void banned_by_operator(const Ban& ban) const;
  void cannot_ban(const BanTarget& target, const conn::Failure& why) const;

  // --- what others cause ---
  void dial_failed(const conn::HostAddress& target, const conn::Failure& why,
                   conn::TimePoint now) const;
  void refused(const Refused& event, conn::TimePoint now) const;
  void refused_on_arrival(const conn::Endpoint& remote, const conn::Failure& why,
                          conn::TimePoint now) const;
  // It closed before it had sent a byte.
  void probed(const conn::Endpoint& remote, conn::TimePoint now) const;
  // Connections from there are refused often, the last one for this reason; whether many nodes
  // share the address, and it is to be exempt, is the operator's to say.
  void shared_address(const conn::IpAddress& ip, const conn::Cidr& network, conn::Reason why,
                      conn::TimePoint now) const;
  void connected(const Peer& peer, conn::TimePoint now) const;
  enum class Persistent : std::uint8_t { no, yes };
  void gone(const Peer& peer, const conn::Failure& why, Persistent persistent,
            conn::TimePoint now) const;
  // For misbehaviour; `culprit`, if it is known, is the node that did it.
  void banned(const Ban& ban, const std::optional<conn::NodeId>& culprit,
              conn::TimePoint now) const;

  const conn::PeerLog& peers() const noexcept { return peers_; }

 private:
  template <typename Subject>
  void write_attempt(const Subject& subject, conn::PeerEvent event, const conn::Endpoint& remote,
                     const conn::Failure& why, conn::TimePoint now) const;

  const conn::Log own_;
  const conn::PeerLog peers_;
};

}  // namespace peerage::p2p
