// The PEX reactor: peer exchange on channel 0x00, and what follows from it.
//
// It ties the parts of this folder to a switch: events go to the books (BookFeed), messages to
// Exchange, and a RoleDriver does the rest: a node keeps its outbound set full (OutboundKeeper); a
// seed visits the nodes it hears of and serves those that it has verified (Visits).
//
// pex/node.h puts it together with the switch and the books, which are open when it starts: what
// they know is there for the first peer, and the switch gets their bans before it listens.
//
// Threads: made and attached on any, before the start. It runs on the control shard; set_seeds,
// set_private_ids, visit and report may be called on any thread. `runtime` must outlive it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "p2p/switch.h"
#include "pex/books/network_books.h"
#include "pex/exchange/counts.h"
#include "pex/limits/limits.h"

namespace peerage::pex {

// Taking part in the network, or serving addresses alone.
enum class Role : std::uint8_t { node, seed };

struct PexConfig {
  Role role = Role::node;
  std::vector<conn::HostAddress>
      seeds;  // of the first network; a seed finds out the network of each
  std::optional<RequestLimits> requests;  // not set: those of its role
  OutboundLimits outbound;                // a node's
  CrawlLimits crawl;                      // a seed's
  // Whether private, loopback and other addresses that the internet does not route are refused (a
  // comet node's addr_book_strict). A private network says no.
  conn::IpAddress::Strict strict = conn::IpAddress::Strict::yes;
  // A seed's inbound slots. Not set: P2pConfig::max_num_inbound_peers, unless that is its default,
  // which is a node's; then kSeedInboundPeers.
  std::optional<std::uint32_t> seed_inbound_peers;
  std::shared_ptr<conn::LogSink> log;  // none: silent
  // Called with each list that a peer sends in answer, once it is in the book; on the control
  // shard. It must not block.
  std::function<void(const p2p::Peer&, const AnswerCounts&)> on_answer;

  static PexConfig seed() {
    PexConfig config;
    config.role = Role::seed;
    return config;
  }
};

// Fits the switch's settings to it: a seed's visits take outbound slots, and have their time; its
// clients have more slots than a node's peers.
void prepare(p2p::SwitchConfig& config, const PexConfig& pex);
// The book's rules for this kind of node.
addrbook::BookConfig book_config(const p2p::P2pConfig& p2p, const PexConfig& pex);

// What became of a wish for visits.
struct AskedVisits {
  std::size_t known = 0;   // addresses that were meant
  std::size_t queued = 0;  // of them, those that did not wait for their visit already
};

// The state of peer exchange.
struct PexReport {
  ExchangeCounts counts;
  struct Book {
    std::string network;
    std::size_t in_new = 0, in_tried = 0, verified = 0, resting = 0;
    std::uint64_t answers = 0;  // ours, to nodes of this network
  };
  std::vector<Book> books;
  std::size_t visits = 0;         // under way
  std::size_t visits_asked = 0;   // that an operator has asked for, and that wait
  std::uint64_t visits_made = 0;  // in all
  std::size_t bans = 0;
};

class PexReactor final : public p2p::Reactor, public std::enable_shared_from_this<PexReactor> {
 public:
  PexReactor(conn::Runtime& runtime, std::shared_ptr<NetworkBooks> books, PexConfig config);
  ~PexReactor() override;

  // Adds it to a switch that has not been started.
  static void attach(p2p::Switch& node, const std::shared_ptr<PexReactor>& pex);

  // Also before the start. Several addresses of one ID are tried in turn; where the ID is a
  // persistent peer's too, the switch dials it at these as well.
  void set_seeds(std::vector<conn::HostAddress> seeds);
  void set_private_ids(std::set<conn::NodeId> ids);
  // A seed's: it looks now at all addresses of this node, also those that rest, or at every address
  // that does not (pex/seed/visits.h). `done` runs on the control shard. Refused: invalid_argument,
  // where none is a seed; stopping.
  using VisitsAsked = std::function<void(const conn::Result<AskedVisits>&)>;
  void visit(std::optional<conn::NodeId> id, VisitsAsked done);
  // Hands the report over, on the control shard; nothing once the switch has stopped.
  void report(std::function<void(const PexReport&)> into);
  // On the control shard.
  const ExchangeCounts& counts() const;

  std::string name() const override { return kExchangeName; }
  std::vector<p2p::ReactorChannel> channels() const override;
  p2p::Delivery delivery() const override { return p2p::Delivery::in_line; }
  void start(p2p::ReactorContext& context) override;
  void stop() override;
  void receive(const p2p::PeerPtr& peer, p2p::Message message) override;

 private:
  void on_event(const p2p::SwitchEvent& event);
  void note_what_works();
  void on_message(const p2p::PeerPtr& peer, const p2p::Message& message);
  void ban(const p2p::Peer& peer, const std::string& why);
  void on_time();
  // Has on_time() run at `when` at the latest.
  void arm(conn::TimePoint when);
  void note_sessions(conn::TimePoint now);
  PexReport make_report() const;

  conn::Runtime& runtime_;
  conn::Shard& control_;
  const std::shared_ptr<NetworkBooks> books_;
  const PexConfig config_;
  std::vector<conn::HostAddress> seeds_;
  struct Parts;
  const std::unique_ptr<Parts> parts_;
  p2p::ReactorContext* context_ = nullptr;
  std::unique_ptr<conn::Timer> timer_;
  conn::TimePoint wake_at_ = conn::TimePoint::max();
  conn::TimePoint next_note_;
};

}  // namespace peerage::pex
