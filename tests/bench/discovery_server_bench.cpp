// What a discovery server costs: its own processor time for each datagram, system calls included,
// beside what nobody can do without, measured in the same run.
//
//   discovery_server_bench [ROUNDS]     15 unless it is told
//
// One client keeps 64 datagrams under way over loopback. The floor is a server that receives and
// sends the same bytes in batches and does the cryptography in between, by libsecp256k1 and the
// same Keccak; for records it is that alone. Printed are medians. A goal is a ratio to the floor:
// machines differ, and a shared one differs from itself. What has no floor is judged by the time
// that the machine takes for the curve: 72 us for one signature made and one recovered, where the
// goals are from.
#include <algorithm>
#include <string>

#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <sodium.h>

#include "conn/crypto/keccak.h"
#include "pex/discovery/record/cmt.h"
#include "pex/discovery/record/verified_records.h"
#include "tests/bench/support/discovery_load.h"
#include "tests/support/discovery_nodes.h"

namespace {

using namespace peerage;
using namespace peerage::bench;
namespace v4 = pex::v4;
using conn::Bytes;
using conn::ByteView;
using conn::IpAddress;

constexpr std::size_t kNew = 500, kSeen = 20'000;  // records
constexpr std::size_t kPackets = 64;               // more than the last packets that are remembered

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

// --- the bare curve ---

const secp256k1_context* curve() {
  static const auto* const kContext = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
  return kContext;
}

// Each call has other numbers than the last ones, as in a server: with the same ones again and
// again the processor guesses each branch right.
class Curve {
 public:
  Curve() {
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      Case& each = cases_[i];
      each.hash.fill(std::uint8_t(i));
      each.secret.fill(std::uint8_t(1 + i % 200));
      each.hash[0] = each.secret[0] = std::uint8_t(1 + i / 256);
      secp256k1_pubkey key;
      std::size_t size = each.key.size();
      check(secp256k1_ec_pubkey_create(curve(), &key, each.secret.data()));
      check(secp256k1_ec_pubkey_serialize(curve(), each.key.data(), &size, &key,
                                          SECP256K1_EC_COMPRESSED));
      check(secp256k1_ecdsa_sign(curve(), &each.plain, each.hash.data(), each.secret.data(),
                                 nullptr, nullptr));
      sign(each);
    }
  }
  void sign() { sign(next()); }
  void recover() {
    const Case& each = next();
    secp256k1_ecdsa_recoverable_signature parsed;
    secp256k1_pubkey key;
    check(secp256k1_ecdsa_recoverable_signature_parse_compact(curve(), &parsed,
                                                              each.signature.data(), each.number));
    check(secp256k1_ecdsa_recover(curve(), &key, &parsed, each.hash.data()));
  }
  void verify() {
    const Case& each = next();
    secp256k1_pubkey key;
    check(secp256k1_ec_pubkey_parse(curve(), &key, each.key.data(), each.key.size()));
    check(secp256k1_ecdsa_verify(curve(), &each.plain, each.hash.data(), &key));
  }

 private:
  struct Case {
    conn::ByteArray<32> hash, secret;
    conn::ByteArray<33> key;
    conn::ByteArray<64> signature;
    int number;
    secp256k1_ecdsa_signature plain;
  };
  static void check(int done) {
    if (done != 1) die("libsecp256k1");
  }
  Case& next() { return cases_[++at_ % cases_.size()]; }
  static void sign(Case& each) {
    secp256k1_ecdsa_recoverable_signature made;
    check(secp256k1_ecdsa_sign_recoverable(curve(), &made, each.hash.data(), each.secret.data(),
                                           nullptr, nullptr));
    check(secp256k1_ecdsa_recoverable_signature_serialize_compact(curve(), each.signature.data(),
                                                                  &each.number, &made));
  }

  std::vector<Case> cases_{1024};
  std::size_t at_ = 0;
};

Curve& bare_curve() {
  static Curve curve;
  return curve;
}

void hash(std::size_t bytes) {
  static const Bytes kBytes(pex::kMaxDatagram, 0x5a);
  volatile std::uint8_t sink = conn::keccak256(ByteView(kBytes).first(bytes))[0];
  (void)sink;
}

// A packet that is read: its hash, what is signed, the sender's ID.
void read(Curve& by, std::size_t bytes) {
  hash(bytes - v4::kHashBytes);
  hash(bytes - v4::kHeadBytes);
  by.recover();
  hash(64);
}
void write(Curve& by, std::size_t bytes) {
  hash(bytes - v4::kHeadBytes);
  by.sign();
  hash(bytes - v4::kHashBytes);
}

template <typename Work>
double us_of_each(std::size_t times, Work work) {
  const double begun = cpu_us();
  for (std::size_t i = 0; i < times; ++i) work();
  return (cpu_us() - begun) / static_cast<double>(times);
}

// How much slower this machine is now than the one where the goals are from.
double machine() {
  Curve& by = bare_curve();
  return us_of_each(500,
                    [&] {
                      by.recover();
                      by.sign();
                    }) /
         72;
}

