// The rules of the Go node's peer exchange: which nodes it dials, asks and bans, and when. A pure
// machine: events go in, and actions come out.
//
//  - A node looks every 30 s whether it has enough outbound peers; if not, it picks as many as are
//    missing from the book, asks a peer at random for more, and falls back to its seeds when the
//    book had none. With enough of them it does nothing at all.
//  - A seed visits a selection of its book every 30 s, one address after another; a peer that asks
//    it is answered once and disconnected.
//  - An answer of a seed has a node look again about 15 ms later; what it does then, and whether it
//    looks at all, depends on its version.
//  - The loop that does this waits for seeds and for visits; what is due meanwhile comes after it,
//    once.
//  - An address learnt from a peer has as its source what the peer reports of itself.
//  - Nothing lasts: a peer that comes back may ask again, and a banned one may connect.
//
// Left out: persistent peers are dialled at the switch's pace, not the Go node's; names are not
// resolved.
//
// Source: comet v0.38.16 p2p/pex/pex_reactor.go, p2p/switch.go, and of the other versions what they
// do with a seed's answer (spec/pex.md). Threads: none of its own.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "p2p/base/direction.h"
#include "tests/sim/go/go_book.h"

namespace peerage::sim::go {

struct GoPexConfig {
  enum class Mode : std::uint8_t { node, seed } mode = Mode::node;
  // What an answer of a seed makes a node do.
  enum class Version : std::uint8_t {
    v034,  // 0.34, and 0.37 and 0.38 before .9 and .10: dials every address in it, over all limits
    v038,  // 0.38.16 and later, 1.0: looks for peers again
    v039,  // 0.39, 0.40, 0.37.9 and later, 0.38.10 to .15: and asks a peer at random, too
  } version = Version::v038;
  std::vector<conn::NetAddress> seeds;
  std::size_t max_outbound = 10;  // max_num_outbound_peers; a seed's visits have no limit
  enum class DuplicateIp : std::uint8_t { refused, allowed };
  DuplicateIp duplicate_ip = DuplicateIp::refused;  // allow_duplicate_ip
  // A peer that has been connected for this long is marked good, and again after each such span:
  // what consensus does as it gets votes. Not set: never, as on a node without consensus.
  std::optional<conn::Duration> mark_good_after = 1h;
};

class GoPex {
 public:
  struct Dial {
    conn::NetAddress target;
  };
  struct Ask {
    conn::NodeId peer;
  };
  struct Answer {
    conn::NodeId peer;
    std::vector<conn::NetAddress> addresses;
  };
  struct Stop {  // at once
    conn::NodeId peer;
    std::string why;
  };
  struct Part {  // once what is queued has left
    conn::NodeId peer;
  };
  using Action = std::variant<Dial, Ask, Answer, Stop, Part>;
  using Actions = std::vector<Action>;

  GoPex(GoPexConfig config, GoBook& book, GoBook::Random random);

  [[nodiscard]] Actions start(conn::TimePoint now);
  [[nodiscard]] Actions on_time(conn::TimePoint now);
  // None while it waits for a dial.
  std::optional<conn::TimePoint> deadline() const;

  struct Peer {
    conn::NodeId id;
    p2p::Direction direction = p2p::Direction::inbound;
    conn::IpAddress ip;                        // of the socket
    std::optional<conn::NetAddress> reported;  // by itself; none if that is a name
    bool persistent = false;
  };
  [[nodiscard]] Actions on_peer(const Peer& peer, conn::TimePoint now);
  void on_gone(const conn::NodeId& id);

  [[nodiscard]] Actions on_request(const conn::NodeId& from, conn::TimePoint now);
  [[nodiscard]] Actions on_addresses(const conn::NodeId& from,
                                     std::span<const conn::NetAddress> addresses,
                                     conn::TimePoint now);
  [[nodiscard]] Actions on_malformed(const conn::NodeId& from, conn::TimePoint now);

  // A dial has begun that no action of ours asked for.
  void on_dial_of_others(const conn::NetAddress& target);
  enum class DialEnd : std::uint8_t {
    failed,
    busy,      // connected or being dialled already: does not count against it
    ourselves  // it led to us
  };
  // One that succeeds ends with on_peer.
  [[nodiscard]] Actions on_dial_failed(const conn::NetAddress& target, DialEnd end,
                                       conn::TimePoint now);

  std::size_t outbound() const;

 private:
  enum class Purpose : std::uint8_t { book, seed, crawl, others };
  enum class Loop : std::uint8_t { not_started, sleeping, idle, dialling_seeds, crawling };
  enum class Elapsed : std::uint8_t { period, less };
  struct Dialling {
    conn::NetAddress target;
    Purpose purpose = Purpose::book;
  };
  struct Known {
    Peer peer;
    conn::TimePoint since;
    conn::TimePoint marked_good;
  };
  struct Attempts {
    std::uint32_t number = 0;
    conn::TimePoint last;
  };

  std::size_t draw(std::size_t below) { return static_cast<std::size_t>(random_() % below); }
  // In [0, 1).
  double fraction() { return static_cast<double>(random_() >> 11) * 0x1p-53; }
  Actions done() { return std::exchange(actions_, {}); }

  void first_round(conn::TimePoint now);
  void round(conn::TimePoint now);
  void become_idle(conn::TimePoint now);
  void on_answer_of_seed(std::span<const conn::NetAddress> addresses, conn::TimePoint now);
  void ensure_peers(Elapsed elapsed, conn::TimePoint now);
  void ask_a_random_peer();
  void dial_seeds(conn::TimePoint now);
  void dial_next_seed(conn::TimePoint now);
  void crawl(conn::TimePoint now);
  void crawl_next(conn::TimePoint now);
  void part_with_long_connected(conn::TimePoint now);
  void mark_good(conn::TimePoint now);

  bool is_dialling_or_existing(const conn::NetAddress& address) const;
  enum class Begun : std::uint8_t { no, yes };
  Begun dial_peer(const conn::NetAddress& target, Purpose purpose, conn::TimePoint now);
  void begin_dial(const conn::NetAddress& target, Purpose purpose);
  void request(const conn::NodeId& peer);
  void stop_and_ban(const conn::NodeId& peer, std::string why, conn::TimePoint now);

  const GoPexConfig config_;
  GoBook& book_;
  GoBook::Random random_;
  Actions actions_;

  Loop loop_ = Loop::not_started;
  conn::TimePoint sleeps_until_;
  std::optional<conn::TimePoint> next_tick_;  // from the end of the first round
  std::optional<conn::TimePoint> woken_;      // looks again then, or once it is idle
  std::vector<conn::NetAddress> seeds_left_;
  std::deque<conn::NetAddress> crawl_left_;
  conn::TimePoint crawl_began_;
  std::map<conn::NodeId, conn::TimePoint> crawled_;

  std::map<conn::NodeId, Known> peers_;
  std::map<conn::NodeId, Dialling> dialling_;
  // By endpoint, and forgotten only at a success, as in the Go node.
  std::map<conn::Endpoint, Attempts> attempts_;
  std::set<conn::NodeId> requests_sent_;
  // Peers that have asked; the time of the last request, from the second one on.
  std::map<conn::NodeId, std::optional<conn::TimePoint>> last_received_;
};

}  // namespace peerage::sim::go
