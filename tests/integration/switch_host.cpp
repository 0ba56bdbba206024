// A node for tests that attack it from other processes: a switch with a reactor that sends back
// what it gets, on real sockets.
//
//   switch_host [--network NAME] [--key N] [--shards N] [--max-inbound N] [--rate-interval SECONDS]
//               [--rate-burst N] [--half-open N] [--descriptors N] [--echo 0|1]
//
// With a rate interval of 0, an address may connect as often as it likes.
//
// It prints one line of JSON when it listens, and one in answer to each line on standard input:
//
//   status              its state: counters, failures, peers, descriptors, memory
//   ban ID|CIDR         bans for an hour
//   dial ID@HOST:PORT   dials; the answer has the outcome
//   name ID             this node comes first from now on, and no other
//   measure ID N        sends N messages of 200 bytes to a node that echoes, the next when one has
//                       come back, and at most one each 2 ms; this node has --echo 0
//   open N              how many of N files the process can open now
//
// At the end of input it stops; it exits with 1 if its reactor was called out of order.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "conn/runtime/asio_runtime.h"
#include "p2p/switch.h"
#include "tests/integration/flags.h"
#include "tests/support/peers.h"
#include "tests/support/recording_reactor.h"

namespace {

using namespace peerage;
using nlohmann::json;

p2p::SwitchConfig switch_config(test::Flags& flags) {
  p2p::SwitchConfig config;
  config.networks = {flags.text("network", "flood-net")};
  config.p2p.laddr = "tcp://127.0.0.1:0";
  config.p2p.max_num_inbound_peers = flags.number("max-inbound", config.p2p.max_num_inbound_peers);
  config.connection_rate.interval = std::chrono::seconds(flags.number("rate-interval", 5));
  if (config.connection_rate.interval == conn::Duration(0)) {
    config.connection_rate.failed_authentication_pause = conn::Duration(0);
  }
  config.connection_rate.burst = flags.number("rate-burst", config.connection_rate.burst);
  config.half_open.total = flags.number("half-open", config.half_open.total);
  return config;
}

std::size_t resident_kilobytes() {
  std::size_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / 1024;
}

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  // The one that reads the list does not count.
  return static_cast<std::size_t>(std::distance(begin(all), end(all))) - 1;
}

using Clock = std::chrono::steady_clock;

class Host {
 public:
  enum class Echo : std::uint8_t { no, yes };
  Host(conn::Runtime& runtime, conn::NodeKey key, p2p::SwitchConfig config, Echo echo)
      : switch_(runtime, std::move(key), std::move(config)) {
    reactor_->on_receive = [this, echo](const p2p::PeerPtr& peer, p2p::Message message) {
      if (echo == Echo::yes) {
        peer->try_send(message.channel, std::move(message.bytes));
      } else {
        on_returned(message.bytes);
      }
    };
    switch_.add_reactor(reactor_);
    switch_.on_event([this](const p2p::SwitchEvent& event) { on_event(event); });
  }

  json start() {
    if (const auto started = switch_.start_and_wait(); !started) {
      return {{"error", started.error().text()}};
    }
    return {{"ready", switch_.listen_address().to_string()}};
  }

  json answer(const std::string& line) {
    std::istringstream words(line);
    std::string command, argument;
    words >> command >> argument;
    if (command == "status") return status();
    if (command == "ban") return ban(argument);
    if (command == "dial") return dial(argument);
    if (command == "name") return name_node(argument);
    if (command == "measure") {
      std::size_t count = 0;
      words >> count;
      return measure(argument, count);
    }
    if (command == "open") return open_files(std::stoul(argument));
    return {{"error", "no such command: " + command}};
  }

  // Whether all was in order.
  bool stop() {
    switch_.stop_and_wait();
    for (const std::string& breach : reactor_->breaches()) std::cerr << breach << '\n';
    return reactor_->breaches().empty() && reactor_->inits() == reactor_->removes();
  }

 private:
  json status() {
    const auto snapshot = switch_.snapshot();
    json status = {{"peers", snapshot->peers.size()},
                   {"handshakes", snapshot->handshakes},
                   {"reactor_peers", reactor_->inits() - reactor_->removes()},
                   {"echoed", reactor_->received()},
                   {"descriptors", open_descriptors()},
                   {"rss_kb", resident_kilobytes()}};
    for (std::size_t i = 0; i < p2p::kCounterCount; ++i) {
      const auto counter = static_cast<p2p::Counter>(i);
      status["counters"][std::string(name(counter))] = switch_.counters().get(counter);
    }
    status["failures"] = json::object();
    switch_.counters().for_each_failure(
        [&status](p2p::Direction direction, conn::Reason reason, std::uint64_t count) {
          if (direction != p2p::Direction::inbound) return;
          status["failures"][std::string(name(reason))] = count;
        });
    return status;
  }

