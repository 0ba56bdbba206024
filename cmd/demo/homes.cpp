#include "cmd/demo/homes.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sodium.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/config/node_key_file.h"

namespace peerage::cmd {

using conn::fail;
using conn::Reason;
using conn::Result;
using conn::Stage;

namespace {

constexpr std::uint16_t kUsualPort = 26656;
// Below those that the system uses for outgoing connections.
constexpr std::uint16_t kFirstPort = 20'000, kLastPort = 32'000;
constexpr std::uint16_t kLists = 1, kMetrics = 2;  // after a seed's own
constexpr int kTries = 50;

tl::unexpected<conn::Failure> failure(const std::filesystem::path& path, const std::string& why) {
  return fail(Stage::configuration, Reason::io_error, path.string() + ": " + why);
}

bool is_free(const conn::Endpoint& endpoint) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  if (::inet_pton(AF_INET, endpoint.ip.to_string().c_str(), &address.sin_addr) != 1) return false;
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  const bool bound = ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return bound;
}

conn::Endpoint after(conn::Endpoint endpoint, std::uint16_t ports) {
  endpoint.port = static_cast<std::uint16_t>(endpoint.port + ports);
  return endpoint;
}

// `count` of them, all free, and those of the first one's HTTP.
std::optional<std::vector<conn::Endpoint>> free_endpoints(std::size_t count) {
  for (int i = 0; i < kTries; ++i) {
    const auto area = std::to_string(1 + randombytes_uniform(254));
    const auto port =
        i == 0
            ? kUsualPort
            : static_cast<std::uint16_t>(kFirstPort + randombytes_uniform(kLastPort - kFirstPort));
    std::vector<conn::Endpoint> endpoints;
    for (std::size_t at = 1; at <= count; ++at) {
      const auto ip = conn::IpAddress::parse("127." + area + "." + std::to_string(at) + ".1");
      if (!ip || !is_free({*ip, port})) break;
      if (at == 1 &&
          !(is_free(after({*ip, port}, kLists)) && is_free(after({*ip, port}, kMetrics)))) {
        break;
      }
      endpoints.push_back({*ip, port});
    }
    if (endpoints.size() == count) return endpoints;
  }
  return std::nullopt;
}

std::string config_text(const DemoHome& home, const DemoHome& seed) {
  const bool is_seed = &home == &seed;
  std::string text = "# A node of `peerage demo`.\nmoniker = \"" + home.name +
                     "\"\nlog_format = \"json\"\nlog_level = \"p2p:debug,*:info\"  # peer events\n"
                     "\n[peerage]\nnetwork = \"" +
                     std::string(kDemoNetwork) + "\"\nsummary_interval = \"250ms\"\n";
  if (is_seed) {
    text += "http_laddr = \"" + lists_endpoint(home).to_string() +
            "\"\n\n[instrumentation]\nprometheus = true\nprometheus_listen_addr = \"" +
            metrics_endpoint(home).to_string() + "\"\n";
  }
  text += "\n[p2p]\nladdr = \"tcp://" + home.address.endpoint.to_string() +
          "\"\naddr_book_strict = false  # loopback addresses count\n";
  text += is_seed ? "seed_mode = true\n" : "seeds = \"" + seed.address.to_string() + "\"\n";
  return text;
}

}  // namespace

conn::Endpoint lists_endpoint(const DemoHome& seed) {
  return after(seed.address.endpoint, kLists);
}

conn::Endpoint metrics_endpoint(const DemoHome& seed) {
  return after(seed.address.endpoint, kMetrics);
}

Result<std::vector<DemoHome>> make_demo_homes(const std::filesystem::path& directory,
                                              std::size_t nodes) {
  const auto endpoints = free_endpoints(nodes + 1);
  if (!endpoints) {
    return fail(Stage::configuration, Reason::address_in_use,
                "no addresses on loopback are free: 127.x.y.1");
  }
  std::vector<DemoHome> homes;
  for (std::size_t i = 0; i <= nodes; ++i) {
    const std::string name = i == 0 ? "seed" : "node-" + std::to_string(i);
    const auto home = directory / name;
    const auto key = load_or_create_key(home / "config" / "node_key.json");
    if (!key) return tl::unexpected(key.error());
    homes.push_back({name, home, {key->id(), (*endpoints)[i]}});
  }
  for (const DemoHome& each : homes) {
    const auto path = each.home / "config" / "config.toml";
    std::ofstream file(path);
    file << config_text(each, homes.front()) << std::flush;
    if (!file) return failure(path, "it cannot be written");
  }
  return homes;
}

Result<DemoDirectory> DemoDirectory::make(const std::filesystem::path& wanted) {
  std::error_code error;
  if (!wanted.empty()) {
    std::filesystem::create_directories(wanted, error);
    if (error) return failure(wanted, error.message());
    if (!std::filesystem::is_empty(wanted, error) || error) {
      return failure(wanted, "it is not empty");
    }
    DemoDirectory given(std::filesystem::absolute(wanted));
    given.keep();
    return given;
  }
  std::string pattern = (std::filesystem::temp_directory_path(error) / "peerage-demo-XXXXXX");
  if (error || ::mkdtemp(pattern.data()) == nullptr) return failure(pattern, std::strerror(errno));
  return DemoDirectory(pattern);
}

DemoDirectory::DemoDirectory(DemoDirectory&& other) noexcept
    : path_(std::exchange(other.path_, {})), kept_(other.kept_) {}

DemoDirectory::~DemoDirectory() {
  std::error_code error;  // what cannot be removed stays
  if (!kept_ && !path_.empty()) std::filesystem::remove_all(path_, error);
}

}  // namespace peerage::cmd
