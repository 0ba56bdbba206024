// Which nodes may be peers: the rules that stand between an accepted socket and a slot.
//
// Two gates. At the first, a stranger is a source address and nothing else; what is refused there
// costs no cryptography: bans by address, the pause of a host that was just sent away for want of
// a slot, the connection rate of its host and the pause after it failed to authenticate, the pool
// of handshakes under way, and the budget of handshakes begun per second (which makes it wait). A
// connection that then brings nothing, as a health check, has back what it paid
// (p2p/admission/probe_allowance.h); and where a host has no connection left, one may still show
// that it is such a probe: it is listened to, and no word is said to it. At the second it has
// proved an ID: bans by ID, the slots, and the limit for one host (an IPv4 address, an IPv6 /64).
// When the inbound slots are full, an inbound peer may be evicted (p2p/admission/eviction.h).
//
// Named nodes come first: unconditional and persistent peers, and those that the engine or the
// operator names. They need no slot of the others and are not counted for their host; a ban binds
// them too, but those that strangers bring about spare their addresses. Where one was proven last,
// a handshake has a place of its own, the connection rate is that of exempt networks, and nobody
// has to pause for want of a slot, since only the handshake tells it from others. Networks in
// `exempt` have a much higher connection rate, are free of bans that strangers bring about, of the
// pause after a failure and of the limit for one host, and each of their hosts contests slots as a
// network of its own.
//
// A node counts while it has a link, shown or held; a second link of the same ID takes no second
// slot.
//
// Pure: it is given the time and a source of random numbers.
// Threads: none of its own (the control shard).
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "conn/base/token_bucket.h"
#include "p2p/admission/ban_list.h"
#include "p2p/admission/connection_rate.h"
#include "p2p/admission/eviction.h"
#include "p2p/admission/half_open_pool.h"
#include "p2p/admission/probe_allowance.h"
#include "p2p/admission/proven_addresses.h"
#include "p2p/admission/slot_pause.h"
#include "p2p/base/direction.h"
#include "p2p/base/link_id.h"

namespace peerage::p2p {

struct AdmissionConfig {
  std::size_t max_inbound = 40;
  FullInbound full_inbound = FullInbound::evict_one;
  std::size_t max_per_ip = 1;  // peers at one host (IPv6: a /64); 0: unlimited
  PerIpLimit per_ip_limit = PerIpLimit::all_peers;
  std::vector<conn::Cidr> exempt;
  HalfOpenLimits half_open;
  ConnectionRateConfig rate;
  ConnectionRateConfig exempt_rate = kExemptConnectionRate;
  std::uint64_t handshake_rate = kHandshakeRate;  // per second
};

class Admission {
 public:
  Admission(const AdmissionConfig& config, conn::RandomBelow random, conn::TimePoint now);

  // --- the first gate ---

  // What an arrival has paid of its host's connection rate.
  enum class Paid : std::uint8_t {
    for_now,   // a connection, which it has back if it brings nothing
    for_good,  // a connection: places were scarce
    nothing,   // none was left: it is to be refused at the first byte of a comet node's
  };
  struct Handshake {
    HalfOpenPool::Ticket ticket = 0;
    std::optional<HalfOpenPool::Ticket> displaced;
    HalfOpenPool::Host host = HalfOpenPool::Host::stranger;
    Paid paid = Paid::for_now;
  };
  // Refused: banned, held_off, connection_rate_exceeded, probe_rate_exceeded,
  // authentication_failed_lately, too_many_handshakes; no_free_slot within the pause after such a
  // refusal; and with FullInbound::refuse, this also for those that would need none.
  conn::Result<Handshake> on_arrival(const conn::IpAddress& ip, conn::TimePoint now);
  // One that had ended without a byte before it was looked at: a probe, which takes no place.
  // Refused: banned, held_off, probe_rate_exceeded.
  conn::Result<void> on_spent_probe(const conn::IpAddress& ip, conn::TimePoint now);
  // What was just refused as connection_rate_exceeded may yet show that it is a probe, while it has
  // a place and is sent nothing: one of a host at a time, in nobody's place. nullopt: it may not.
  std::optional<Handshake> let_show_itself(const conn::IpAddress& ip, conn::TimePoint now);
  // It has ended, `stayed` after its arrival: it brought nothing of a comet node; or it had paid
  // nothing, and was no probe.
  void on_brought_nothing(const conn::IpAddress& ip, const Handshake& handshake,
                          conn::Duration stayed, conn::TimePoint now);
  void on_was_no_probe(const conn::IpAddress& ip, const Handshake& handshake, conn::Duration stayed,
                       conn::TimePoint now);
  // A handshake of a stranger has failed by its fault.
  void on_failed_authentication(const conn::IpAddress& ip, conn::TimePoint now);
  // Whether the cryptography of one more handshake may begin now; if not, when to ask again.
  bool take_handshake(conn::TimePoint now) { return handshakes_.take(1, now); }
  conn::TimePoint next_handshake(conn::TimePoint now) { return handshakes_.when_available(1, now); }
  HalfOpenPool& half_open() noexcept { return half_open_; }
  const HalfOpenPool& half_open() const noexcept { return half_open_; }