  json ban(const std::string& target) {
    std::optional<p2p::BanTarget> banned;
    if (const auto id = conn::NodeId::parse(target)) {
      banned = *id;
    } else if (const auto network = conn::Cidr::parse(target)) {
      banned = *network;
    }
    if (!banned) return {{"error", "neither an ID nor a network: " + target}};
    switch_.ban(*banned, std::chrono::hours(1), "by a test");
    return {{"banned", p2p::to_string(*banned)}};
  }

  json name_node(const std::string& text) {
    const auto id = conn::NodeId::parse(text);
    if (!id) return {{"error", id.error().text()}};
    switch_.set_named_nodes({*id});
    return {{"named", id->to_string()}};
  }

  // Each message begins with the time at which it was sent.
  json measure(const std::string& text, std::size_t count) {
    const auto id = conn::NodeId::parse(text);
    const auto peer = id ? switch_.find_peer(*id) : nullptr;
    if (!peer) return {{"error", "not connected: " + text}};
    {
      const std::lock_guard lock(mutex_);
      returned_.clear();
    }
    const auto came_back = [this](std::size_t number) {
      std::unique_lock lock(mutex_);
      return changed_.wait_for(lock, std::chrono::seconds(5),
                               [&] { return returned_.size() >= number; });
    };
    auto next = Clock::now();
    for (std::size_t i = 1; i <= count; ++i) {
      next = std::max(next + std::chrono::milliseconds(2), Clock::now());
      std::this_thread::sleep_until(next);
      conn::Bytes message(200);
      const auto sent = Clock::now().time_since_epoch().count();
      std::memcpy(message.data(), &sent, sizeof sent);
      peer->send(test::kEcho, std::move(message));
      if (!came_back(i)) break;
    }
    const std::lock_guard lock(mutex_);
    std::sort(returned_.begin(), returned_.end());
    const auto at = [this](double share) {
      const auto place = static_cast<std::size_t>(share * static_cast<double>(returned_.size()));
      return returned_.empty() ? -1.0 : returned_[std::min(place, returned_.size() - 1)];
    };
    return {{"returned", returned_.size()}, {"p50_ms", at(0.5)}, {"p99_ms", at(0.99)}};
  }

  void on_returned(const conn::Bytes& message) {
    Clock::rep sent = 0;
    if (message.size() < sizeof sent) return;
    std::memcpy(&sent, message.data(), sizeof sent);
    const Clock::duration took = Clock::now().time_since_epoch() - Clock::duration(sent);
    const std::lock_guard lock(mutex_);
    returned_.push_back(std::chrono::duration<double, std::milli>(took).count());
    changed_.notify_all();
  }

  json dial(const std::string& target) {
    const auto address = conn::HostAddress::parse(target);
    if (!address) return {{"error", address.error().text()}};
    std::future<std::string> outcome;
    {
      const std::lock_guard lock(mutex_);
      dialled_.emplace();
      outcome = dialled_->get_future();
    }
    switch_.dial(*address);
    if (outcome.wait_for(std::chrono::seconds(10)) != std::future_status::ready) {
      return {{"error", "the dial had no outcome"}};
    }
    return {{"dialled", outcome.get()}};
  }

  // The outcome of the dial that was asked for.
  void on_event(const p2p::SwitchEvent& event) {
    std::string outcome;
    if (const auto* failed = std::get_if<p2p::DialFailed>(&event)) {
      outcome = name(failed->failure.reason);
    } else if (const auto* connected = std::get_if<p2p::Connected>(&event);
               connected != nullptr && connected->peer->dialled()) {
      outcome = "connected";
    } else {
      return;
    }
    const std::lock_guard lock(mutex_);
    if (auto waiting = std::exchange(dialled_, std::nullopt)) waiting->set_value(outcome);
  }

  static json open_files(std::size_t count) {
    std::vector<int> opened;
    while (opened.size() < count) {
      const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
      if (file < 0) break;
      opened.push_back(file);
    }
    for (const int file : opened) ::close(file);
    return {{"opened", opened.size()}};
  }

  const std::shared_ptr<test::RecordingReactor> reactor_ =
      std::make_shared<test::RecordingReactor>();
  std::mutex mutex_;
  std::optional<std::promise<std::string>> dialled_;  // guarded by mutex_
  std::condition_variable changed_;
  std::vector<double> returned_;  // likewise; ms
  p2p::Switch switch_;
};

int run(test::Flags& flags) {
  const auto config = switch_config(flags);
  const auto key = flags.number<std::uint8_t>("key", 1);
  const auto shards = flags.number<std::size_t>("shards", 2);
  const auto echo = flags.number("echo", 1) == 0 ? Host::Echo::no : Host::Echo::yes;
  test::limit_descriptors(flags.number<rlim_t>("descriptors", 0));
  flags.expect_no_others();

  conn::AsioRuntime runtime(shards);
  Host host(runtime, test::key_from(key), config, echo);
  std::cout << host.start().dump() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << host.answer(line).dump() << std::endl;
  }
  return host.stop() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    test::Flags flags(argc, argv, 1);
    return run(flags);
  } catch (const std::exception& error) {
    std::cerr << "switch_host: " << error.what() << '\n';
    return 2;
  }
}
