// One node of a scenario: a machine, a key that it keeps for life, what it stores, and the server
// that runs on it now.
//
// Threads: none of its own. The world outlives it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "conn/crypto/secp256k1.h"
#include "pex/discovery/core.h"
#include "tests/sim/sim_world.h"

namespace peerage::sim::discovery {

class Member {
 public:
  static constexpr std::uint16_t kPort = 30303;
  static constexpr std::string_view kNetwork = "simulated";

  struct Plan {
    std::vector<pex::Contact> boot;
    // What its settings are besides that; the scenario's faults.
    std::function<void(pex::DiscoverySettings&)> change;
    // Whether the rows that it stored are there after a restart.
    enum class Rows : std::uint8_t { kept, lost } rows = Rows::kept;
    // Whether others can reach it unasked.
    enum class Place : std::uint8_t { open, behind_nat } place = Place::open;
  };
  Member(SimWorld& world, SimHost& host, Plan plan);
  ~Member();

  void start();
  // As if its process were killed: nobody is told, and what was stored last remains.
  void crash();
  bool is_running() const noexcept { return shell_ != nullptr; }
  TimePoint started() const noexcept { return started_; }

  const pex::EnodeId& id() const noexcept { return id_; }
  const conn::Secp256k1PublicKey& key() const noexcept { return key_.public_key(); }
  Plan& plan() noexcept { return plan_; }
  bool is_open() const noexcept { return plan_.place == Plan::Place::open; }
  SimHost& host() noexcept { return host_; }
  Endpoint endpoint() const { return {host_.address(), kPort}; }
  pex::Contact contact() const { return pex::Contact::at(key(), endpoint(), 0); }

  // The rest while it runs.
  pex::DiscoveryCore& core();
  const pex::NodeTable& table() const;
  pex::DiscoveryTime time() const;
  // Of the nodes closest to what the key hashes to, those that answered.
  using LookedUp = std::function<void(const std::vector<pex::Contact>& closest)>;
  void look_up(const conn::ByteArray<64>& key, LookedUp done);
  // All that were heard of.
  using Sighting = pex::DiscoveryCore::Sighting;
  using Sighted = std::function<void(const Sighting&)>;
  void look_for(const conn::Secp256k1PublicKey& key, Sighted done);

  // A datagram that claims to come from there: whoever sent it may have forged that.
  void hear(const Endpoint& from, ByteView bytes);

  // Over all its lives.
  std::uint64_t datagrams_sent() const;
  // Called with each update, in any life.
  std::function<void(const pex::Update&)> on_update;

 private:
  class Shell;
  SimWorld& world_;
  SimHost& host_;
  Plan plan_;
  conn::Secp256k1Key key_;
  pex::EnodeId id_;
  pex::NodeRows::Loaded stored_;
  TimePoint started_;
  std::uint64_t sent_before_ = 0;  // in earlier lives
  std::unique_ptr<Shell> shell_;
};

}  // namespace peerage::sim::discovery
