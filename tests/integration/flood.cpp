// Many visitors to one node, each from an address of its own choice within 127.0.0.0/8.
//
//   flood --to IP:PORT --script NAME[,NAME...] --count N [--from IP] [--step N] [--addresses N]
//         [--rate N] [--together N] [--patience SECONDS] [--tries N] [--network NAME] [--key N]
//
// Visitor i plays the script of its turn and comes from `from` + (i mod addresses) * step. `rate`
// of them begin in a second (0: as fast as can be), at most `together` are there at once. Each has
// an ID of its own, or that of `key`. One that is refused comes again 100 ms later, until it has
// had `tries`. When the last has gone, or when none has come or gone for `patience`, one line of
// JSON reports the outcome. Ended by a signal it takes its visitors with it.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <iostream>
#include <map>
#include <memory>
#include <vector>

#include <nlohmann/json.hpp>
#include <sodium.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn/address/ip_address.h"
#include "tests/integration/flags.h"
#include "tests/integration/flood_visitor.h"
#include "tests/integration/visitors.h"
#include "tests/support/peers.h"

namespace {

using namespace peerage;
using namespace std::chrono_literals;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

struct Options {
  conn::Endpoint to;
  std::vector<const test::Script*> scripts;
  std::size_t count = 1;
  std::uint32_t from = 0;
  std::uint32_t step = 1;
  std::uint32_t addresses = 0;  // 0: one for each visitor
  double rate = 0;
  std::size_t together = 1;
  Clock::duration patience{};
  std::size_t tries = 1;
  std::string network;
  std::uint8_t key = 0;  // 0: a fresh one each time
};

std::vector<const test::Script*> parse_scripts(const std::string& names) {
  std::vector<const test::Script*> chosen;
  for (std::size_t at = 0; at <= names.size();) {
    const std::size_t end = std::min(names.find(',', at), names.size());
    const std::string name = names.substr(at, end - at);
    const auto all = test::scripts();
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const test::Script& each) { return each.name == name; });
    if (found == all.end()) throw std::invalid_argument("no such script: " + name);
    chosen.push_back(&*found);
    at = end + 1;
  }
  return chosen;
}

Options parse(test::Flags& flags) {
  Options options;
  const auto to = conn::Endpoint::parse(flags.text("to"));
  const auto from = conn::IpAddress::parse(flags.text("from", "127.0.0.1"));
  if (!to || !from) throw std::invalid_argument("--to IP:PORT and --from IP are addresses");
  options.to = *to;
  options.from = test::to_number(*from);
  options.scripts = parse_scripts(flags.text("script"));
  options.count = flags.number("count", options.count);
  options.step = flags.number("step", options.step);
  options.addresses = flags.number("addresses", options.addresses);
  options.rate = flags.number("rate", options.rate);
  options.together = flags.number("together", options.together);
  options.patience = std::chrono::seconds(flags.number("patience", 15));
  options.tries = flags.number("tries", options.tries);
  options.network = flags.text("network", "flood-net");
  options.key = flags.number("key", options.key);
  flags.expect_no_others();
  return options;
}

class Flood {
 public:
  explicit Flood(Options options) : options_(std::move(options)), epoll_(::epoll_create1(0)) {}

  json run() {
    const auto began = Clock::now();
    while (started_ < options_.count || !open_.empty() || !coming_again_.empty()) {
      const auto now = Clock::now();
      start_due(now - began);
      start_again(now);
      if (now - last_change_ >= options_.patience) break;
      wait_for_sockets();
      trickle(now);
    }
    while (!open_.empty()) end(open_.begin()->first, "stuck");
    return {{"started", started_},
            {"first_try", first_try_},
            {"within_2_s", answered_.within(2000)},
            {"ends", ends_},
            {"reached", reached_},
            {"lifetime_ms", lifetimes_.summary()},
            {"answered_ms", answered_.summary()},
            {"seconds", std::chrono::duration<double>(Clock::now() - began).count()}};
  }

 private:
  struct Guest {
    Guest(const test::Script& script, conn::NodeKey key, const std::string& network)
        : visitor(script, std::move(key), network) {}
    test::Visitor visitor;
    std::size_t number = 0;
    std::size_t tries = 1;
    bool connected = false;
    bool answered = false;
    Clock::time_point began;  // the first try
    Clock::time_point connected_at;
    Clock::time_point next_byte;
  };

  struct Try {
    std::size_t number = 0;   // of the visitor
    std::size_t tries = 1;    // this one included
    Clock::time_point began;  // the first
  };

  void start_due(Clock::duration since) {
    const auto due = options_.rate == 0
                         ? options_.count
                         : static_cast<std::size_t>(std::chrono::duration<double>(since).count() *
                                                    options_.rate) +
                               1;
    // A few at a time, so that those already there are served in between.
    for (int i = 0; i < 32; ++i) {
      if (started_ >= std::min(due, options_.count) || open_.size() >= options_.together) return;
      start({started_++, 1, Clock::now()});
    }
  }
  void start_again(Clock::time_point now) {
    while (!coming_again_.empty() && coming_again_.begin()->first <= now) {
      const Try next = coming_again_.begin()->second;
      coming_again_.erase(coming_again_.begin());
      start(next);
    }
  }

