// Many clients of one seed, each once and from an address of its own, and their outcomes.
//
//   seed_load load --to IP:PORT --network NAME --rate N --seconds N [--from IP] [--step N]
//                  [--together N] [--patience SECONDS] [--listen PORT] [--key FILE]
//   seed_load fill --book FILE --network NAME --rows N
//
// load: client i comes from `from` + i * `step`, at its time, whatever happened to those before it;
// beyond `together` at once it is late, which is reported. With `listen` it claims to listen at its
// address and this port; with `key` all of them have that node key, else each one of its own, made
// before the first comes. When the last is gone, or none has come or gone for `patience`, one line
// of JSON reports the outcome. Ended by "stop" on standard input it sends no more clients and waits
// for those that are there.
//
// fill: writes a book of addresses that were verified a moment ago and often before, so that none
// of them is due for a visit.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <iostream>
#include <map>
#include <memory>
#include <vector>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sodium.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addrbook/file/book_file.h"
#include "conn/address/ip_address.h"
#include "tests/integration/flags.h"
#include "tests/integration/seed_client.h"
#include "tests/integration/visitors.h"

namespace {

using namespace peerage;
using namespace std::chrono_literals;
using nlohmann::json;
using test::SeedClient;
using Clock = std::chrono::steady_clock;

struct Options {
  conn::Endpoint to;
  std::string network;
  double rate = 100;
  std::size_t count = 0;
  std::uint32_t from = 0;
  std::uint32_t step = 256;
  std::size_t together = 1000;
  Clock::duration patience{};
  std::uint16_t listen = 0;  // 0: it does not say where
  std::string key;
};

std::string to_text(std::uint32_t ip) {
  return std::to_string(ip >> 24) + "." + std::to_string(ip >> 16 & 255) + "." +
         std::to_string(ip >> 8 & 255) + "." + std::to_string(ip & 255);
}

Options parse(test::Flags& flags) {
  Options options;
  const auto to = conn::Endpoint::parse(flags.text("to"));
  const auto from = conn::IpAddress::parse(flags.text("from", "127.0.1.1"));
  if (!to || !from) throw std::invalid_argument("--to IP:PORT and --from IP are addresses");
  options.to = *to;
  options.from = test::to_number(*from);
  options.network = flags.text("network");
  options.rate = flags.number("rate", options.rate);
  options.count = static_cast<std::size_t>(options.rate * flags.number("seconds", 1.0));
  options.step = flags.number("step", options.step);
  options.together = flags.number("together", options.together);
  options.patience = std::chrono::seconds(flags.number("patience", 15));
  options.listen = flags.number<std::uint16_t>("listen", 0);
  options.key = flags.text("key", "");
  flags.expect_no_others();
  if (options.from + std::uint64_t{options.count} * options.step >= std::uint64_t{128} << 24) {
    throw std::invalid_argument("there are not that many addresses in 127.0.0.0/8");
  }
  return options;
}

class Load {
 public:
  explicit Load(Options options) : options_(std::move(options)), epoll_(::epoll_create1(0)) {
    if (!options_.key.empty()) {
      auto key = conn::NodeKey::load(options_.key);
      if (!key) throw std::runtime_error(key.error().text());
      keys_.push_back(std::move(*key));
    }
    for (std::size_t i = 0; options_.key.empty() && i < options_.count; ++i) {
      conn::Secret<32> seed;
      randombytes_buf(seed.writable().data(), 32);
      keys_.push_back(conn::NodeKey::from_seed(seed));
    }
    ::fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
  }

  json run() {
    began_ = last_change_ = Clock::now();
    while (started_ < options_.count || !open_.empty()) {
      start_due();
      if (Clock::now() - last_change_ >= options_.patience) break;
      wait_for_sockets();
      if (told_to_stop()) options_.count = started_;
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - began_).count();
    while (!open_.empty()) end(open_.begin()->first, "stuck");
    return {{"started", started_},
            {"answered", answered_},
            {"fewest_addresses", answered_ > 0 ? fewest_ : 0},
            {"most_addresses", most_},
            {"failures", failures_},
            {"late_ms", late_.summary()},
            {"answer_ms", answer_.summary()},
            {"close_ms", close_.summary()},
            {"most_together", most_together_},
            {"seconds", seconds}};
  }

 private:
  struct Guest {
    Guest(const conn::NodeKey& key, const std::string& network, const std::string& listen)
        : client(key, network, listen) {}
    SeedClient client;
    bool connected = false;
    Clock::time_point dialled;
    Clock::time_point answered;
  };

  Clock::time_point time_of(std::size_t number) const {
    return began_ + std::chrono::duration_cast<Clock::duration>(
                        std::chrono::duration<double>(static_cast<double>(number) / options_.rate));
  }

  // A few at a time, so that those already there are served in between.
  void start_due() {
    for (int i = 0; i < 8 && started_ < options_.count; ++i) {
      const auto now = Clock::now();
      if (time_of(started_) > now || open_.size() >= options_.together) return;
      late_.add(now - time_of(started_));
      start(started_++);
    }
  }

