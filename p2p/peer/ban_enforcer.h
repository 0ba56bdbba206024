// Bans, carried out: what is added to the list, or taken off it, and the peers that a ban ends.
//
// The list (p2p/admission/ban_list.h) decides which bans are in force; here is what follows from
// it. A ban ends every connection that falls under it. Long-lived peers that are under no ban spare
// their neighbourhood: strangers who get their hosts banned there do not bring a ban on all of it.
//
// Threads: the control shard.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "conn/runtime/runtime.h"
#include "p2p/admission/ban_list.h"

namespace peerage::p2p {

class Peer;

class BanEnforcer {
 public:
  // The peers of the switch.
  class Peers {
   public:
    using Condition = std::function<bool(const Peer&)>;
    // Ends those that meet the condition, for this reason.
    virtual void stop_if(const Condition& condition, const conn::Failure& why) = 0;
    // Whether a long-lived one meets it.
    virtual bool has_long_lived(const Condition& condition) const = 0;

   protected:
    ~Peers() = default;
  };
  class Observer {
   public:
    // `culprit`: the node that misbehaved, if it is known.
    virtual void on_banned(const Ban& ban, const std::optional<conn::NodeId>& culprit) = 0;
    // Bans that were restored have become one of their neighbourhood.
    virtual void on_bans_joined(const Ban& ban) = 0;
    // They are not in force any more before their end.
    virtual void on_bans_dropped(const std::vector<BanTarget>& targets) = 0;
    // An operator's ban cannot be.
    virtual void on_ban_refused(const BanTarget& target, const conn::Failure& why) = 0;
    virtual void on_unbanned(const BanTarget& target) = 0;

   protected:
    ~Observer() = default;
  };

  // All of them outlive it.
  BanEnforcer(conn::Shard& control, BanList& bans, Peers& peers, Observer& observer);
  BanEnforcer(const BanEnforcer&) = delete;
  BanEnforcer& operator=(const BanEnforcer&) = delete;

  // See Switch::ban.
  conn::Result<void> ban(const BanTarget& target, conn::Duration span, const std::string& why,
                         BanOrigin origin, const std::string& by = {},
                         const std::optional<conn::NodeId>& culprit = {});
  // For misbehaviour of a node that is at `ip`.
  void ban_peer(const conn::NodeId& id, const conn::IpAddress& ip, conn::Duration span,
                const std::string& why, const std::string& by = {});
  // False: there was no such ban.
  bool unban(const BanTarget& target);
  // Those that were in force when the node ran last.
  void restore(const std::vector<Ban>& bans);
  std::vector<Ban> all() const { return bans_.all(control_.now()); }

 private:
  void end_those_under(const Ban& ban);
  bool has_established_in(const conn::Cidr& network) const;

  conn::Shard& control_;
  BanList& bans_;
  Peers& peers_;
  Observer& observer_;
};

}  // namespace peerage::p2p