  void start(const Try& attempt) {
    const std::size_t number = attempt.number;
    last_change_ = Clock::now();
    const auto place =
        static_cast<std::uint32_t>(options_.addresses == 0 ? number : number % options_.addresses);
    auto guest = std::make_unique<Guest>(*options_.scripts[number % options_.scripts.size()],
                                         make_key(), options_.network);
    guest->number = number;
    guest->tries = attempt.tries;
    guest->began = attempt.began;
    const int socket = test::dial(epoll_, options_.from + place * options_.step, options_.to);
    if (socket < 0) return count_end("cannot connect");
    open_[socket] = std::move(guest);
  }

  conn::NodeKey make_key() const {
    if (options_.key != 0) return test::key_from(options_.key);
    conn::Secret<32> seed;
    randombytes_buf(seed.writable().data(), 32);
    return conn::NodeKey::from_seed(seed);
  }

  void wait_for_sockets() {
    std::array<epoll_event, 256> events;
    const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 1);
    for (int i = 0; i < count; ++i) {
      const int socket = events[static_cast<std::size_t>(i)].data.fd;
      const auto guest = open_.find(socket);
      if (guest != open_.end()) on_ready(socket, *guest->second);
    }
  }

  void on_ready(int socket, Guest& guest) {
    if (!guest.connected && !on_connected(socket, guest)) return;
    conn::ByteArray<conn::kFrameSealed> buffer;
    while (true) {
      const std::size_t wanted = std::min(guest.visitor.wanted(), buffer.size());
      const ssize_t got = ::recv(socket, buffer.data(), wanted, 0);
      if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
      if (got <= 0) return end(socket, got == 0 ? "closed" : "reset");
      guest.visitor.receive(conn::ByteView(buffer).first(static_cast<std::size_t>(got)));
      if (guest.visitor.reached() == test::Reached::answered && !guest.answered) {
        guest.answered = true;
        answered_.add(Clock::now() - guest.began);
        if (guest.tries == 1) ++first_try_;
      }
      if (!act(socket, guest)) return;
    }
  }

  // False when the guest has gone.
  bool on_connected(int socket, Guest& guest) {
    const int error = test::finish_dial(epoll_, socket);
    if (error != 0) {
      end(socket, error == ECONNRESET ? "reset" : std::strerror(error));
      return false;
    }
    guest.connected = true;
    guest.connected_at = guest.next_byte = Clock::now();
    return act(socket, guest);
  }

  // Sends what is due, and leaves if that is next. False when the guest has gone.
  bool act(int socket, Guest& guest) {
    if (!send(socket, guest.visitor.take_output())) return false;
    const auto then = guest.visitor.then();
    if (then != test::Then::close && then != test::Then::abort) return true;
    if (then == test::Then::abort) {
      const linger at_once{1, 0};
      ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    end(socket, "left");
    return false;
  }

  bool send(int socket, conn::ByteView bytes) {
    if (bytes.empty()) return true;
    const ssize_t put = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    // This little always fits, unless the other side has gone.
    if (put == static_cast<ssize_t>(bytes.size())) return true;
    end(socket, "reset");
    return false;
  }

  void trickle(Clock::time_point now) {
    if (now < next_round_) return;
    next_round_ = now + 20ms;
    std::vector<int> due;
    for (const auto& [socket, guest] : open_) {
      if (guest->connected && !guest->visitor.trickle().empty() && guest->next_byte <= now) {
        due.push_back(socket);
      }
    }
    for (const int socket : due) {
      Guest& guest = *open_.at(socket);
      guest.next_byte += 1s;
      conn::Bytes& rest = guest.visitor.trickle();
      const conn::Bytes byte = {rest.front()};
      rest.erase(rest.begin());
      send(socket, byte);
    }
  }

  void end(int socket, const std::string& how) {
    const auto found = open_.find(socket);
    const Guest& guest = *found->second;
    last_change_ = Clock::now();
    if (guest.connected) lifetimes_.add(Clock::now() - guest.connected_at);
    ++reached_[std::string(test::kReachedNames[static_cast<std::size_t>(guest.visitor.reached())])];
    if (!guest.answered && how != "left" && how != "stuck" && guest.tries < options_.tries) {
      coming_again_.emplace(Clock::now() + 100ms, Try{guest.number, guest.tries + 1, guest.began});
    } else {
      count_end(how);
    }
    open_.erase(found);
    ::close(socket);
  }
  void count_end(const std::string& how) { ++ends_[how]; }

  const Options options_;
  const int epoll_;
  std::size_t started_ = 0;
  std::map<int, std::unique_ptr<Guest>> open_;
  std::multimap<Clock::time_point, Try> coming_again_;
  std::size_t first_try_ = 0;
  Clock::time_point last_change_ = Clock::now();  // a visitor came or went
  Clock::time_point next_round_;
  std::map<std::string, std::size_t> ends_;
  std::map<std::string, std::size_t> reached_;
  test::Spans lifetimes_;
  test::Spans answered_;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    test::Flags flags(argc, argv, 1);
    const Options options = parse(flags);
    if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be initialised");
    test::limit_descriptors(0);
    std::cout << Flood(options).run().dump() << std::endl;
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "flood: " << error.what() << '\n';
    return 2;
  }
}