// --- rows ---

struct Row {
  std::string what;
  double table_floor = 0;  // us; 0: it has none, and the goal is scaled by the machine
  double goal = 0;         // us
  std::vector<double> floors{}, times{}, ratios{};

  void add(double floor, double time) {
    floors.push_back(floor);
    times.push_back(time);
    ratios.push_back(time / floor);
  }
  void print() const {
    const bool has_floor = table_floor > 0;
    const double limit = has_floor ? goal / table_floor : goal;
    const double ratio = median(ratios);
    std::printf("%-42s %8.2f %8.2f %7.2f %8.2f  %s\n", what.c_str(), median(times), median(floors),
                ratio, limit, ratio <= limit ? "yes" : "NO");
  }
};

// What is asked of a server, and its floor.
struct Question {
  Row row;
  std::vector<Bytes> packets;
  std::vector<std::size_t> answers{};  // bytes of each packet of the answer
  std::function<void(Curve&, ByteView)> least{};
  std::size_t count = 512;

  void measure(const Server& server, Udp& asker) {
    Curve& by = bare_curve();
    const BareServer bare([&](ByteView bytes) { least(by, bytes); }, answers);
    Udp other(IpAddress::v4(127, 0, 0, 1));
    const double floor = us_each(bare, other, packets, count, answers.size());
    row.add(floor, us_each(server, asker, packets, count, answers.size()));
  }
};

template <typename Make>
std::vector<Bytes> packets_of(std::size_t count, Make make) {
  std::vector<Bytes> packets;
  for (std::size_t i = 0; i < count; ++i) packets.push_back(make(i));
  return packets;
}

class Questions {
 public:
  explicit Questions(const Udp& asker) : asker_(asker) {}

  static pex::DiscoverySettings settings() {
    pex::DiscoverySettings settings;
    settings.lookups = pex::Switched::off;
    settings.limits.costly_rate = settings.limits.hashed_rate = 0;
    settings.limits.v4_revalidation = 100h;
    return settings;
  }
  // The asker and so many others are live.
  void prepare(pex::DiscoveryCore& core, pex::DiscoveryTime now, std::size_t others) const {
    bond(core, key(), asker_.at(), now);
    for (std::uint32_t i = 0; i < others; ++i) {
      bond(core, key_of(100 + i), {IpAddress::v4(127, 0, 2, std::uint8_t(i + 1)), 30303}, now);
    }
  }

