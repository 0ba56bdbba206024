// What is probably not meant in a home's settings, beyond values that are wrong by themselves:
// judged from the settings and from what is found around them.
//
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cmd/config/findings_text.h"
#include "cmd/config/settings.h"
#include "cmd/config/start_rules.h"
#include "conn/address/node_id.h"
#include "conn/base/failure.h"
#include "pex/pex_reactor.h"

namespace peerage::cmd {

// What only the machine knows.
struct Surroundings {
  std::optional<conn::NodeId> own_id;        // without it, why:
  std::optional<conn::Failure> key_failure;  // key_file_missing is one
  unsigned key_mode = 0600;                  // of the key file

  enum class Port : std::uint8_t { free, in_use, not_permitted, not_ours, unknown };
  Port port = Port::unknown;
  // Where HTTP is to be served, at a TCP port.
  struct Service {
    std::string key;    // "rpc.laddr"
    std::string where;  // "127.0.0.1:26657"
    Port port = Port::unknown;
  };
  std::vector<Service> services;
  // Of discovery, when it is on.
  Port discovery_port = Port::unknown;
  std::optional<conn::Failure> discovery_key_failure;  // key_file_missing is none
  unsigned discovery_key_mode = 0600;
  std::string certificate;  // why HTTPS cannot be served; empty: it can, or need not

  std::optional<conn::Failure> book_failure;  // book_missing is one
  std::size_t book_addresses = 0;
  std::size_t json_addresses = 0;  // in the addrbook.json that a start takes over
  bool book_held = false;          // a node of this home runs

  std::vector<std::string> known_networks;  // in the book

  // Of a genesis.json that was not needed for the network's name; empty: none, or nothing in it.
  std::string genesis_chain_id;

  std::vector<Unwritable> unwritable;
  std::string descriptors;     // why there are too few for all connections; empty: there are enough
  std::string control_socket;  // why there can be none; empty: there can
};

// For a node of this role.
std::vector<Finding> check_settings(const SettingsReading& reading,
                                    const Surroundings& surroundings, pex::Role role);

}  // namespace peerage::cmd
