// How the core drives a protocol, and what a protocol tells the core.
//
// The core owns everything that is not a protocol's own: it decides who is pinged, asked and looked
// for, and when. A protocol knows packets: it makes them, reads them, and remembers what it has
// asked and of whom. So a second protocol brings no second table, timer or loop.
//
// Each request ends once, in one of the calls of ProtocolHost, and never inside the call that made
// it. Threads: none of its own.
#pragma once

#include <optional>
#include <span>

#include "pex/discovery/counters.h"
#include "pex/discovery/datagrams.h"
#include "pex/discovery/lookup_target.h"
#include "pex/discovery/ping_answer.h"
#include "pex/discovery/settings.h"
#include "pex/discovery/traffic_limits.h"

namespace peerage::pex {

// A message of another node, once it was taken for good and answered.
struct Handled {
  Protocol protocol;
  MessageKind kind;
  EnodeId from;
  conn::Endpoint at;
};

// Who named an endpoint that we are to send to.
enum class Word : std::uint8_t {
  ours,    // our operator, our own rows, or the node itself
  others,  // hearsay
};

// How a FindNode ended.
enum class FindEnd : std::uint8_t {
  answered,  // be it with nobody
  silent,
};

// Whether this part of an answer looks like the last; others may follow all the same.
enum class More : std::uint8_t { unlikely, likely };

class ProtocolHost {
 public:
  // It answered a ping of ours at `node.udp`, from that IP, be it one that only answered its own.
  virtual void on_answered(Protocol by, const Contact& node, const PingAnswer& answer,
                           DiscoveryTime now) = 0;
  // It did not.
  virtual void on_silent(Protocol by, const Contact& node, DiscoveryTime now) = 0;
  // It came unasked, and had proven before that it is there.
  virtual void on_inbound(Protocol by, const Contact& node, DiscoveryTime now) = 0;
  // What it answered to a FindNode; each judged by form alone.
  virtual void on_told(Protocol by, const Contact& from, std::span<const Contact> nodes, More more,
                       DiscoveryTime now) = 0;
  // The node that is to be asked does its part of what must come first: it has time anew.
  virtual void on_find_went_on(Protocol by, const EnodeId& from, DiscoveryTime now) = 0;
  virtual void on_find_ended(Protocol by, const Contact& from, FindEnd end, DiscoveryTime now) = 0;
  // Its own record, asked for; verified, and of this node. Null: it did not answer.
  virtual void on_record(Protocol by, const Contact& from, const EnrPtr& record,
                         DiscoveryTime now) = 0;
  // It says that it sees us there.
  virtual void on_seen_at(const EnodeId& voter, const conn::IpAddress& from,
                          const conn::Endpoint& seen, DiscoveryTime now) = 0;
  virtual void on_handled(const Handled& handled) = 0;

 protected:
  ~ProtocolHost() = default;
};

class ProtocolState {
 public:
  virtual ~ProtocolState() = default;

  virtual Protocol protocol() const noexcept = 0;

  // --- what comes ---

  // False: the datagram is not this protocol's, and nothing was done. `awaited`: something was
  // asked where it came from.
  virtual bool receive(const InDatagram& datagram, TrafficLimits::Awaited awaited,
                       DiscoveryTime now) = 0;

  // --- what is asked ---

  enum class Asked : std::uint8_t {
    sent,     // or it waits for its turn, and will end
    already,  // the same is under way
    refused,  // a limit says no: nothing will come of it
  };
  virtual Asked ping(const Contact& node, Word word, DiscoveryTime now) = 0;
  // One at a time of a node.
  virtual Asked find_node(const Contact& node, const LookupTarget& target, Word word,
                          DiscoveryTime now) = 0;
  virtual Asked request_record(const Contact& node, Word word, DiscoveryTime now) = 0;
  // A FindNode to it has not ended.
  virtual bool is_asking(const EnodeId& id) const = 0;
  // It has not proven itself just now: peers want some quiet after that, unless somebody is in need
  // of an answer.
  virtual bool is_rested(const Contact& node, DiscoveryTime now) const = 0;
  // It must be pinged before it is asked again.
  virtual void ping_first(const Contact& node) = 0;

  // --- time ---

  virtual std::optional<conn::TimePoint> next_deadline() const = 0;
  virtual void on_time(DiscoveryTime now) = 0;

  // It is banned: what is known of it goes, and nothing that it was asked will end.
  virtual void forget(const EnodeId& id) = 0;
};

}  // namespace peerage::pex
