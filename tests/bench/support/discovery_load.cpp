#include "tests/bench/support/discovery_load.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <future>

#include <arpa/inet.h>
#include <poll.h>
#include <unistd.h>

namespace peerage::bench {

using conn::Bytes;
using conn::ByteView;
using conn::Endpoint;
using conn::IpAddress;
using pex::DiscoveryTime;

namespace {

constexpr std::size_t kUnderWay = 64;

sockaddr_in address_of(const Endpoint& at) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(at.port);
  const auto octets = at.ip.v4_bytes();
  std::memcpy(&address.sin_addr, octets.data(), octets.size());
  return address;
}

}  // namespace

void die(const char* what) {
  std::fprintf(stderr, "%s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

// --- Udp ---

Udp::Udp(const IpAddress& ip)
    : fd_(::socket(AF_INET, SOCK_DGRAM, 0)), buffer_(kBatch * (pex::kMaxDatagram + 1)) {
  const int room = 4 << 20;
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  sockaddr_in address = address_of({ip, 0});
  socklen_t size = sizeof address;
  if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0) die("bind");
  if (::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) die("getsockname");
  at_ = {ip, ntohs(address.sin_port)};
}

Udp::~Udp() {
  ::close(fd_);
}

void Udp::send(const Endpoint& to, const std::vector<ByteView>& packets,
               const std::vector<IpAddress>& from) const {
  sockaddr_in address = address_of(to);
  struct alignas(cmsghdr) Control {
    std::array<char, CMSG_SPACE(sizeof(in_pktinfo))> bytes;
  };
  std::array<mmsghdr, kBatch> messages{};
  std::array<iovec, kBatch> vectors;
  std::array<Control, kBatch> controls;
  for (std::size_t first = 0; first < packets.size(); first += kBatch) {
    const std::size_t count = std::min<std::size_t>(kBatch, packets.size() - first);
    for (std::size_t i = 0; i < count; ++i) {
      const ByteView packet = packets[first + i];
      vectors[i] = {const_cast<std::uint8_t*>(packet.data()), packet.size()};
      msghdr& header = messages[i].msg_hdr;
      header = {};
      header.msg_name = &address;
      header.msg_namelen = sizeof address;
      header.msg_iov = &vectors[i];
      header.msg_iovlen = 1;
      if (from.empty()) continue;
      header.msg_control = controls[i].bytes.data();
      header.msg_controllen = controls[i].bytes.size();
      cmsghdr* const beside = CMSG_FIRSTHDR(&header);
      beside->cmsg_level = IPPROTO_IP;
      beside->cmsg_type = IP_PKTINFO;
      beside->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
      in_pktinfo info{};
      info.ipi_spec_dst = address_of({from[first + i], 0}).sin_addr;
      std::memcpy(CMSG_DATA(beside), &info, sizeof info);
    }
    if (::sendmmsg(fd_, messages.data(), static_cast<unsigned>(count), 0) < 0) die("sendmmsg");
  }
}

const std::vector<Udp::Received>& Udp::receive(std::chrono::milliseconds patience) {
  received_.clear();
  pollfd waits{fd_, POLLIN, 0};
  if (patience > 0ms && ::poll(&waits, 1, static_cast<int>(patience.count())) <= 0) {
    return received_;
  }
  static constexpr std::size_t kRoom = pex::kMaxDatagram + 1;
  std::array<mmsghdr, kBatch> messages{};
  std::array<iovec, kBatch> vectors;
  std::array<sockaddr_in, kBatch> from;
  for (std::size_t i = 0; i < kBatch; ++i) {
    vectors[i] = {buffer_.data() + i * kRoom, kRoom};
    messages[i].msg_hdr.msg_name = &from[i];
    messages[i].msg_hdr.msg_namelen = sizeof from[i];
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  const int count = ::recvmmsg(fd_, messages.data(), kBatch, MSG_DONTWAIT, nullptr);
  for (int i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    received_.push_back({from[at], ByteView(buffer_).subspan(at * kRoom, messages[at].msg_len)});
  }
  return received_;
}

void Udp::answer(const std::vector<ByteView>& packets) const {
  std::vector<mmsghdr> messages(received_.size() * packets.size());
  std::vector<iovec> vectors(messages.size());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const ByteView packet = packets[i % packets.size()];
    vectors[i] = {const_cast<std::uint8_t*>(packet.data()), packet.size()};
    auto& to = received_[i / packets.size()].from;
    messages[i].msg_hdr.msg_name = const_cast<sockaddr_in*>(&to);
    messages[i].msg_hdr.msg_namelen = sizeof to;
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  if (messages.empty()) return;
  if (::sendmmsg(fd_, messages.data(), static_cast<unsigned>(messages.size()), 0) < 0) {
    die("sendmmsg");
  }
}

// --- BareServer ---

BareServer::BareServer(std::function<void(ByteView)> work, const std::vector<std::size_t>& answers)
    : work_(std::move(work)), udp_(IpAddress::v4(127, 0, 0, 1)) {
  for (const std::size_t size : answers) answers_.emplace_back(size);
  thread_ = std::thread([this] { run(); });
}

BareServer::~BareServer() {
  ends_ = true;
  thread_.join();
}

double BareServer::busy_us() const {
  clockid_t clock{};
  timespec now{};
  if (::pthread_getcpuclockid(const_cast<std::thread&>(thread_).native_handle(), &clock) != 0 ||
      ::clock_gettime(clock, &now) != 0) {
    die("the processor time of a thread");
  }
  return us_of(now);
}

void BareServer::run() {
  const std::vector<ByteView> answers(answers_.begin(), answers_.end());
  while (!ends_) {
    const auto& came = udp_.receive(20ms);
    for (const Udp::Received& each : came) work_(each.bytes);
    if (!answers.empty()) udp_.answer(answers);
    handled_ += came.size();
  }
}

// --- DiscoveryUnderLoad ---

namespace {

// Counts what was received before the last time that it was asked for more: the server is done with
// that.
class WatchedSocket final : public conn::DatagramSocket {
 public:
  using Sees = DiscoveryUnderLoad::Sees;
  WatchedSocket(std::unique_ptr<conn::DatagramSocket> socket, Sees sees,
                std::atomic<std::uint64_t>& handled)
      : socket_(std::move(socket)), sees_(sees), handled_(handled) {}

  std::span<const conn::Datagram> receive() noexcept override {
    const auto came = socket_->receive();
    received_ = came.size();
    if (sees_ == Sees::loopback) return came;
    std::copy(came.begin(), came.end(), shown_.begin());
    for (conn::Datagram& each : shown_) each.peer.ip = with_first(each.peer.ip, kPublic);
    return std::span<const conn::Datagram>(shown_).first(came.size());
  }
  std::size_t send(std::span<const conn::Datagram> datagrams) noexcept override {
    if (sees_ == Sees::loopback) return socket_->send(datagrams);
    std::copy(datagrams.begin(), datagrams.end(), sent_.begin());
    for (conn::Datagram& each : sent_) each.peer.ip = with_first(each.peer.ip, kLoopback);
    return socket_->send(std::span<const conn::Datagram>(sent_).first(datagrams.size()));
  }
  // It asks at the end of its turn.
  void when_readable(conn::Task task) override {
    handled_ += std::exchange(received_, 0);
    socket_->when_readable(std::move(task));
  }
  void when_writable(conn::Task task) override { socket_->when_writable(std::move(task)); }
  void close() noexcept override { socket_->close(); }
  Endpoint local_endpoint() const override { return socket_->local_endpoint(); }
  conn::DatagramFigures figures() const override { return socket_->figures(); }

 private:
  static constexpr std::uint8_t kLoopback = 127, kPublic = 20;
  static IpAddress with_first(const IpAddress& ip, std::uint8_t first) {
    const auto octets = ip.v4_bytes();
    return IpAddress::v4(first, octets[1], octets[2], octets[3]);
  }

  std::unique_ptr<conn::DatagramSocket> socket_;
  const Sees sees_;
  std::atomic<std::uint64_t>& handled_;
  std::size_t received_ = 0;
  std::array<conn::Datagram, conn::kDatagramBatch> shown_, sent_;
};

}  // namespace

// A runtime whose sockets for datagrams are watched; all else is Asio's.
class DiscoveryUnderLoad::Watched final : public conn::Runtime {
 public:
  Watched(conn::AsioRuntime& asio, Sees sees) : asio_(asio), sees_(sees) {}
  std::uint64_t handled() const { return handled_; }
  conn::DatagramFigures figures() const { return socket_->figures(); }

  std::size_t shard_count() const override { return asio_.shard_count(); }
  conn::Shard& shard(std::size_t index) override { return asio_.shard(index); }
  std::unique_ptr<conn::Executor> make_executor() override { return asio_.make_executor(); }
  bool on_a_shard() const override { return asio_.on_a_shard(); }
  bool stopped() const override { return asio_.stopped(); }
  void wait() override { asio_.wait(); }
  bool may_wait() const override { return asio_.may_wait(); }
  conn::WallTime wall_now() const override { return asio_.wall_now(); }
  void random(conn::MutableBytes into) override { asio_.random(into); }
  std::unique_ptr<conn::Pending> connect(conn::Shard& shard, const conn::Route& route,
                                         conn::Duration timeout, ConnectDone done) override {
    return asio_.connect(shard, route, timeout, std::move(done));
  }
  conn::Result<std::unique_ptr<conn::Listener>> listen(conn::Shard& shard, const Endpoint& at,
                                                       OnArrival on_arrival) override {
    return asio_.listen(shard, at, std::move(on_arrival));
  }
  std::unique_ptr<conn::Pending> resolve(conn::Shard& shard, const std::string& host,
                                         conn::Duration timeout, ResolveDone done) override {
    return asio_.resolve(shard, host, timeout, std::move(done));
  }
  conn::Result<std::unique_ptr<conn::DatagramSocket>> open_datagrams(conn::Shard& shard,
                                                                     const Endpoint& at,
                                                                     std::size_t longest) override {
    auto socket = asio_.open_datagrams(shard, at, longest);
    if (!socket) return socket;
    auto watched = std::make_unique<WatchedSocket>(std::move(*socket), sees_, handled_);
    socket_ = watched.get();
    return watched;
  }
  std::unique_ptr<conn::Pending> resolve_txt(conn::Shard& shard, const std::string& name,
                                             conn::Duration timeout, TxtDone done) override {
    return asio_.resolve_txt(shard, name, timeout, std::move(done));
  }

 private:
  conn::AsioRuntime& asio_;
  const Sees sees_;
  std::atomic<std::uint64_t> handled_ = 0;
  const conn::DatagramSocket* socket_ = nullptr;
};

namespace {

void on_shard(conn::Shard& shard, const std::function<void()>& what) {
  std::promise<void> ran;
  shard.post([&] {
    what();
    ran.set_value();
  });
  ran.get_future().wait();
}

}  // namespace

DiscoveryUnderLoad::DiscoveryUnderLoad(pex::DiscoverySettings settings, Sees sees)
    : watched_(std::make_unique<Watched>(asio_, sees)) {
  on_shard(asio_.shard(0), [&] {
    pex::DiscoveryServer::Settings all;
    all.core = std::move(settings);
    all.listen = {IpAddress::v4(127, 0, 0, 1), 0};
    auto started = pex::DiscoveryServer::start(key_of(9000), std::move(all),
                                               {.runtime = *watched_, .shard = asio_.shard(0)});
    if (!started) die("the server");
    server_ = std::move(*started);
    at_ = server_->snapshot()->local;
  });
}

DiscoveryUnderLoad::~DiscoveryUnderLoad() {
  on_shard(asio_.shard(0), [&] { server_.reset(); });
}

double DiscoveryUnderLoad::busy_us() const {
  return std::chrono::duration<double, std::micro>(asio_.busy_time(0).value()).count();
}

std::uint64_t DiscoveryUnderLoad::handled() const {
  return watched_->handled();
}

conn::DatagramFigures DiscoveryUnderLoad::figures() {
  conn::DatagramFigures figures;
  on_shard(asio_.shard(0), [&] { figures = watched_->figures(); });
  return figures;
}

void DiscoveryUnderLoad::run(const pex::DiscoveryServer::Command& what) {
  on_shard(asio_.shard(0), [&] { server_->run(what); });
}

// --- those who ask ---

conn::Secp256k1Key key_of(std::uint32_t number) {
  conn::Secret<32> secret;
  for (std::size_t i = 32; number > 0; number >>= 8) {
    secret.writable()[--i] = static_cast<std::uint8_t>(number);
  }
  return conn::Secp256k1Key::from_secret(secret).value();
}

Bytes packet_of(const conn::Secp256k1Key& key, const pex::v4::Message& message) {
  Bytes packet = pex::v4::encode(message);
  pex::v4::sign(key, packet);
  return packet;
}

std::uint64_t expires_later() {
  return static_cast<std::uint64_t>(std::time(nullptr)) + 100'000;
}

void bond(pex::DiscoveryCore& core, const conn::Secp256k1Key& key, const Endpoint& at,
          DiscoveryTime now) {
  namespace v4 = pex::v4;
  const v4::WireEndpoint self{at.ip, at.port, 26656}, core_at{core.settings().bound.ip, 30303, 0};
  const auto give = [&](const v4::Message& message) {
    const Bytes packet = packet_of(key, message);
    core.receive({at, packet}, now);
  };
  give(v4::Ping{.from = self, .to = core_at, .expires = expires_later()});
  for (const pex::OutDatagram& each : core.take_datagrams()) {
    const auto hash = v4::read_hash(each.bytes);
    const auto message = v4::decode(each.bytes);
    if (each.to == at && hash && std::holds_alternative<v4::Ping>(message.value())) {
      give(v4::Pong{.to = core_at, .ping = *hash, .expires = expires_later()});
    }
  }
  (void)core.take_datagrams();
  (void)core.take_updates();
}

double us_each(const Server& server, Udp& asker, const std::vector<Bytes>& packets,
               std::size_t count, std::size_t answers) {
  std::vector<ByteView> next(Udp::kBatch);
  // Whole turns through the packets: or the next to ask would begin with what was just sent.
  const std::size_t turn = std::max(packets.size(), next.size());
  const std::size_t all = (count + turn - 1) / turn * turn;
  const std::uint64_t before = server.handled();
  const double busy = server.busy_us();
  std::size_t answered = 0;
  const auto drain = [&](std::chrono::milliseconds patience) {
    while (true) {
      const std::size_t came = asker.receive(patience).size();
      answered += came;
      if (came == 0) return;
    }
  };
  for (std::size_t sent = 0; sent < all; sent += next.size()) {
    for (std::size_t i = 0; i < next.size(); ++i) next[i] = packets[(sent + i) % packets.size()];
    asker.send(server.at(), next);
    while (sent + next.size() - (server.handled() - before) > kUnderWay - next.size()) {
      std::this_thread::yield();
    }
    drain(0ms);
  }
  while (server.handled() - before < all) std::this_thread::yield();
  const double took = server.busy_us() - busy;
  drain(50ms);
  if (answered != all * answers) {
    std::fprintf(stderr, "%zu of %zu answers\n", answered, all * answers);
    std::exit(1);
  }
  return took / static_cast<double>(all);
}

}  // namespace peerage::bench
