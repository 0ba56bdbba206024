// Where the nodes of the demo live: a home for each, with a key and a config.toml, and addresses on
// loopback that are free.
//
// Each has an IP address of its own, 127.a.b.1, as nodes of a real network have; between loopback
// addresses a node dials from where it listens. Each knows the seed, and nothing else. The seed
// shows its lists and its metrics over HTTP, on the two ports after its own.
//
// Threads: plain functions that wait for the disk.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "conn/address/net_address.h"
#include "conn/base/failure.h"

namespace peerage::cmd {

inline constexpr std::string_view kDemoNetwork = "peerage-demo";

struct DemoHome {
  std::string name;  // "seed", "node-1", ...
  std::filesystem::path home;
  conn::NetAddress address;
};

conn::Endpoint lists_endpoint(const DemoHome& seed);
conn::Endpoint metrics_endpoint(const DemoHome& seed);

// The seed first. Everything is made in `directory`, which exists.
conn::Result<std::vector<DemoHome>> make_demo_homes(const std::filesystem::path& directory,
                                                    std::size_t nodes);

// A directory that is removed with what is in it, unless it is to be kept.
class DemoDirectory {
 public:
  // `wanted`: to be used and kept; it is empty, or not there. Empty: a new one for temporary files.
  static conn::Result<DemoDirectory> make(const std::filesystem::path& wanted);
  DemoDirectory(DemoDirectory&& other) noexcept;
  DemoDirectory& operator=(DemoDirectory&&) = delete;
  ~DemoDirectory();

  const std::filesystem::path& path() const noexcept { return path_; }
  void keep() noexcept { kept_ = true; }
  bool kept() const noexcept { return kept_; }

 private:
  explicit DemoDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
  bool kept_ = false;
};

}  // namespace peerage::cmd