  Question ping() const {
    return answered("Ping answered", 73, 85,
                    [this](std::uint64_t i) -> v4::Message {
                      return v4::Ping{.from = self(), .to = self(), .expires = expires_later() + i};
                    },
                    {pong()});
  }
  Question find_node(std::string name, double floor, double goal,
                     const std::vector<std::size_t>& nodes) const {
    std::vector<std::size_t> answers;
    answers.reserve(nodes.size());
    for (const std::size_t count : nodes) answers.push_back(neighbors(count));
    return answered(
        std::move(name), floor, goal,
        [](std::uint64_t i) -> v4::Message {
          return v4::FindNode{{std::uint8_t(i)}, expires_later()};
        },
        std::move(answers));
  }
  // Signed, but by nobody whom we know: whatever a signature is, it names somebody.
  static Question stranger() {
    return {
        {"good hash, signed by nobody we know", 44, 50},
        packets_of(
            kPackets,
            [](std::size_t i) {
              return packet_of(key_of(std::uint32_t(5000 + i)), v4::FindNode{{1}, expires_later()});
            }),
        {},
        [](Curve& by, ByteView bytes) { read(by, bytes.size()); }};
  }
  Question repeat() const {
    return {{"a repeat", 1, 4},
            {packet_of(key(), v4::EnrResponse{{}, {0xc0}})},
            {},
            [](Curve&, ByteView bytes) { hash(bytes.size() - v4::kHashBytes); },
            4'096};
  }
  static Question neither() {
    return {{"neither protocol, 1280 bytes", 3.5, 7},
            packets_of(kPackets,
                       [](std::size_t) {
                         Bytes random(pex::kMaxDatagram);
                         randombytes_buf(random.data(), random.size());
                         return random;
                       }),
            {},
            [](Curve&, ByteView bytes) { hash(bytes.size() - v4::kHashBytes); },
            4'096};
  }

 private:
  template <typename Make>
  static Question answered(std::string name, double floor, double goal, Make make,
                           std::vector<std::size_t> answers) {
    return {{std::move(name), floor, goal},
            packets_of(kPackets, [&](std::uint64_t i) { return packet_of(key(), make(i)); }),
            answers,
            [answers](Curve& by, ByteView bytes) {
              read(by, bytes.size());
              for (const std::size_t each : answers) write(by, each);
            }};
  }
  static conn::Secp256k1Key key() { return key_of(1); }
  v4::WireEndpoint self() const { return {asker_.at().ip, asker_.at().port, 26656}; }
  std::size_t pong() const {
    return v4::encode(v4::Pong{self(), {}, expires_later(), 1'700'000'000'000}).size();
  }
  std::size_t neighbors(std::size_t count) const {
    return v4::encode(v4::Neighbors{{count, {self(), {}}}, expires_later()}).size();
  }

  const Udp& asker_;
};

// --- records ---

pex::EnrPtr usual_record(const conn::Secp256k1Key& key, std::uint64_t seq) {
  return pex::EnrBuilder()
      .set_ip(IpAddress::v4(127, 0, 0, 1))
      .set_number("udp", 30303)
      .set_number("tcp", 26656)
      .set("cmt", pex::Cmt{conn::NodeId(), {"test-chain"}, 26656}.encode())
      .sign(key, seq)
      .value();
}

void measure_records(Row& fresh, Row& known) {
  static constexpr std::size_t kRemembered = pex::DiscoveryLimits{}.records_remembered;
  static const std::vector<Bytes> kAll = packets_of(kRemembered, [](std::size_t i) {
    const pex::EnrPtr record = usual_record(key_of(std::uint32_t(i + 1)), i + 1);
    const ByteView bytes = record->bytes();
    return Bytes(bytes.begin(), bytes.end());
  });
  const std::size_t bytes = kAll[0].size();
  Curve& by = bare_curve();
  auto decode = [at = std::size_t{0}](pex::VerifiedRecords& records, std::size_t of) mutable {
    at = (at + 37) % of;
    if (!records.decode(kAll[at])) die("a record");
  };
  // Its ID, what is signed, and the name that it is remembered by.
  const double new_floor = us_of_each(kNew, [&] {
    by.verify();
    hash(64);
    hash(bytes - 68);
    hash(bytes);
  });
  pex::VerifiedRecords none(1);
  fresh.add(new_floor, us_of_each(kNew, [&] { decode(none, kNew); }));
  static pex::VerifiedRecords all = [&] {
    pex::VerifiedRecords records(kRemembered);
    for (const Bytes& each : kAll) (void)records.decode(each);
    return records;
  }();
  known.add(us_of_each(kSeen, [&] { hash(bytes); }),
            us_of_each(kSeen, [&] { decode(all, kAll.size()); }));
}

// --- the table ---

void measure_table(Row& closest, Row& insert) {
  const conn::TimePoint now{100h};
  const pex::EnodeId own = test::enode_id(0);
  pex::NodeTable table({own, {}, {}}, test::random_below(1));
  for (std::uint32_t i = 0; i < 700; ++i) {
    const auto node =
        test::contact(test::enode_id_at(own, 256 - i / 16, i + 1), test::public_endpoint(i));
    table.offer(node, pex::Protocol::v4, pex::HeardBy::told, now);
    table.on_live(node.id, pex::Protocol::v4, node.udp, now);
  }
  const double slower = machine();
  std::uint64_t number = 0;
  closest.add(slower, us_of_each(5'000, [&] {
                const auto found = table.closest(test::enode_id(1'000'000 + number++ % 256), 16);
                if (found.size() != 16) die("the table");
              }));
  std::vector<pex::Contact> strangers;
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    strangers.push_back(
        test::contact(test::enode_id(10'000 + i), test::public_endpoint(100'000 + i)));
  }
  std::size_t next = 0;
  insert.add(slower, us_of_each(20'000, [&] {
               table.offer(strangers[next++ % strangers.size()], pex::Protocol::v4,
                           pex::HeardBy::told, now);
             }));
}

}  // namespace

int main(int argc, char** argv) {
  if (sodium_init() < 0) return 1;
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 15;
  Udp asker(IpAddress::v4(127, 0, 0, 1));
  const Questions questions(asker);
  // Twelve live nodes but the asker, and as many as are told.
  const auto server_with = [&](std::size_t others) {
    auto server = std::make_unique<DiscoveryUnderLoad>(Questions::settings());
    server->run([&](pex::DiscoveryCore& core, pex::DiscoveryTime now) {
      questions.prepare(core, now, others);
    });
    return server;
  };
  const auto few = server_with(12), many = server_with(16);
  Question of_few[] = {questions.ping(),
                       questions.find_node("FindNode answered, 12 nodes", 76, 90, {12}),
                       Questions::stranger(), questions.repeat(), Questions::neither()};
  Question of_many = questions.find_node("FindNode answered, 16 nodes", 107, 125, {12, 4});
  Row fresh{"a record checked", 41, 45}, known{"a record seen before", 0.7, 1.5};
  Row closest{"16 closest of 700", 0, 5}, insert{"a node inserted", 0, 1};
  for (int round = 0; round < rounds; ++round) {
    for (Question& each : of_few) each.measure(*few, asker);
    of_many.measure(*many, asker);
    measure_records(fresh, known);
    measure_table(closest, insert);
  }
  std::printf("%-42s %8s %8s %7s %8s  %s\n", "CPU of the server, us", "ours", "floor", "ratio",
              "goal", "met");
  for (const Question& each : of_few) each.row.print();
  of_many.row.print();
  fresh.print();
  known.print();
  std::printf("Without a floor, beside how much slower than the goal's machine this one is:\n");
  closest.print();
  insert.print();
  return 0;
}