  void start(std::size_t number) {
    const std::uint32_t ip = options_.from + static_cast<std::uint32_t>(number) * options_.step;
    // Made before it dials: its own work is not the seed's.
    const std::string listens =
        options_.listen == 0 ? "0.0.0.0:1" : to_text(ip) + ':' + std::to_string(options_.listen);
    auto guest =
        std::make_unique<Guest>(keys_[number % keys_.size()], options_.network, "tcp://" + listens);
    guest->dialled = last_change_ = Clock::now();
    const int socket = test::dial(epoll_, ip, options_.to);
    if (socket < 0) return count_failure(std::string("connect: ") + std::strerror(errno));
    open_[socket] = std::move(guest);
    most_together_ = std::max(most_together_, open_.size());
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
    if (!guest.connected) {
      const int error = test::finish_dial(epoll_, socket);
      if (error != 0) return end(socket, std::string("connect: ") + std::strerror(error));
      guest.connected = true;
      if (!send(socket, guest)) return;
    }
    conn::ByteArray<conn::kFrameSealed> buffer;
    while (true) {
      const std::size_t wanted = std::min(guest.client.wanted(), buffer.size());
      const ssize_t got = ::recv(socket, buffer.data(), wanted, 0);
      if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
      if (got <= 0) return on_end(socket, guest, got == 0 ? "" : std::strerror(errno));
      guest.client.receive(conn::ByteView(buffer).first(static_cast<std::size_t>(got)));
      if (guest.client.stage() == SeedClient::Stage::answered &&
          guest.answered == Clock::time_point()) {
        guest.answered = last_change_ = Clock::now();
      }
      if (guest.client.stage() == SeedClient::Stage::broken) return end(socket, guest.client.why());
      if (!send(socket, guest)) return;
    }
  }

  bool send(int socket, Guest& guest) {
    const conn::Bytes bytes = guest.client.take_output();
    if (bytes.empty()) return true;
    const ssize_t put = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    // This little always fits, unless the other side has gone.
    if (put == static_cast<ssize_t>(bytes.size())) return true;
    on_end(socket, guest, std::strerror(errno));
    return false;
  }

  void on_end(int socket, const Guest& guest, const std::string& error) {
    if (guest.client.stage() != SeedClient::Stage::answered) {
      return end(socket, guest.client.on_end() + (error.empty() ? "" : " (" + error + ")"));
    }
    if (!error.empty()) return end(socket, "after the answer: " + error);
    ++answered_;
    answer_.add(guest.answered - guest.dialled);
    close_.add(Clock::now() - guest.answered);
    fewest_ = std::min(fewest_, guest.client.addresses());
    most_ = std::max(most_, guest.client.addresses());
    end(socket, {});
  }

  void end(int socket, const std::string& failure) {
    if (!failure.empty()) count_failure(failure);
    last_change_ = Clock::now();
    open_.erase(socket);
    ::close(socket);
  }
  void count_failure(const std::string& why) { ++failures_[why]; }

  static bool told_to_stop() {
    char word[8];
    return ::read(STDIN_FILENO, word, sizeof word) > 0;
  }

  Options options_;
  const int epoll_;
  std::deque<conn::NodeKey> keys_;
  std::size_t started_ = 0;
  std::size_t answered_ = 0;
  std::size_t fewest_ = SIZE_MAX;
  std::size_t most_ = 0;
  std::size_t most_together_ = 0;
  std::map<int, std::unique_ptr<Guest>> open_;
  std::map<std::string, std::size_t> failures_;
  Clock::time_point began_;
  Clock::time_point last_change_;  // a client came, was answered, or went
  test::Spans late_;
  test::Spans answer_;
  test::Spans close_;
};

// An address of a public network for each row, in a /16 of its own as far as there are any.
addrbook::KnownAddress verified_row(std::size_t number, addrbook::Time now) {
  const auto byte = [number](int shift) { return static_cast<std::uint8_t>(number >> shift); };
  addrbook::KnownAddress row;
  conn::ByteArray<20> id;
  randombytes_buf(id.data(), id.size());
  row.address = {conn::NodeId(id), {conn::IpAddress::v4(60, byte(0), byte(8), 1), 26656}};
  row.source = row.address.endpoint.ip;
  row.kind = addrbook::Kind::tried;
  row.attempts = 200;
  row.round_trip_us = 1000;
  row.first_seen = row.verified_since = now - std::chrono::days(30);
  row.last_seen = row.last_attempt = row.last_connected = row.last_verified = now;
  for (int hour = 200; hour >= 0; --hour) {
    row.reliability.record(addrbook::Outcome::succeeded, now - std::chrono::hours(hour));
  }
  row.facts = std::make_shared<const addrbook::NodeFacts>(
      addrbook::NodeFacts{"node " + std::to_string(number), "0.38.17", {conn::kPexChannel}});
  return row;
}

void fill(test::Flags& flags) {
  const std::string path = flags.text("book");
  const std::string network = flags.text("network");
  const auto rows = flags.number<std::size_t>("rows", 2000);
  flags.expect_no_others();
  const auto now =
      std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
  addrbook::BookFile::Options options;
  randombytes_buf(options.fresh_key.data(), options.fresh_key.size());
  addrbook::Changes changes{network, false, {}, {}};
  for (std::size_t i = 0; i < rows; ++i) changes.written.push_back(verified_row(i, now));
  auto opened = addrbook::BookFile::open(path, options, now);
  if (!opened) throw std::runtime_error(opened.error().text());
  if (const auto done = opened->file.apply(changes); !done) {
    throw std::runtime_error(done.error().text());
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be initialised");
    const std::string what = argc > 1 ? argv[1] : "";
    test::Flags flags(argc, argv, 2);
    if (what == "fill") {
      fill(flags);
      return 0;
    }
    if (what != "load") throw std::invalid_argument("load or fill");
    test::limit_descriptors(0);
    std::cout << Load(parse(flags)).run() << std::endl;
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "seed_load: " << error.what() << '\n';
    return 1;
  }
}