  // --- the second gate ---

  enum class Standing : std::uint8_t { ordinary, privileged };  // privileged: a named node
  struct Newcomer {
    conn::NodeId id;
    Direction direction = Direction::inbound;
    conn::IpAddress ip;
    Standing standing = Standing::ordinary;
  };
  struct Admitted {
    std::vector<LinkId> evict;  // all links of the node that is evicted for it, if any
  };
  // Refused: banned, held_off, too_many_from_address, no_free_slot. `candidates` is asked only when
  // all inbound slots are taken; one that holds none of them, or is on its way out, is passed over.
  // An admitted newcomer is counted until on_gone(link).
  conn::Result<Admitted> on_proven(
      const Newcomer& newcomer, LinkId link,
      const std::function<std::vector<EvictionCandidate>()>& candidates, conn::TimePoint now);
  void on_gone(const conn::NodeId& id, LinkId link);
  // For a node that is counted already; no peer is evicted for it. With `ordinary`, it is also
  // forgotten where the node was proven, connected or not.
  void set_standing(const conn::NodeId& id, Standing standing);
  // A privileged node is expected at this address, too, though it has not been proven there yet.
  void expect_at(const conn::NodeId& id, const conn::IpAddress& ip) {
    privileged_at_.expect(id, ip);
  }
  // Whether a privileged node was proven last, or is expected, at an address of this network.
  bool has_named_in(const conn::Cidr& network) const { return privileged_at_.any_in(network); }

  // Whether a dial to this address can be admitted at all.
  conn::Result<void> may_dial(const conn::NodeId& id, const std::optional<conn::IpAddress>& ip,
                              Standing standing, conn::TimePoint now) const;

  BanList& bans() noexcept { return bans_; }
  const BanList& bans() const noexcept { return bans_; }
  // Who is held off for a while (Switch::hold_off): kept out as by a ban.
  BanList& held_off() noexcept { return held_off_; }
  const BanList& held_off() const noexcept { return held_off_; }
  // IDs that hold an ordinary slot.
  std::size_t slots_taken(Direction direction) const noexcept {
    return taken_[direction == Direction::inbound ? 0 : 1];
  }

 private:
  struct Slot {
    Newcomer peer;  // of the link that has stayed longest
    struct Held {
      LinkId id = 0;
      Direction direction = Direction::inbound;
      conn::IpAddress ip;
    };
    std::vector<Held> links;
    // On its way out: its slot is promised to another. No link joins it meanwhile, or the node
    // would stay without a slot.
    bool evicting = false;
  };
  static bool takes_slot(const Slot& slot) noexcept;
  // Every change of a slot goes through here, so that what is taken stays counted.
  template <typename Change>
  void alter(Slot& slot, Change&& change);
  void forget_host(const Slot& slot);
  std::size_t& taken(Direction direction) noexcept {
    return taken_[direction == Direction::inbound ? 0 : 1];
  }
  // Whether a ban, or an operator's wish for a while, keeps it out.
  conn::Result<void> check_bans(const conn::IpAddress& ip, conn::TimePoint now) const;
  conn::Result<void> check_bans(const conn::NodeId& id, const std::optional<conn::IpAddress>& ip,
                                conn::TimePoint now) const;
  bool is_full() const noexcept { return slots_taken(Direction::inbound) >= config_.max_inbound; }
  // One of the candidates loses its slot to a newcomer from there; its links. Empty: none may be
  // evicted.
  std::vector<LinkId> evict_one(std::vector<EvictionCandidate> candidates,
                                const conn::IpAddress& newcomer, conn::TimePoint now);
  bool host_is_full(const conn::NodeId& id, const conn::IpAddress& ip, Direction direction) const;
  bool places_are_scarce() const noexcept {
    return half_open_.size() >= config_.half_open.total / 2;
  }
  // What hosts may have. Those of exempt networks and of named nodes have more.
  struct HostRates {
    HostRates(const ConnectionRateConfig& rate, ProbeLimits limits);
    ConnectionRate connections;
    ProbeAllowance probes;
    ProbeAllowance looks;  // at those that had no connection left, and were no probes
  };
  HalfOpenPool::Host host_at(const conn::IpAddress& ip) const;
  HostRates& rates_of(const conn::IpAddress& ip, HalfOpenPool::Host host);

  AdmissionConfig config_;
  BanList bans_;
  BanList held_off_;
  HostRates rates_;
  HostRates high_rates_;
  SlotPause slot_pause_;
  ProvenAddresses privileged_at_;
  HalfOpenPool half_open_;
  conn::TokenBucket handshakes_;
  std::map<conn::NodeId, Slot> slots_;
  std::multimap<conn::IpAddress, const Slot*> by_host_;  // into slots_
  std::array<std::size_t, 2> taken_{};                   // slots, inbound and outbound
  RecentAdmissions recent_;                              // of strangers, inbound
};

}  // namespace peerage::p2p
