// Nodes of discovery for tests that ask them from other processes: servers on real sockets, each
// with a port of its own, which know one another by the first.
//
//   discovery_host [--count N] [--ip IP] [--network NAME]
//
// When all of them know two others, or after ten seconds, it prints one line of JSON for each: its
// ID, record and UDP endpoint. At the end of input it stops.
#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "conn/runtime/asio_runtime.h"
#include "conn/runtime/sync_wait.h"
#include "pex/discovery/server.h"
#include "tests/integration/flags.h"
#include "tests/support/secp256k1_keys.h"

namespace {

using namespace peerage;
using namespace std::chrono_literals;

class Host {
 public:
  Host(std::uint32_t count, const std::string& ip, std::string network)
      : ip_(conn::IpAddress::parse(ip).value()), network_(std::move(network)) {
    for (std::uint32_t number = 1; number <= count; ++number) on_shard([&] { start(number); });
  }
  ~Host() {
    on_shard([this] { servers_.clear(); });
    runtime_.stop();
  }

  void wait_until_known() const {
    const std::size_t wanted = std::min<std::size_t>(servers_.size() - 1, 2);
    const auto end = std::chrono::steady_clock::now() + 10s;
    const auto knows = [wanted](const auto& server) {
      const auto now = server->snapshot();
      return now->record && now->table.live >= wanted;
    };
    while (std::chrono::steady_clock::now() < end &&
           !std::all_of(servers_.begin(), servers_.end(), knows)) {
      std::this_thread::sleep_for(20ms);
    }
  }
  void print() const {
    for (const auto& server : servers_) {
      const auto now = server->snapshot();
      const nlohmann::json line = {{"id", now->id.to_string()},
                                   {"enr", now->record ? now->record->text() : ""},
                                   {"udp", now->local.to_string()}};
      std::cout << line.dump() << '\n';
    }
    std::cout << std::flush;
  }

 private:
  void on_shard(const std::function<void()>& work) {
    (void)conn::sync_wait(runtime_, [&](const std::function<void()>& done) {
      shard_.post([&work, done] {
        work();
        done();
      });
    });
  }
  void start(std::uint32_t number) {
    pex::DiscoveryServer::Settings settings;
    settings.listen = {ip_, 0};
    settings.external_ip = pex::ExternalIpSource::parse("fixed:" + ip_.to_string()).value();
    settings.core.p2p = pex::P2pIdentity{
        .id = conn::NodeId::parse("000102030405060708090a0b0c0d0e0f10111213").value(),
        .networks = {network_},
        .port = 26656};
    if (first_) settings.core.boot = {*first_};
    auto key = test::secp256k1_key(number);
    const conn::Secp256k1PublicKey public_key = key.public_key();
    auto server = pex::DiscoveryServer::start(
        std::move(key), std::move(settings),
        {.runtime = runtime_, .shard = shard_, .log = nullptr, .rows = nullptr});
    if (!server) throw std::runtime_error(server.error().text());
    if (!first_) {
      first_ = pex::Contact::at(public_key, {ip_, (*server)->snapshot()->local.port}, 26656);
    }
    servers_.push_back(std::move(*server));
  }

  conn::AsioRuntime runtime_{1};
  conn::Shard& shard_ = runtime_.shard(0);
  conn::IpAddress ip_;
  std::string network_;
  std::optional<pex::Contact> first_;
  std::vector<std::unique_ptr<pex::DiscoveryServer>> servers_;
};

}  // namespace

int main(int argc, char** argv) {
  test::Flags flags(argc, argv, 1);
  const auto count = flags.number<std::uint32_t>("count", 3);
  const std::string ip = flags.text("ip", "127.0.0.1");
  const std::string network = flags.text("network", "net-1");
  flags.expect_no_others();
  const Host host(count, ip, network);
  host.wait_until_known();
  host.print();
  for (std::string line; std::getline(std::cin, line);) {
  }
  return 0;
}
